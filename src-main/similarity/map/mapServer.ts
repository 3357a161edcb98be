/** Maps, in the similarity process. */
import { availableParallelism } from 'node:os'
import type { FeatureSetId } from '../../../src-shared/ids.ts'
import type { CallHandlers, StreamHandlers } from '../../../src-shared/wire/contract.ts'
import type { Matrix } from '../../probes/matrix.ts'
import type { FeatureTables } from '../featureTables.ts'
import type { mapInProcess } from './contract.ts'
import { principalPositions } from './pca.ts'
import { umap } from './umap.ts'

/** The layout is told of this often, ms; between, it looks whether anybody still wants it. */
const TELL_MS = 200

export function mapHandlers(tables: FeatureTables): {
  calls: CallHandlers<typeof mapInProcess.calls>
  streams: StreamHandlers<typeof mapInProcess.streams>
} {
  const threads = availableParallelism()
  return {
    calls: {
      async 'map.principal'({ sets }) {
        const { matrix, patch, counts } = joined(tables, sets)
        return { ...(await principalPositions(matrix, threads)), patch, counts }
      },
    },
    streams: {
      async *'map.umap'({ sets, params }, signal) {
        let told = performance.now()
        const { matrix, patch, counts } = joined(tables, sets)
        for await (const step of umap(matrix, { ...params, threads })) {
          if (step.kind === 'step' && performance.now() - told < TELL_MS) continue
          told = performance.now()
          yield step.kind === 'done' ? { ...step, patch, counts } : step
          await new Promise((go) => setImmediate(go))
          if (signal.aborted) return
        }
      },
    },
  }
}

type Joined = { matrix: Matrix; patch: Uint32Array; counts: number[] }

/** The rows of all sets, set after set. */
function joined(tables: FeatureTables, sets: readonly FeatureSetId[]): Joined {
  const parts = sets.map((set) => tables.get(set))
  const columns = parts[0]!.dimensions
  const rows = parts.reduce((sum, part) => sum + part.rows, 0)
  const values = parts.length === 1 ? parts[0]!.features : new Float32Array(rows * columns)
  const patch = new Uint32Array(rows)
  let row = 0
  for (const part of parts) {
    if (parts.length > 1) values.set(part.features, row * columns)
    patch.set(part.patches, row)
    row += part.rows
  }
  return { matrix: { values, rows, columns }, patch, counts: parts.map((part) => part.rows) }
}
