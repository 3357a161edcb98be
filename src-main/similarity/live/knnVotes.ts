/**
 * Votes of the k nearest labelled patches for every row, from raw products alone.
 *
 * With μ the mean of the labelled patches, the cosine that knn.ts defines is
 *
 *   cos(x − μ, y − μ) = (x·y − x·μ − μ·y + μ·μ) / (‖x − μ‖ ‖y − μ‖)        x·μ = mean over the labelled patches of x·y
 *
 * For one row, ‖x − μ‖ does not change which patch is nearer, so the search is over (x·y_j − x·μ + b_j) w_j with
 * b_j = μ·μ − μ·y_j and w_j = 1 / ‖y_j − μ‖: one product and one comparison for each pair. Which patches may be among the k
 * is guessed from how near the k-th was the last time; where the guess leaves fewer than k, all are looked at.
 */
import { voteOf } from '../../probes/knn.ts'
import { type LiveTraining, mostVotes } from './training.ts'
import { BLOCK, type ProductColumns } from './productColumns.ts'

/** What the guess allows for, as a cosine: the mean has moved a little since. */
const ALLOWANCE = 0.008
/** ‖x − μ‖² that is no more than this share of ‖x‖² + ‖μ‖² is rounding: the row is the mean, and has no direction. */
const ROUNDING = 1e-12

export type KnnSettings = { k: number; weighted: boolean }

/** Remembers, for each row, how near the k-th patch was. */
export class KnnVotes {
  readonly #columns: ProductColumns
  /** [row], of (x·y − x·μ + b) w; only a guess, never part of a result */
  readonly #guess: Float64Array
  #guessedFor = 0

  constructor(columns: ProductColumns) {
    this.#columns = columns
    this.#guess = new Float64Array(columns.sums.length)
  }

  /** @returns share of the votes of each class, [row, class]; k neighbours voted, see mostVotes */
  async of(training: LiveTraining, settings: KnnSettings): Promise<{ shares: Float64Array; k: number }> {
    return this.#count(training, settings, await this.#columns.become(training.keys, training.features))
  }

  /** Waits for nothing: a function that does is not made fast by the engine it runs in. */
  #count(training: LiveTraining, settings: KnnSettings, columnOf: Int32Array): { shares: Float64Array; k: number } {
    const { classes } = training
    const count = training.keys.length
    const k = Math.min(settings.k, mostVotes(training.classOf, classes))
    const columns = this.#columns
    const { meanSquare, shift, scale, rank, classOf } = centring(columns, training, columnOf)
    const { blocks, sums, squares } = columns
    if (this.#guessedFor !== k) this.#guess.fill(-Infinity)
    this.#guessedFor = k

    const shares = new Float64Array(sums.length * classes)
    const candidate = new Int32Array(count)
    const score = new Float64Array(count)
    const nearest = new Int32Array(k)
    const near = new Float64Array(k)

    for (let row = 0; row < sums.length; row++) {
      const toMean = sums[row]! / count
      const square = squares[row]! - 2 * toMean + meanSquare
      const length = square > ROUNDING * (squares[row]! + meanSquare) ? Math.sqrt(square) : 0
      let found = 0
      if (length === 0) {
        for (; found < count; found++) candidate[found] = found
        score.fill(0)
      } else {
        found = collect(blocks, row, toMean, shift, scale, this.#guess[row]!, candidate, score)
        if (found < k) found = collect(blocks, row, toMean, shift, scale, -Infinity, candidate, score)
      }
      keepNearest(k, found, candidate, score, rank, nearest, near)
      this.#guess[row] = near[k - 1]! - ALLOWANCE * length
      let all = 0
      for (let i = 0; i < k; i++) {
        const cosine = length === 0 ? 0 : near[i]! / length
        const vote = voteOf(cosine, settings.weighted)
        shares[row * classes + classOf[nearest[i]!]!]! += vote
        all += vote
      }
      for (let c = 0; c < classes; c++) shares[row * classes + c]! /= all
    }
    return { shares, k }
  }
}

/** The columns whose score is no less than `least`, and their scores. @returns how many */
function collect(
  blocks: readonly Float32Array[],
  row: number,
  toMean: number,
  shift: Float64Array,
  scale: Float64Array,
  least: number,
  candidate: Int32Array,
  score: Float64Array,
): number {
  const count = shift.length
  let found = 0
  for (let first = 0; first < count; first += BLOCK) {
    const block = blocks[first / BLOCK]!
    const start = row * BLOCK - first
    const end = Math.min(first + BLOCK, count)
    for (let column = first; column < end; column++) {
      const value = (block[start + column]! - toMean + shift[column]!) * scale[column]!
      if (value >= least) {
        score[found] = value
        candidate[found] = column
        found++
      }
    }
  }
  return found
}

/** b, w, class and place in the training order, by column. */
function centring(products: ProductColumns, { features, ...training }: LiveTraining, columnOf: Int32Array) {
  const count = columnOf.length
  const rows = Array.from({ length: count }, (_, i) => products.shifted(features, i))
  const mean = new Float64Array(features.columns)
  for (const y of rows) for (let j = 0; j < mean.length; j++) mean[j]! += y[j]! / count
  const meanSquare = mean.reduce((sum, each) => sum + each * each, 0)
  const shift = new Float64Array(count)
  const scale = new Float64Array(count)
  const rank = new Int32Array(count)
  const classOf = new Uint16Array(count)
  for (const [i, y] of rows.entries()) {
    let [product, square, own] = [0, 0, 0]
    for (let j = 0; j < mean.length; j++) {
      product += y[j]! * mean[j]!
      square += (y[j]! - mean[j]!) ** 2
      own += y[j]! ** 2
    }
    const column = columnOf[i]!
    shift[column] = meanSquare - product
    scale[column] = square > ROUNDING * (own + meanSquare) ? 1 / Math.sqrt(square) : 0
    rank[column] = i
    classOf[column] = training.classOf[i]!
  }
  return { meanSquare, shift, scale, rank, classOf }
}

/** The k largest of `found` scores, largest first; of equals the one that comes first in the training set. */
function keepNearest(
  k: number,
  found: number,
  candidate: Int32Array,
  score: Float64Array,
  rank: Int32Array,
  nearest: Int32Array,
  near: Float64Array,
): void {
  let kept = 0
  for (let i = 0; i < found; i++) {
    const value = score[i]!
    const own = candidate[i]!
    if (kept === k) {
      const last = near[k - 1]!
      if (value < last || (value === last && rank[own]! > rank[nearest[k - 1]!]!)) continue
    }
    let place = kept < k ? kept++ : k - 1
    for (; place > 0; place--) {
      const before = near[place - 1]!
      if (before > value || (before === value && rank[nearest[place - 1]!]! < rank[own]!)) break
      near[place] = before
      nearest[place] = nearest[place - 1]!
    }
    near[place] = value
    nearest[place] = own
  }
}
