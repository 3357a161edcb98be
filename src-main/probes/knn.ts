/**
 * k nearest neighbours: a patch is of the class that most of the k nearest training patches are of.
 *
 *   z = (x − training mean) / ‖x − training mean‖        distance(a, b) = ‖a − b‖ = √(2 − 2 a·b)
 *
 * For unit vectors the order by Euclidean distance is that by cosine, so the nearest are those with the largest products.
 * Equal products: the patch that comes first in the training set is nearer. Equal votes: the class that comes first.
 *
 * @see Chen et al., UNI, Nature Medicine (2024), methods: k = 20, centred and L2-normalised features
 */
import type { Matrix } from './matrix.ts'

/** The k nearest of each query, nearest first. */
export type Neighbours = {
  k: number
  /** [query, k], row of the training set */
  index: Int32Array
  /** [query, k], product of the two unit vectors */
  product: Float32Array
}

/** Finds neighbours; see nearestByHand for what that means. */
export type FindNeighbours = (base: Matrix, queries: Matrix, k: number) => Promise<Neighbours>

/** A vote of a neighbour nearer than this counts as one at this distance: float32 products can not tell them apart. */
const LEAST_DISTANCE = 1e-3

/** How much the vote of a neighbour counts. @param cosine product of the two unit vectors */
export const voteOf = (cosine: number, weighted: boolean): number =>
  weighted ? 1 / Math.max(LEAST_DISTANCE, Math.sqrt(Math.max(0, 2 - 2 * cosine))) : 1

/**
 * Share of the votes of each class, [query, class]; rows add up to 1.
 * @param weighted each vote is divided by its distance
 */
export function votes(
  { k, index, product }: Neighbours,
  classOf: ArrayLike<number>,
  classes: number,
  weighted: boolean,
): Float64Array {
  const queries = index.length / k
  const shares = new Float64Array(queries * classes)
  for (let query = 0; query < queries; query++) {
    let all = 0
    for (let i = query * k; i < (query + 1) * k; i++) {
      const vote = voteOf(product[i]!, weighted)
      shares[query * classes + classOf[index[i]!]!]! += vote
      all += vote
    }
    for (let c = 0; c < classes; c++) shares[query * classes + c]! /= all
  }
  return shares
}

/**
 * Votes as logits that a temperature can be applied to: log of the votes with one more for each class, so that a class
 * without any is unlikely and not impossible. The order of classes is that of the votes.
 */
export const voteLogits = (shares: Float64Array, k: number): Float64Array =>
  shares.map((share) => Math.log(k * share + 1))

/** The definition, in float64 and slow: what the search of the engine is compared with. */
export function nearestByHand(base: Matrix, queries: Matrix, k: number): Neighbours {
  const { columns } = base
  const index = new Int32Array(queries.rows * k)
  const product = new Float32Array(queries.rows * k)
  const products = new Float64Array(base.rows)
  for (let query = 0; query < queries.rows; query++) {
    for (let row = 0; row < base.rows; row++) {
      let sum = 0
      for (let j = 0; j < columns; j++) sum += queries.values[query * columns + j]! * base.values[row * columns + j]!
      products[row] = sum
    }
    const nearest = Array.from(products.keys()).toSorted((a, b) => products[b]! - products[a]! || a - b)
    for (let i = 0; i < k; i++) {
      index[query * k + i] = nearest[i]!
      product[query * k + i] = products[nearest[i]!]!
    }
  }
  return { k, index, product }
}
