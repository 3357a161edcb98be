/**
 * What the main process and the similarity process say to each other. Features go by file; the process keeps those it was
 * told to open, so that a question about them is answered at once.
 */
import * as z from 'zod'
import { FeatureSetId } from '../../src-shared/ids.ts'
import { Likeness, SpreadOrder, SpreadQuestion } from '../../src-shared/spread.ts'
import { call } from '../../src-shared/wire/contract.ts'
import { StoredFeatures } from '../encoders/featureStore.ts'

export const similarityContract = {
  calls: {
    /**
     * Reads a set, in place of what was open under its name.
     * @throws FEATURES_FILE_BROKEN
     */
    'similarity.open': call(
      z.object({ set: FeatureSetId, stored: StoredFeatures }),
      z.object({ rows: z.number().int() }),
    ),
    'similarity.close': call(z.object({ set: FeatureSetId }), z.void()),
    /** See `spread.order`. */
    'similarity.order': call(SpreadQuestion.extend({ set: FeatureSetId }), SpreadOrder),
    /** See `spread.alike`. */
    'similarity.alike': call(z.object({ set: FeatureSetId, patch: z.number().int() }), Likeness.nullable()),
  },
  streams: {},
  events: {},
}
export type SimilarityContract = typeof similarityContract
