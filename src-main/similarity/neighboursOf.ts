/** The patches nearest to one patch: the labelled ones, or all. Patches that overlap it on its slide are left out. */
import type { FeatureSetId } from '../../src-shared/ids.ts'
import type { Votes } from '../../src-shared/neighbours.ts'
import type { FeatureTable } from './featureTables.ts'
import type { LabelledSet, Near, SearchedSet } from './neighboursContract.ts'
import { type Centre, centreOf, countRows, distanceOf, largestFirst, productsWith, type Rows } from './nearness.ts'
import { overlap, type Spot, spotOf } from './sameTissue.ts'

export type Open<S extends SearchedSet> = S & { table: FeatureTable }

type PatchOfSet = { set: FeatureSetId; patch: number }

/** A patch as it is searched for: its features, and where it lies. */
type Query = { features: Float32Array; set: FeatureSetId; patch: number; spot: Spot }

/** @returns null when the patch has no features */
function queryOf<S extends SearchedSet>(sets: readonly Open<S>[], { set, patch }: PatchOfSet): Query | null {
  const own = sets.find((each) => each.set === set)
  const row = own?.table.rowOf.get(patch)
  if (!own || row === undefined) return null
  const { features, dimensions } = own.table
  return {
    features: features.subarray(row * dimensions, (row + 1) * dimensions),
    set,
    patch,
    spot: spotOf(own.place, patch),
  }
}

const isSame = (a: PatchOfSet, b: PatchOfSet): boolean => a.set === b.set && a.patch === b.patch

/** The labelled patches of sets that have features, set by set. */
export type Labelled = {
  sets: readonly Open<LabelledSet>[]
  parts: Rows[]
  /** [row] */
  patches: PatchOfSet[]
  /** [row] class number */
  classes: Uint16Array
  /** [row] */
  spots: Spot[]
}

export function labelledRows(sets: readonly Open<LabelledSet>[]): Labelled {
  const parts: Rows[] = []
  const patches: PatchOfSet[] = []
  const classes: number[] = []
  const spots: Spot[] = []
  for (const { set, place, patch, class: of, table } of sets) {
    const rows: number[] = []
    for (let i = 0; i < patch.length; i++) {
      const row = table.rowOf.get(patch[i]!)
      if (row === undefined) continue
      rows.push(row)
      patches.push({ set, patch: patch[i]! })
      classes.push(of[i]!)
      spots.push(spotOf(place, patch[i]!))
    }
    parts.push({ features: table.features, dimensions: table.dimensions, rows: Uint32Array.from(rows) })
  }
  return { sets, parts, patches, classes: Uint16Array.from(classes), spots }
}

/** Labelled patches with their centre, kept from one question to the next while labels stay as they are. */
export type LabelledRows = Labelled & { centre: Centre }

const equal = (a: Uint32Array | Uint16Array, b: Uint32Array | Uint16Array): boolean =>
  a.length === b.length && a.every((each, i) => each === b[i])

/** @param before of the question before; given back when neither features nor labels have changed */
export function centredLabels(sets: readonly Open<LabelledSet>[], before: LabelledRows | null): LabelledRows {
  const isSameSet = (one: Open<LabelledSet>, other: Open<LabelledSet> | undefined): boolean =>
    one.table === other?.table && equal(one.patch, other.patch) && equal(one.class, other.class)
  if (before?.sets.length === sets.length && sets.every((one, i) => isSameSet(one, before.sets[i]))) return before
  const labelled = labelledRows(sets)
  return { ...labelled, centre: centreOf(labelled.parts, sets[0]?.table.dimensions ?? 0) }
}

/** How many of some labels are of each class: the most first, of equal ones the class that comes first. */
export function votesOf(labels: Iterable<number>): Votes {
  const counts = new Map<number, number>()
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1)
  return Array.from(counts, ([of, votes]) => ({ class: of, votes })).toSorted(
    (a, b) => b.votes - a.votes || a.class - b.class,
  )
}

/** Below two labels a mean says nothing of directions. */
const LEAST_LABELLED = 2

/** @returns null when the patch has no features */
export function labelledNeighbours(
  { sets, parts, patches, classes, spots, centre }: LabelledRows,
  of: PatchOfSet,
  k: number,
): { labelled: number; found: Near[]; votes: Votes } | null {
  const query = queryOf(sets, of)
  if (!query) return null
  const labelled = patches.length
  if (labelled < LEAST_LABELLED) return { labelled, found: [], votes: [] }
  const products = productsWith(parts, centre, query.features)
  const found: Near[] = []
  for (const row of largestFirst(products)) {
    if (found.length === k) break
    if (isSame(patches[row]!, query) || overlap(spots[row]!, query.spot)) continue
    found.push({ ...patches[row]!, distance: distanceOf(products[row]!), label: classes[row]! })
  }
  return { labelled, found, votes: votesOf(found.map(({ label }) => label)) }
}

/** All rows of sets with their centre, kept from one question to the next: it takes as long as the search itself. */
export type AllRows = { tables: readonly FeatureTable[]; parts: Rows[]; centre: Centre }

export function allRows(tables: readonly FeatureTable[], before: AllRows | null): AllRows {
  if (before?.tables.length === tables.length && tables.every((table, i) => table === before.tables[i])) return before
  const parts = tables.map(({ features, dimensions, rows }) => ({
    features,
    dimensions,
    rows: Uint32Array.from({ length: rows }, (_, row) => row),
  }))
  return { tables, parts, centre: centreOf(parts, tables[0]!.dimensions) }
}

/**
 * @param all the rows of the tables of `sets`, in their order
 * @returns null when the patch has no features
 */
export function alikePatches(
  sets: readonly Open<SearchedSet>[],
  { parts, centre }: AllRows,
  of: PatchOfSet,
  most: number,
): { searched: number; found: Omit<Near, 'label'>[] } | null {
  const query = queryOf(sets, of)
  if (!query) return null
  const products = productsWith(parts, centre, query.features)
  const found: Omit<Near, 'label'>[] = []
  const taken: Spot[] = [query.spot]
  for (const row of largestFirst(products)) {
    if (found.length === most) break
    const { set, place, patch } = patchAtRow(sets, row)
    const spot = spotOf(place, patch)
    if (isSame({ set, patch }, query) || taken.some((each) => overlap(each, spot))) continue
    taken.push(spot)
    found.push({ set, patch, distance: distanceOf(products[row]!) })
  }
  return { searched: countRows(parts), found }
}

/** Which patch a row is, when all sets are counted one after the other. */
function patchAtRow(sets: readonly Open<SearchedSet>[], row: number): SearchedSet & { patch: number } {
  let left = row
  for (const { set, place, table } of sets) {
    if (left < table.rows) return { set, place, patch: table.patches[left]! }
    left -= table.rows
  }
  throw new RangeError(`row ${row} is beyond the last`)
}
