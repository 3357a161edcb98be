/**
 * Which patches of a grid count as tissue. What is in each patch is measured by the slide process (see
 * ../slides/pixels/tissue.ts for the methods), because it takes pixels.
 */
import { tesseraError } from '../../src-shared/errors.ts'
import { decideMask, type MaskParams, type MaskPreview } from '../../src-shared/masks.ts'
import type { Grid } from '../../src-shared/patches.ts'
import type { SlideReader } from '../slides/reader.ts'
import type { SlidesRoom } from '../slides/slidesRoom.ts'

/** Shares of tissue and ink in each patch, and the threshold. @throws {TesseraError} why the slide can not be read */
export const measureGrid = async (
  slides: SlidesRoom,
  reader: SlideReader,
  grid: Grid,
  params: MaskParams,
  signal?: AbortSignal,
) =>
  reader.ask(
    slides.subjectOf(grid.slide),
    'slides.tissue',
    {
      ...(await slides.fileOf(grid.slide)),
      grid,
      mppX: grid.slideMppX,
      mppY: grid.slideMppY,
      wanted: params,
    },
    signal,
  )

/**
 * @param sharpness what was measured of the grid; null = nothing
 * @throws {TesseraError} SLIDE_FILE_MISSING; why the slide can not be read; FOCUS_NOT_MEASURED
 */
export async function computeMask(
  slides: SlidesRoom,
  view: SlideReader,
  grid: Grid,
  params: MaskParams,
  sharpness: Float32Array | null,
): Promise<MaskPreview> {
  if (params.leaveOut.blurred && !sharpness) {
    const { name } = slides.byId(grid.slide)
    throw tesseraError(
      'FOCUS_NOT_MEASURED',
      `How sharp the patches of “${name}” are was not measured yet, so those out of focus can not be left out. Measure the focus first, or keep them.`,
      { slide: name },
    )
  }
  const { threshold, ...measured } = await measureGrid(slides, view, grid, params)
  return { share: measured.share, threshold, ...decideMask({ ...measured, sharpness }, params) }
}
