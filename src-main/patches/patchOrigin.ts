/** Where the slide processes find the pixels of some patches of a source. */
import path from 'node:path'
import type { PatchSet, PatchSource } from '../../src-shared/patches.ts'
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
  const folder = folderOf(source, location)
  return {
    subject,
    origin: {
      kind: 'pictures',
      edge: source.width,
      files: filesOf(read, seq, patches).map((file) => path.resolve(folder, file!)),
    },
  }
}

/** The folder from which a set names its files. */
export const folderOf = ({ origin }: PatchSet, location: string): string =>
  origin === 'csv' ? path.dirname(location) : location
