/**
 * Labels that their neighbours speak against: each labelled patch is classified by the k nearest other labelled patches,
 * leave-one-out; where most of them are of another class, somebody should look again.
 *
 * Centred by the mean of all labelled patches, the one that is left out among them. The search is the engine's, exact.
 */
import type { FeatureSetId } from '../../src-shared/ids.ts'
import { nearestRows } from '../nn/backendSearch.ts'
import { seeded, shuffled } from '../nn/random.ts'
import { centredUnit, columnMeans, type Matrix, rowsOf } from '../probes/matrix.ts'
import type { Doubted, LabelledSet } from './neighboursContract.ts'
import { type Labelled, labelledRows, type Open, votesOf } from './neighboursOf.ts'
import { overlapping } from './sameTissue.ts'

/** Pairs of labels that are compared at most: some seconds on two cores. */
const MOST_PAIRS = 4e9
const DRAW = 1

export type FoundDisagreements = { labelled: number; lookedAt: number; found: number; worst: Doubted[] }

/**
 * @param within only labels of this set are looked at; null = of all
 * @param most how many of the worst are wanted
 * @throws {TesseraError} ENGINE_FAILED
 */
export async function disagreements(
  sets: readonly Open<LabelledSet>[],
  { within, k, most, threads }: { within: FeatureSetId | null; k: number; most: number; threads: number },
): Promise<FoundDisagreements> {
  const labelled = labelledRows(sets)
  const { patches, classes, spots } = labelled
  const count = patches.length
  const asked = [...patches.keys()].filter((row) => within === null || patches[row]!.set === within)
  const looked = drawn(asked, Math.max(1, Math.floor(MOST_PAIRS / Math.max(1, count))))
  if (count < 2 || looked.length === 0) return { labelled: count, lookedAt: 0, found: 0, worst: [] }

  const unit = unitRows(labelled, sets[0]!.table.dimensions)
  const others = overlapping(spots)
  // So many that k are left when those that overlap are taken out.
  const wanted = Math.min(count, k + 1 + looked.reduce((sum, row) => Math.max(sum, others[row]!.length), 0))
  const near = await nearestRows(unit, looked.length === count ? unit : rowsOf(unit, looked), wanted, threads)

  const found: (Doubted & { against: number; distance: number })[] = []
  for (const [i, row] of looked.entries()) {
    const leftOut = new Set([row, ...others[row]!])
    const neighbours: number[] = []
    let distance = 0
    for (let at = i * wanted; at < (i + 1) * wanted && neighbours.length < k; at++) {
      const other = near.index[at]!
      if (leftOut.has(other)) continue
      neighbours.push(other)
      distance += 1 - near.product[at]!
    }
    const votes = votesOf(neighbours.map((other) => classes[other]!))
    const label = classes[row]!
    const own = votes.find((each) => each.class === label)?.votes ?? 0
    if (votes.length === 0 || own === votes[0]!.votes) continue
    const against = 1 - own / neighbours.length
    found.push({ ...patches[row]!, label, votes, against, distance: distance / neighbours.length })
  }
  // Of equal shares, the one whose neighbours are nearer is the stronger case.
  found.sort((a, b) => b.against - a.against || a.distance - b.distance)
  const worst = found.slice(0, most).map(({ against: _, distance: __, ...doubted }) => doubted)
  return { labelled: count, lookedAt: looked.length, found: found.length, worst }
}

function unitRows({ parts, patches }: Labelled, columns: number): Matrix {
  const values = new Float32Array(patches.length * columns)
  let at = 0
  for (const { features, rows } of parts)
    for (const row of rows) {
      values.set(features.subarray(row * columns, (row + 1) * columns), at)
      at += columns
    }
  const matrix = { values, rows: patches.length, columns }
  return centredUnit(matrix, columnMeans(matrix))
}

/** All, or so many of them drawn at random: always the same ones, in their order. */
function drawn(rows: number[], most: number): number[] {
  if (rows.length <= most) return rows
  const order = shuffled(rows.length, seeded(DRAW))
  return Array.from(order.subarray(0, most), (place) => rows[place]!).toSorted((a, b) => a - b)
}
