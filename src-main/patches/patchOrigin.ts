/** Where the slide processes find the pixels of some patches of a source. */
import path from 'node:path'
import type { PatchSource } from '../../src-shared/patches.ts'
import type { PatchOrigin } from '../slides/processContract.ts'
import type { Subject } from '../slides/reader.ts'
import type { SlidesRoom } from '../slides/slidesRoom.ts'
import type { ReadableDb } from '../store/database.ts'
import { filesOf, locationOf } from './patchSetRows.ts'
import { checkPatches, type Sources } from './sources.ts'

export type PatchPlaces = { slides: SlidesRoom; sources: Sources; read: ReadableDb }

/**
 * @param patches numbers of the source's patches, in any order
 * @throws {TesseraError} PATCH_UNKNOWN; SLIDE_FILE_MISSING
 */
export async function patchOrigin(
  { slides, sources, read }: PatchPlaces,
  source: PatchSource,
  patches: Uint32Array,
): Promise<{ subject: Subject; origin: PatchOrigin }> {
  checkPatches(source, patches)
  if (source.kind === 'grid')
    return {
      subject: slides.subjectOf(source.slide),
      origin: { kind: 'grid', slide: await slides.fileOf(source.slide), grid: source, patches },
    }
  const seq = sources.seqOf(source.id)
  const location = locationOf(read, seq)
  const subject = { key: source.id, name: source.name }
  if (source.origin === 'idx')
    return {
      subject,
      origin: { kind: 'idx', images: location, count: source.patches, edge: source.width, patches },
    }
  const folder = source.origin === 'csv' ? path.dirname(location) : location
  const files = filesOf(read, seq)
  return {
    subject,
    origin: {
      kind: 'pictures',
      edge: source.width,
      files: Array.from(patches, (patch) => path.resolve(folder, files[patch]!)),
    },
  }
}
