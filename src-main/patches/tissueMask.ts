/**
 * Which patches of a grid count as tissue. The share of tissue in each patch is measured by the slide process (see
 * ../slides/pixels/tissue.ts for the method), because it takes pixels.
 */
import type { Grid, MaskParams, MaskPreview } from '../../src-shared/patches.ts'
import type { SlideReader } from '../slides/reader.ts'
import type { SlidesRoom } from '../slides/slidesRoom.ts'

/** @throws {TesseraError} SLIDE_FILE_MISSING; why the slide can not be read */
export async function computeMask(
  slides: SlidesRoom,
  view: SlideReader,
  grid: Grid,
  params: MaskParams,
): Promise<MaskPreview> {
  const { share, threshold } = await view.ask(slides.subjectOf(grid.slide), 'slides.tissue', {
    ...(await slides.fileOf(grid.slide)),
    grid,
    mppX: grid.slideMppX,
    mppY: grid.slideMppY,
    wanted: params,
  })
  return { share, threshold, ...insideOf(share, params.minimumShare) }
}

/** @param share tissue in each patch, 0 … 1: [patch] */
export function insideOf(share: Float32Array, minimumShare: number): { inside: Uint8Array; insideCount: number } {
  const inside = new Uint8Array(share.length)
  let insideCount = 0
  for (let patch = 0; patch < share.length; patch++)
    if (share[patch]! >= minimumShare) {
      inside[patch] = 1
      insideCount++
    }
  return { inside, insideCount }
}
