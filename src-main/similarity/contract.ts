/**
 * What the main process and the similarity process say to each other. Features go by file; the process keeps those it was
 * told to open, so that a question about them is answered at once.
 */
import * as z from 'zod'
import { FeatureSetId } from '../../src-shared/ids.ts'
import { call } from '../../src-shared/wire/contract.ts'
import { StoredFeatures } from '../encoders/featureStore.ts'
import { mapInProcess } from './map/contract.ts'

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
    ...mapInProcess.calls,
  },
  streams: { ...mapInProcess.streams },
  events: {},
}
export type SimilarityContract = typeof similarityContract
