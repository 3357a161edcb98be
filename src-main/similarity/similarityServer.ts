/** The similarity process's side of its contract. */
import type { Handlers } from '../../src-shared/wire/contract.ts'
import type { SimilarityContract } from './contract.ts'
import { readH5, writeH5 } from './featureFiles.ts'
import { FeatureTables } from './featureTables.ts'
import { liveServer } from './live/liveServer.ts'
import { alike, spreadOrder } from './spreadServer.ts'
import { mapHandlers } from './map/mapServer.ts'
import { neighboursServer } from './neighboursServer.ts'

export function similarityServer(): Handlers<SimilarityContract> {
  const tables = new FeatureTables()
  const map = mapHandlers(tables)
  let lastOrder = 0
  return {
    calls: {
      async 'similarity.open'({ set, stored }) {
        const { rows } = await tables.read(set, stored)
        return { rows }
      },
      'similarity.writeH5': writeH5,
      'similarity.readH5': readH5,
      'similarity.close': ({ set }) => tables.close(set),
      ...liveServer(tables),
      'similarity.order'({ set, ...question }) {
        const mine = ++lastOrder
        return spreadOrder(tables.get(set), question, () => mine === lastOrder)
      },
      'similarity.alike': ({ set, patch }) => alike(tables.get(set), patch),
      ...neighboursServer(tables),
      ...map.calls,
    },
    streams: { ...map.streams },
  }
}
