/** A patch set as a person looks at it: what it says of its patches, whether it is still there, one patch closely. */
import { stat } from 'node:fs/promises'
import path from 'node:path'
import { type FaultRecord, toFault } from '../../src-shared/errors.ts'
import type { PatchSet, SetContents, SetPatchFacts } from '../../src-shared/patches.ts'
import { fileError } from '../files/fileErrors.ts'
import type { SlideReader } from '../slides/reader.ts'
import { setBroken } from '../slides/setErrors.ts'
import type { ReadableDb } from '../store/database.ts'
import { folderOf, type PatchPlaces } from './patchOrigin.ts'
import { contentsOf, filesOf, locationOf, rowOf } from './patchSetRows.ts'
import { checkPatches } from './sources.ts'

/** Files looked for at once; a network drive answers slowly, but many at a time. */
const LOOKS_AT_ONCE = 16
/** Files named in a message. */
const NAMED = 5

export async function setContents(read: ReadableDb, seq: number): Promise<SetContents> {
  return { ...contentsOf(read, seq), missing: await whyMissing(locationOf(read, seq)) }
}

async function whyMissing(location: string): Promise<FaultRecord | null> {
  try {
    await stat(location)
    return null
  } catch (error) {
    return toFault(fileError(location, error))
  }
}

/** @throws {TesseraError} PATCH_UNKNOWN */
export async function setPatchFacts(
  { sources, read }: PatchPlaces,
  view: SlideReader,
  set: PatchSet,
  patch: number,
): Promise<SetPatchFacts> {
  checkPatches(set, Uint32Array.of(patch))
  const seq = sources.seqOf(set.id)
  const row = rowOf(read, seq, patch)!
  if (row.file === null) {
    const { width, height } = set
    return { ...row, picture: { width, height, channels: 1, alpha: false, bits: 8, format: 'idx' } }
  }
  const file = path.resolve(folderOf(set, locationOf(read, seq)), row.file)
  try {
    return { ...row, picture: await view.ask({ key: set.id, name: set.name }, 'patches.pictureFact', { file }) }
  } catch (error) {
    return { ...row, picture: toFault(error) }
  }
}

/**
 * That a set lies at `place` now: every file it names must be there; an IDX file must hold as many images of the same size.
 * What is in the files is looked at when they are read.
 *
 * @throws {TesseraError} PATCH_SET_BROKEN naming files that are not there; FILE_NOT_FOUND and the like
 */
export async function checkPlace(
  { sources, read }: PatchPlaces,
  view: SlideReader,
  set: PatchSet,
  place: string,
): Promise<void> {
  const facts = await stat(place).catch((error: unknown) => {
    throw fileError(place, error)
  })
  if (set.origin === 'idx') {
    const origin = { kind: 'idx' as const, images: place, count: set.patches, edge: set.width }
    const first = { origin: { ...origin, patches: Uint32Array.of(0) }, margin: 0, edge: 16 }
    await view.ask({ key: place, name: path.basename(place) }, 'patches.pictures', first)
    return
  }
  if (set.origin === 'folder' && !facts.isDirectory()) throw fileError(place, systemError('ENOTDIR'))
  const folder = folderOf(set, place)
  const all = Uint32Array.from({ length: set.patches }, (_, patch) => patch)
  const files = filesOf(read, sources.seqOf(set.id), all).map((file) => file!)
  const gone = await filesGone(folder, files)
  if (gone.length > 0)
    throw setBroken(
      place,
      null,
      `${gone.length} of the ${files.length} files of “${set.name}” are not there: ${gone.slice(0, NAMED).join(', ')}${gone.length > NAMED ? ` and ${gone.length - NAMED} more` : ''}. Choose the place where all of them lie, or add the set anew`,
    )
}

async function filesGone(folder: string, files: readonly string[]): Promise<string[]> {
  const gone: string[] = []
  let next = 0
  const look = async () => {
    while (next < files.length) {
      const file = files[next++]!
      // whatever the reason, it is not there to be read
      const facts = await stat(path.resolve(folder, file)).catch(() => null)
      if (!facts?.isFile()) gone.push(file)
    }
  }
  await Promise.all(Array.from({ length: LOOKS_AT_ONCE }, look))
  return gone
}

const systemError = (code: string): Error => Object.assign(new Error(code), { code })
