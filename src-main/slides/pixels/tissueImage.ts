/** The picture of a slide tissue is looked for in: at a fixed scale, whatever levels the slide has. */
import type { SlideSource } from '../formats/slideSource.ts'
import { readAveraged } from './areaAverage.ts'
import { inkOf } from './ink.ts'
import type { TissueImage } from './tissue.ts'

/** µm/px; a patch of 112 µm is 14 px, a whole slide of 25 × 15 mm 6 million px. */
const MICRON_PER_PX = 8

/** px of the longest side; a scan longer than 33 mm is looked at more coarsely. */
const MOST_EDGE = 4096

/**
 * @param mppX, mppY µm per level-0 px
 * @returns square pixels of 8 µm; larger ones of a very long scan, and of a slide that is itself coarser
 * @throws {TesseraError} SLIDE_BROKEN, FILE_NOT_FOUND
 */
export async function readTissueImage(source: SlideSource, mppX: number, mppY: number): Promise<TissueImage> {
  const { width, height } = tissueSize(source.header, mppX, mppY)
  const { data } = await readAveraged(source, width, height)
  const { header } = source
  return { rgb: data, ink: inkOf(data), width, height, scaleX: header.width / width, scaleY: header.height / height }
}

/** px of the picture of a slide, never more than the slide itself has. */
export function tissueSize(slide: { width: number; height: number }, mppX: number, mppY: number) {
  const across = (slide.width * mppX) / MICRON_PER_PX
  const down = (slide.height * mppY) / MICRON_PER_PX
  const fitted = Math.min(1, MOST_EDGE / Math.max(across, down))
  const whole = (length: number, most: number) => Math.min(most, Math.max(1, Math.round(length * fitted)))
  return { width: whole(across, slide.width), height: whole(down, slide.height) }
}
