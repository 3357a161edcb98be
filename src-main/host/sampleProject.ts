/** The project a first start opens: a mosaic of real patches and a small real slide, copied from the program's resources. */
import { copyFile, mkdir } from 'node:fs/promises'
import path from 'node:path'
import { micronPerPx } from '../../src-shared/units.ts'
import { fileError } from '../files/fileErrors.ts'
import { slidesFolder } from '../projects/folders.ts'
import { sampleFolder } from './resources.ts'
import type { Rooms } from './rooms.ts'

export const SAMPLE_NAME = 'Sample'

/** Cells of the mosaic are the patches it was made of, so its grid is theirs. */
export const MOSAIC = {
  file: 'pcam_composite_demo.tif',
  note: 'Mosaic of real patches (PatchCamelyon, CC0), not a patient’s slide. PatchCamelyon (PCam): B. S. Veeling, J. Linmans, J. Winkens, T. Cohen, M. Welling, 2018 (arXiv:1806.03962); from CAMELYON16, B. Ehteshami Bejnordi et al., JAMA 2017.',
  edgePx: 96,
}

const SMALL_REGION = {
  file: 'CMU-1-Small-Region.svs',
  note: 'OpenSlide test data, Carnegie Mellon University, CC0.',
}

/** Adds the sample slides to a new project, with the grid of the mosaic's own patches. */
export async function fillSampleProject(rooms: Rooms, folder: string): Promise<void> {
  const slides = slidesFolder(folder)
  for (const { file, note } of [MOSAIC, SMALL_REGION]) {
    const copy = path.join(slides, file)
    try {
      await mkdir(slides, { recursive: true })
      await copyFile(path.join(sampleFolder, file), copy)
    } catch (error) {
      throw fileError(copy, error)
    }
    const slide = await rooms.addSlide(copy, note)
    if (file !== MOSAIC.file || slide.mppX === null) continue
    // The cells are exactly 96 px of the file; its µm/px to three digits is the one of the grid every new slide gets.
    const mpp = micronPerPx(Number(slide.mppX.toPrecision(3)))
    const params = { edgePx: MOSAIC.edgePx, mpp, stridePx: MOSAIC.edgePx, offsetXPx: 0, offsetYPx: 0 }
    await rooms.calls['patches.createGrid']({ slide: slide.id, params })
  }
}
