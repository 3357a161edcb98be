/** The similarity process's side of its contract. */
import type { Handlers } from '../../src-shared/wire/contract.ts'
import type { SimilarityContract } from './contract.ts'
import { readH5, writeH5 } from './featureFiles.ts'
import { FeatureTables } from './featureTables.ts'

export function similarityServer(): Handlers<SimilarityContract> {
  const tables = new FeatureTables()
  return {
    calls: {
      async 'similarity.open'({ set, stored }) {
        const { rows } = await tables.read(set, stored)
        return { rows }
      },
      'similarity.writeH5': writeH5,
      'similarity.readH5': readH5,
      'similarity.close': ({ set }) => tables.close(set),
    },
    streams: {},
  }
}
