/**
 * UMAP of features in the plane: exact neighbours by cosine, the fuzzy graph of them, and its layout begun at the
 * principal components, which keeps what is far apart far apart and needs no luck.
 *
 * Up to LAID_OUT patches are laid out themselves. Of more, so many are drawn at random (by the seed) and laid out; each
 * of the others is put among its nearest of those, at their mean weighted by 1 / distance.
 *
 * @see McInnes, Healy, Melville, UMAP, arXiv:1802.03426 (2018)
 * @see Kobak and Linderman, Initialization is critical for preserving global data structure in both t-SNE and UMAP,
 *   Nature Biotechnology 39 (2021)
 */
import { nearestRows } from '../../nn/backendSearch.ts'
import { seeded, shuffled } from '../../nn/random.ts'
import { centredUnit, columnMeans, type Matrix, rowsOf } from '../../probes/matrix.ts'
import type { UmapPhase } from './contract.ts'
import { fuzzyGraph, type NearestOthers } from './fuzzyGraph.ts'
import { layOut, roundsFor } from './layout.ts'
import { principalPositions } from './pca.ts'

export const LAID_OUT = 100_000
/** neighbours that place a patch which is not laid out itself */
const PLACED_BY = 5
/** queries between two signs of life */
const SEARCHED_AT_ONCE = 2048
/** The start reaches this far from the middle, as umap-learn's does. */
const START_REACH = 10
const LEAST_DISTANCE = 1e-3

export type UmapOptions = { neighbours: number; seed: number; threads: number; laidOut?: number }
/** How far it is, or the positions [row, 2]. */
export type UmapProgress =
  | { kind: 'step'; phase: UmapPhase; done: number; total: number }
  | { kind: 'done'; positions: Float32Array; laidOut: number }

/**
 * @param features at least 3 rows
 * @yields how far it is, and last the positions [row, 2]
 */
export async function* umap(
  features: Matrix,
  { neighbours, seed, threads, laidOut = LAID_OUT }: UmapOptions,
): AsyncGenerator<UmapProgress, void> {
  const unit = centredUnit(features, columnMeans(features))
  const chosen = unit.rows <= laidOut ? null : shuffled(unit.rows, seeded(seed, unit.rows)).slice(0, laidOut).toSorted()
  const base = chosen ? rowsOf(unit, chosen) : unit
  const count = Math.min(neighbours, base.rows) - 1
  const near: NearestOthers = {
    rows: base.rows,
    count,
    index: new Int32Array(base.rows * count),
    distance: new Float32Array(base.rows * count),
  }
  for (let first = 0; first < base.rows; first += SEARCHED_AT_ONCE) {
    const queries = slice(base, first, Math.min(SEARCHED_AT_ONCE, base.rows - first))
    const found = await nearestRows(base, queries, count + 1, threads)
    for (let query = 0; query < queries.rows; query++) takeOthers(near, first + query, found, query)
    yield { kind: 'step', phase: 'neighbours', done: first + queries.rows, total: base.rows }
  }
  const start = (await principalPositions(base, threads)).positions
  const positions = spreadOut(start, seed)
  const rounds = roundsFor(base.rows)
  for (const round of layOut(fuzzyGraph(near), positions, rounds, seed))
    yield { kind: 'step', phase: 'layout', done: round, total: rounds }
  if (!chosen) {
    yield { kind: 'done', positions, laidOut: base.rows }
    return
  }
  const all = new Float32Array(unit.rows * 2)
  const isLaidOut = new Uint8Array(unit.rows)
  for (const [place, row] of chosen.entries()) {
    all.set(positions.subarray(2 * place, 2 * place + 2), 2 * row)
    isLaidOut[row] = 1
  }
  const others = Uint32Array.from({ length: unit.rows }, (_, row) => row).filter((row) => isLaidOut[row] === 0)
  for (let first = 0; first < others.length; first += SEARCHED_AT_ONCE) {
    const rows = others.subarray(first, first + SEARCHED_AT_ONCE)
    const found = await nearestRows(base, rowsOf(unit, rows), Math.min(PLACED_BY, base.rows), threads)
    for (const [query, row] of rows.entries()) all.set(amongNeighbours(found, query, positions), 2 * row)
    yield { kind: 'step', phase: 'placing', done: first + rows.length, total: others.length }
  }
  yield { kind: 'done', positions: all, laidOut: base.rows }
}

type Found = Awaited<ReturnType<typeof nearestRows>>

/** For unit vectors ‖a − b‖ = √(2 − 2 a·b). */
const distanceOf = (product: number): number => Math.sqrt(Math.max(0, 2 - 2 * product))

const slice = ({ values, columns }: Matrix, first: number, rows: number): Matrix => ({
  values: values.subarray(first * columns, (first + rows) * columns),
  rows,
  columns,
})

/** The nearest of a row without the row itself, which need not be the first where others are equal to it. */
function takeOthers(near: NearestOthers, row: number, { k, index, product }: Found, query: number): void {
  let at = row * near.count
  for (let i = query * k; i < (query + 1) * k && at < (row + 1) * near.count; i++) {
    if (index[i] === row) continue
    near.index[at] = index[i]!
    near.distance[at] = distanceOf(product[i]!)
    at++
  }
}

function amongNeighbours({ k, index, product }: Found, query: number, positions: Float32Array): [number, number] {
  let [x, y, weights] = [0, 0, 0]
  for (let i = query * k; i < (query + 1) * k; i++) {
    const weight = 1 / Math.max(LEAST_DISTANCE, distanceOf(product[i]!))
    x += weight * positions[2 * index[i]!]!
    y += weight * positions[2 * index[i]! + 1]!
    weights += weight
  }
  return [x / weights, y / weights]
}

/** Scaled to START_REACH, with a little chance so that equal patches can part. */
function spreadOut(start: Float32Array, seed: number): Float32Array {
  let farthest = 0
  for (const each of start) farthest = Math.max(farthest, Math.abs(each))
  const random = seeded(seed, 1)
  return start.map((each) => (farthest > 0 ? (each * START_REACH) / farthest : 0) + 1e-4 * random.normal())
}
