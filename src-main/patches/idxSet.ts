/** A pair of IDX files as a patch set, as MNIST comes: images, and the number of the class of each. */
import path from 'node:path'
import type { SlideReader } from '../slides/reader.ts'
import { setBroken } from '../slides/setErrors.ts'
import type { NewPatchSet } from './patchSetRows.ts'
import { MOST_ROWS } from './setPicturesFacts.ts'

/** @throws {TesseraError} FILE_NOT_FOUND and the like; PATCH_SET_BROKEN */
export async function readIdxSet(batch: SlideReader, images: string, labels: string): Promise<NewPatchSet> {
  const subject = { key: images, name: path.basename(images) }
  const found = await batch.ask(subject, 'patches.idxFacts', { images, labels })
  if (found.width !== found.height)
    throw setBroken(images, null, `its images have ${found.width} × ${found.height} px; a patch is a square`)
  if (found.count > MOST_ROWS)
    throw setBroken(images, null, `it holds ${found.count} images, at most ${MOST_ROWS} are possible`)
  return {
    name: path.basename(images).replace(/(-images)?(-idx\d)?(-ubyte)?(\.idx)?(\.gz)?$/i, '') || path.basename(images),
    origin: 'idx',
    location: images,
    width: found.width,
    height: found.height,
    channels: 1,
    mpp: null,
    casesKnown: false,
    notes: { unfit: 0, alpha: 0, deep: 0, grey: 0 },
    rows: Array.from(found.labels, (label) => ({
      file: null,
      label: String(label),
      slide: null,
      caseName: null,
      unfit: null,
    })),
  }
}
