/** Pictures of a whole slide or a part of it, for a person: thumbnail, label and macro, a region. */
import { tesseraError } from '../../../src-shared/errors.ts'
import type { AssociatedImageName } from '../../../src-shared/slides.ts'
import path from 'node:path'
import { brokenSlide } from '../formats/slideErrors.ts'
import type { SlideSource } from '../formats/slideSource.ts'
import { toJpeg, toPng } from './decoder.ts'
import { readLevelRegion } from './levelRegion.ts'
import { readScaledRegion } from './scaledRegion.ts'

const THUMBNAIL_QUALITY = 85

/** Size with longest side `edge`, never larger than the slide itself. */
function fitted({ width, height }: { width: number; height: number }, edge: number) {
  const scale = Math.min(1, edge / Math.max(width, height))
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) }
}

const whole = ({ header }: SlideSource) => ({ x: 0, y: 0, width: header.width, height: header.height })

/** JPEG of the whole slide, longest side at most `edge` px; tiles that can not be read are marked. */
export async function slideThumbnail(source: SlideSource, edge: number): Promise<Buffer> {
  const { width, height } = fitted(source.header, edge)
  return toJpeg(await readScaledRegion(source, whole(source), width, height, 'mark'), THUMBNAIL_QUALITY)
}

/** PNG of the label, macro or thumbnail image. @throws {TesseraError} SLIDE_BROKEN when there is none, or it is damaged */
export async function associatedPicture(source: SlideSource, name: AssociatedImageName): Promise<Buffer> {
  const picture = await source.associatedImage(name)
  if (!picture) throw brokenSlide(source.file, `it has no ${name} image`)
  return toPng(picture)
}

/**
 * As OpenSlide's read_region: the top left corner in level-0 px, the size in px of the answer.
 * `level`: px of that level, as they are stored. `scaleX`, `scaleY`: level-0 px for each px, resampled.
 */
type RegionWanted = { x: number; y: number; width: number; height: number } & (
  | { level: number }
  | { scaleX: number; scaleY: number }
)

/**
 * PNG of a region; what lies outside the slide is white.
 * @throws {TesseraError} SLIDE_REGION_OUTSIDE when nothing of it is on the slide, or there is no such level
 */
export async function regionPicture(source: SlideSource, wanted: RegionWanted): Promise<Buffer> {
  const { header } = source
  const { x, y, width, height } = wanted
  const level = 'level' in wanted ? header.levels[wanted.level] : undefined
  const scaleX = 'level' in wanted ? (level?.downsample ?? 1) : wanted.scaleX
  const scaleY = 'level' in wanted ? (level?.downsample ?? 1) : wanted.scaleY
  const name = path.basename(source.file)
  const facts = { slide: name, width: header.width, height: header.height }
  if ('level' in wanted && !level)
    throw tesseraError(
      'SLIDE_REGION_OUTSIDE',
      `“${name}” has no level ${wanted.level}; its levels are 0 to ${header.levels.length - 1}.`,
      facts,
    )
  if (x >= header.width || y >= header.height || x + width * scaleX <= 0 || y + height * scaleY <= 0)
    throw tesseraError(
      'SLIDE_REGION_OUTSIDE',
      `The region from (${x}, ${y}) lies outside “${name}”, which has ${header.width} × ${header.height} px. x and y are px of level 0.`,
      facts,
    )
  if ('level' in wanted) {
    const corner = { x: Math.round(x / scaleX), y: Math.round(y / scaleY) }
    return toPng(await readLevelRegion(source, wanted.level, { ...corner, width, height }))
  }
  return toPng(await readScaledRegion(source, { x, y, width: width * scaleX, height: height * scaleY }, width, height))
}
