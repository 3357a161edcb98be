/** The similarity process's side of its contract. */
import type { Handlers } from '../../src-shared/wire/contract.ts'
import type { SimilarityContract } from './contract.ts'
import { FeatureTables } from './featureTables.ts'
import { mapHandlers } from './map/mapServer.ts'

export function similarityServer(): Handlers<SimilarityContract> {
  const tables = new FeatureTables()
  const map = mapHandlers(tables)
  return {
    calls: {
      async 'similarity.open'({ set, stored }) {
        const { rows } = await tables.read(set, stored)
        return { rows }
      },
      'similarity.close': ({ set }) => tables.close(set),
      ...map.calls,
    },
    streams: { ...map.streams },
  }
}
