/**
 * Exact nearest neighbours: 1,000 queries against 100,000 patches of 512 features, float32, k = 20, beside numpy on the
 * same numbers of threads. Two peers: the bare matrix product, which any exact search must do, and the product with
 * argpartition and a sort of the k. Rounds of ours and of the peer's take turns; each figure is the median of its rounds.
 */
import { nearestRows } from '../../src-main/nn/backendSearch.ts'
import { ENGINE_THREADS } from '../../src-main/nn/engineFacts.ts'
import { type Figure, median, options, peer, print } from './bench.ts'

const [QUERIES, ROWS, COLUMNS, K] = [1000, 100_000, 512, 20]
const ROUNDS = 5

/** Uniform numbers, the same ones on every machine (Numerical Recipes' quick generator). */
function numbers(length: number, seed: number): Float32Array {
  let state = seed
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    return state / 2 ** 31
  })
}

const base = { values: numbers(ROWS * COLUMNS, 1), rows: ROWS, columns: COLUMNS }
const queries = { values: numbers(QUERIES * COLUMNS, 2), rows: QUERIES, columns: COLUMNS }

type Theirs = { product: number; search: number; version: string; blas: string }
const ours: number[] = []
const theirs: Theirs[] = []
await nearestRows(base, { ...queries, values: queries.values.subarray(0, 50 * COLUMNS), rows: 50 }, K, ENGINE_THREADS)
for (let round = 0; round < ROUNDS; round++) {
  const begun = performance.now()
  await nearestRows(base, queries, K, ENGINE_THREADS)
  ours.push((performance.now() - begun) / 1000)
  const found = peer<Theirs>(
    'numpyPeer.py',
    [],
    { queries: QUERIES, rows: ROWS, columns: COLUMNS, k: K },
    { OPENBLAS_NUM_THREADS: String(ENGINE_THREADS), OMP_NUM_THREADS: String(ENGINE_THREADS) },
  )
  if (found) theirs.push(found)
}
const against = (what: string, times: readonly number[]): Figure => ({
  what,
  unit: 's',
  ours: median(ours),
  peer: times.length === 0 ? null : median(times),
  higherIsBetter: false,
})
print(
  'knn',
  [
    against(
      'search, beside the bare matrix product',
      theirs.map(({ product }) => product),
    ),
    against(
      'search, beside product and argpartition',
      theirs.map(({ search }) => search),
    ),
  ],
  theirs[0] ? `numpy ${theirs[0].version}, ${theirs[0].blas}` : null,
  options.noPeer ? [] : [`ours of each round: ${ours.map((time) => time.toFixed(2)).join(', ')} s`],
)
