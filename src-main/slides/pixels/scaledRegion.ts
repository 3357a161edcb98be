/** A rectangle of a slide at any scale: the fitting level is read, and resampled to the size asked for. */
import type { SlideLevel } from '../../../src-shared/slides.ts'
import type { SlideSource } from '../formats/slideSource.ts'
import { paste, resized, type Rgb, twoAtOnce, white } from './decoder.ts'
import { type Damage, readLevelRegion } from './levelRegion.ts'

/**
 * A level is taken although it is coarser than asked for by this factor: 0.98 of a pixel is nothing to see, and the next
 * finer level costs 4 to 16 times as much. It happens when rounded patch edges meet a level meant for them.
 */
const SLACK = 1.02

/** px of a level that are decoded at once: 28 MB. */
const BLOCK_EDGE = 3072

/**
 * The coarsest level that still has every detail asked for.
 * @param scale level-0 px that become one px
 */
export function levelFor(levels: readonly SlideLevel[], scale: number): number {
  let best = 0
  for (const [level, { downsample }] of levels.entries())
    if (downsample <= scale * SLACK && downsample > levels[best]!.downsample) best = level
  return best
}

/** A rectangle in level-0 px, not rounded. */
type SlideRect = { x: number; y: number; width: number; height: number }

/**
 * Corners are rounded to whole px of the level that is read; what lies outside the slide is white. A rectangle too large
 * to decode at once is read in blocks, whose seams are resampled without their neighbours.
 *
 * @returns width × height px
 * @throws {TesseraError} SLIDE_TILE_BROKEN, SLIDE_BROKEN, FILE_NOT_FOUND
 */
export async function readScaledRegion(
  source: SlideSource,
  rect: SlideRect,
  width: number,
  height: number,
  damage: Damage = 'refuse',
): Promise<Rgb> {
  const { levels } = source.header
  const level = levelFor(levels, Math.min(rect.width / width, rect.height / height))
  const { downsample } = levels[level]!
  const left = Math.round(rect.x / downsample)
  const top = Math.round(rect.y / downsample)
  const levelWidth = Math.max(1, Math.round(rect.width / downsample))
  const levelHeight = Math.max(1, Math.round(rect.height / downsample))
  const xs = pieces(width, levelWidth)
  const ys = pieces(height, levelHeight)
  const whole = white(width, height)
  const blocks = ys.flatMap((y) => xs.map((x) => ({ x, y })))
  await twoAtOnce(blocks, async ({ x, y }) => {
    const part = { x: left + x.from, y: top + y.from, width: x.length, height: y.length }
    const block = await readLevelRegion(source, level, part, damage)
    paste(await resized(block, x.outLength, y.outLength), whole, { x: x.outFrom, y: y.outFrom })
  })
  return whole
}

/** Cuts a length of `source` px, which becomes `out` px, into pieces that can be decoded at once. */
function pieces(out: number, source: number) {
  const count = Math.min(out, Math.ceil(source / BLOCK_EDGE))
  return Array.from({ length: count }, (_, i) => {
    const outFrom = Math.round((i * out) / count)
    const outTo = Math.round(((i + 1) * out) / count)
    const from = Math.round((outFrom * source) / out)
    const to = Math.max(from + 1, Math.round((outTo * source) / out))
    return { from, length: to - from, outFrom, outLength: outTo - outFrom }
  })
}
