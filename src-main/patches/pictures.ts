/** Pictures of patches for a person: a patch of a slide with its surroundings, or a picture of a set. */
import type { PatchSource } from '../../src-shared/patches.ts'
import type { SlideReader } from '../slides/reader.ts'
import { patchOrigin, type PatchPlaces } from './patchOrigin.ts'

type PicturesWanted = {
  source: PatchSource
  patches: Uint32Array
  /** surroundings on each side, in patch edges; a set has none */
  margin: number
  /** px of the answer */
  edge: number
}

/**
 * PNG of each patch; white where the slide ends, null where the file is damaged.
 * @throws {TesseraError} PATCH_UNKNOWN, SLIDE_FILE_MISSING, SLIDE_SET_ASIDE
 */
export async function patchPictures(
  places: PatchPlaces,
  view: SlideReader,
  { source, patches, margin, edge }: PicturesWanted,
): Promise<(Uint8Array | null)[]> {
  const { subject, origin } = await patchOrigin(places, source, patches)
  return view.ask(subject, 'patches.pictures', { origin, margin, edge })
}
