/** Which patches of a source networks are shown: of a slide those in its tissue mask, of a set those that fit. */
import type { SourceId } from '../../src-shared/ids.ts'
import { type PatchSource, sourceSize } from '../../src-shared/patches.ts'
import type { ReadableDb } from '../store/database.ts'
import { unfitOf } from './patchSetRows.ts'

type Where = { store: { read: ReadableDb }; sourceSeq: (source: SourceId) => number }

/** Numbers of patches, ascending. @param mask one bit for each patch, lowest first; null = all */
export function patchesForNetworks(
  { store, sourceSeq }: Where,
  source: PatchSource,
  mask: Uint8Array | null,
): Uint32Array {
  const unfit = new Set(
    source.kind === 'set' ? unfitOf(store.read, sourceSeq(source.id)).map(({ patch }) => patch) : [],
  )
  const patches = []
  for (let patch = 0; patch < sourceSize(source); patch++)
    if ((!mask || ((mask[patch >> 3]! >> (patch & 7)) & 1) === 1) && !unfit.has(patch)) patches.push(patch)
  return Uint32Array.from(patches)
}

/** The tissue mask of a grid; null = none. */
export function maskInForce({ store, sourceSeq }: Where, source: SourceId): { seq: number; inside: Uint8Array } | null {
  return (
    store.read.get<{ seq: number; inside: Uint8Array }>(
      'SELECT masks.seq, masks.inside FROM grids JOIN masks ON masks.seq = grids.mask WHERE grids.source = @source',
      { source: sourceSeq(source) },
    ) ?? null
  )
}
