/**
 * The graph UMAP lays out: which patches are neighbours, and how surely.
 *
 * For each patch i with neighbours j at distances d(i, j):
 *
 *   ρᵢ = distance of the nearest that is not at 0      σᵢ so that  Σⱼ exp(−max(0, d(i, j) − ρᵢ) / σᵢ) = log₂ k
 *   p(j | i) = exp(−max(0, d(i, j) − ρᵢ) / σᵢ)           w(i, j) = p(j | i) + p(i | j) − p(j | i) · p(i | j)
 *
 * k counts the patch itself, as in umap-learn; its neighbours here are the k − 1 others.
 *
 * @see McInnes, Healy, Melville, UMAP, arXiv:1802.03426 (2018), algorithms 2 and 3
 */

/** The nearest others of each row, nearest first; [row, count] each. */
export type NearestOthers = { rows: number; count: number; index: Int32Array; distance: Float32Array }

/** Pairs of neighbours, each once. */
export type FuzzyGraph = { from: Uint32Array; to: Uint32Array; weight: Float32Array }

const BISECTIONS = 64
const CLOSE_ENOUGH = 1e-5
/** σ is never less than this share of the mean distance, so that equal patches do not stick to one point. */
const LEAST_SCALE = 1e-3

/** ρ and σ of each row. */
export function smoothDistances({ rows, count, distance }: NearestOthers): { rho: Float32Array; sigma: Float32Array } {
  const rho = new Float32Array(rows)
  const sigma = new Float32Array(rows)
  const target = Math.log2(count + 1)
  let all = 0
  for (const each of distance) all += each
  const meanOfAll = distance.length > 0 ? all / (distance.length + rows) : 0
  for (let row = 0; row < rows; row++) {
    const own = distance.subarray(row * count, (row + 1) * count)
    const nearest = own.find((each) => each > 0) ?? 0
    let [low, high, middle] = [0, Infinity, 1]
    for (let i = 0; i < BISECTIONS; i++) {
      let sum = 0
      for (const each of own) sum += each > nearest ? Math.exp(-(each - nearest) / middle) : 1
      if (Math.abs(sum - target) < CLOSE_ENOUGH) break
      if (sum > target) high = middle
      else low = middle
      middle = high === Infinity ? middle * 2 : (low + high) / 2
    }
    let sumOfOwn = 0
    for (const each of own) sumOfOwn += each
    const mean = nearest > 0 ? sumOfOwn / (count + 1) : meanOfAll
    rho[row] = nearest
    sigma[row] = Math.max(middle, LEAST_SCALE * mean)
  }
  return { rho, sigma }
}

export function fuzzyGraph(near: NearestOthers): FuzzyGraph {
  const { rows, count, index, distance } = near
  const { rho, sigma } = smoothDistances(near)
  const membership = new Float32Array(rows * count)
  for (let row = 0, at = 0; row < rows; row++)
    for (let i = 0; i < count; i++, at++) {
      const beyond = distance[at]! - rho[row]!
      membership[at] = beyond <= 0 || sigma[row] === 0 ? 1 : Math.exp(-beyond / sigma[row]!)
    }
  /** p(other | row), 0 where it is none of its neighbours */
  const back = (row: number, other: number): number => {
    for (let at = row * count; at < (row + 1) * count; at++) if (index[at] === other) return membership[at]!
    return 0
  }
  const from = new Uint32Array(rows * count)
  const to = new Uint32Array(rows * count)
  const weight = new Float32Array(rows * count)
  let edges = 0
  for (let row = 0, at = 0; row < rows; row++)
    for (let i = 0; i < count; i++, at++) {
      const other = index[at]!
      const mutual = back(other, row)
      if (mutual > 0 && other < row) continue // written when `other` was at hand
      from[edges] = row
      to[edges] = other
      weight[edges] = membership[at]! + mutual - membership[at]! * mutual
      edges++
    }
  return { from: from.slice(0, edges), to: to.slice(0, edges), weight: weight.slice(0, edges) }
}
