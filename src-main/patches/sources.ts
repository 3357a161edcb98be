/** Patch sources: grids of slides and patch sets under one kind of identity. */
import { tesseraError } from '../../src-shared/errors.ts'
import type { SourceId } from '../../src-shared/ids.ts'
import { type PatchSource, sourceSize } from '../../src-shared/patches.ts'
import type { ReadableDb } from '../store/database.ts'
import { findGrid, listGrids } from './grids.ts'
import { findSet, listSets } from './patchSetRows.ts'

export interface Sources {
  /** Grids of slides that were not removed, and all sets, in the order they were made. */
  all: () => PatchSource[]
  /** @throws {TesseraError} SOURCE_UNKNOWN */
  byId: (source: SourceId) => PatchSource
  /** sources.seq. @throws {TesseraError} SOURCE_UNKNOWN */
  seqOf: (source: SourceId) => number
  /** @throws {TesseraError} SOURCE_UNKNOWN */
  idOf: (seq: number) => SourceId
}

const unknown = (source: string) =>
  tesseraError('SOURCE_UNKNOWN', 'This grid or patch set is not in the project. Open the slide or the set again.', {
    source,
  })

/** Identities never change and are kept; everything else is read when asked for, because the log of gestures changes it. */
export function openSources(read: ReadableDb): Sources {
  const seqs = new Map<SourceId, number>()
  const kinds = new Map<SourceId, PatchSource['kind']>()

  const learn = (row: { seq: number; id: SourceId; kind: PatchSource['kind'] } | undefined, named: string) => {
    if (!row) throw unknown(named)
    seqs.set(row.id, row.seq)
    kinds.set(row.id, row.kind)
    return row
  }

  const seqOf = (source: SourceId): number =>
    seqs.get(source) ?? learn(read.get('SELECT seq, id, kind FROM sources WHERE id = @source', { source }), source).seq

  return {
    all: () => [...listGrids(read), ...listSets(read)].toSorted((a, b) => (a.id < b.id ? -1 : 1)), // UUIDv7: in order of time
    seqOf,
    idOf: (seq) => learn(read.get('SELECT seq, id, kind FROM sources WHERE seq = @seq', { seq }), String(seq)).id,
    byId(source) {
      const seq = seqOf(source)
      const found = kinds.get(source) === 'grid' ? findGrid(read, seq) : findSet(read, seq)
      if (!found) throw unknown(source)
      return found
    },
  }
}

/** @throws {TesseraError} PATCH_UNKNOWN naming the first patch that the source does not have */
export function checkPatches(source: PatchSource, patches: Uint32Array): void {
  const size = sourceSize(source)
  const wrong = patches.find((patch) => patch >= size)
  if (wrong !== undefined)
    throw tesseraError('PATCH_UNKNOWN', `There is no patch ${wrong}: this grid or set has ${size} patches.`, {
      source: source.id,
      patch: wrong,
      patches: size,
    })
}
