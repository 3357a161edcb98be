/** Made-up likeness of patches: neighbours in the source are alike. */
import type { ApiCalls } from '../../../src-shared/api.ts'
import type { spreadCalls } from '../../../src-shared/spread.ts'
import type { FeatureSetId } from '../../../src-shared/ids.ts'
import { chance } from './ids.ts'

/** @param rowsOf patches of a feature set */
export const spreadHandlers = (rowsOf: (set: FeatureSetId) => number): Pick<ApiCalls, keyof typeof spreadCalls> => ({
  'spread.order': ({ candidates, count }) => ({
    patches: candidates.toSorted((a, b) => chance(a, 11) - chance(b, 11)),
    chosen: Math.min(count, candidates.length),
  }),
  'spread.alike': ({ set, patch }) => {
    const rows = rowsOf(set)
    return {
      patches: Uint32Array.from({ length: rows }, (_, each) => each),
      distance: Float32Array.from({ length: rows }, (_, each) => Math.min(2, Math.abs(each - patch) / 100)),
    }
  },
})
