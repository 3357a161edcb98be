/**
 * Greedy k-centre: patches one after the other, each the one least like all that were taken before it.
 *
 *   next = argmax over candidates i of  min over centres c of ‖x_i − x_c‖₂
 *
 * Centres are those that were there at the start (labelled patches) and every one that was taken since. Equal distances:
 * the candidate that comes first. Without a centre the first is the candidate nearest to the mean of all candidates.
 *
 * A centre c that lies at least twice as far from a candidate's nearest centre m as the candidate itself can not be nearer
 * to it, ‖x − c‖ ≥ ‖m − c‖ − ‖x − m‖ ≥ ‖x − m‖, so that distance is not computed. Nothing else is left out: the choice
 * is that of the definition.
 *
 * @see Sener and Savarese, Active Learning for Convolutional Neural Networks, ICLR (2018), algorithm 1
 * @see Gonzalez, Theoretical Computer Science 38 (1985): at most twice the radius of the best k centres
 */
import type { Matrix } from '../probes/matrix.ts'

/** Against the rounding of two distances in float64. */
const SURELY = 1 + 1e-9

interface KCentre {
  /** Counts a row of the matrix as a centre. */
  cover(row: number): void
  /** The candidate least like all centres, which becomes one; null when all were taken. */
  next(): number | null
  /** [candidate] to its nearest centre; Infinity while there is none, 0 of those that were taken */
  readonly distance: Float64Array
}

/** @param candidates rows of the matrix that can be taken */
export function kCentre(matrix: Matrix, candidates: Uint32Array): KCentre {
  const { values, columns } = matrix
  const distance = new Float64Array(candidates.length).fill(Infinity)
  const taken = new Uint8Array(candidates.length)
  /** [candidate] place in `centres` of the nearest */
  const nearest = new Uint32Array(candidates.length)
  const centres: number[] = []
  let left = candidates.length

  function cover(row: number): void {
    const apart = Float64Array.from(centres, (centre) => between(values, columns, row, centre))
    const place = centres.push(row) - 1
    for (let i = 0; i < candidates.length; i++) {
      const known = distance[i]!
      if (taken[i] || (place > 0 && apart[nearest[i]!]! >= 2 * known * SURELY)) continue
      const now = between(values, columns, row, candidates[i]!)
      if (now >= known) continue
      distance[i] = now
      nearest[i] = place
    }
  }

  function take(i: number): number {
    taken[i] = 1
    left--
    cover(candidates[i]!)
    distance[i] = 0
    return i
  }

  return {
    cover,
    distance,
    next() {
      if (left === 0) return null
      if (centres.length === 0) return take(mostOrdinary(matrix, candidates))
      let best = -1
      for (let i = 0; i < candidates.length; i++)
        if (!taken[i] && (best < 0 || distance[i]! > distance[best]!)) best = i
      return take(best)
    },
  }
}

/** ‖x_a − x_b‖₂; four sums, so that the processor need not wait for the last product before it begins the next. */
export function between(values: Float32Array, columns: number, a: number, b: number): number {
  let [p, q, r, s] = [0, 0, 0, 0]
  const [x, y] = [a * columns, b * columns]
  const whole = columns - (columns % 4)
  for (let j = 0; j < whole; j += 4) {
    const d0 = values[x + j]! - values[y + j]!
    const d1 = values[x + j + 1]! - values[y + j + 1]!
    const d2 = values[x + j + 2]! - values[y + j + 2]!
    const d3 = values[x + j + 3]! - values[y + j + 3]!
    p += d0 * d0
    q += d1 * d1
    r += d2 * d2
    s += d3 * d3
  }
  for (let j = whole; j < columns; j++) p += (values[x + j]! - values[y + j]!) ** 2
  return Math.sqrt(p + q + r + s)
}

/** The candidate nearest to the mean of the candidates. */
function mostOrdinary({ values, columns }: Matrix, candidates: Uint32Array): number {
  const mean = new Float64Array(columns)
  for (const row of candidates) for (let j = 0; j < columns; j++) mean[j]! += values[row * columns + j]!
  for (let j = 0; j < columns; j++) mean[j]! /= candidates.length
  let [best, least] = [0, Infinity]
  for (let i = 0; i < candidates.length; i++) {
    let squares = 0
    for (let j = 0; j < columns; j++) squares += (values[candidates[i]! * columns + j]! - mean[j]!) ** 2
    if (squares < least) [best, least] = [i, squares]
  }
  return best
}
