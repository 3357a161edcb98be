/** Neighbours against their definition, written down another way: unit vectors one by one, and the length of their difference. */
import { describe, expect, test } from 'vitest'
import { FeatureSetId, SlideId } from '../../../src-shared/ids.ts'
import { type GridGeometry, GridGeometry as Geometry, patchRect } from '../../../src-shared/patches.ts'
import { disagreements } from '../../../src-main/similarity/disagreements.ts'
import { largestFirst } from '../../../src-main/similarity/nearness.ts'
import type { LabelledSet } from '../../../src-main/similarity/neighboursContract.ts'
import {
  alikePatches,
  allRows,
  centredLabels,
  labelledNeighbours,
  type Open,
  votesOf,
} from '../../../src-main/similarity/neighboursOf.ts'
import { overlap, overlapping, type Spot } from '../../../src-main/similarity/sameTissue.ts'
import { integerBelow, seeded } from '../../fixtures/random.ts'

const DIMENSIONS = 7
const idOf = (n: number) => `0190a3c4-0000-7000-8000-${String(n).padStart(12, '0')}`
const setId = (n: number) => FeatureSetId.parse(idOf(n))
const slideId = (n: number) => SlideId.parse(idOf(100 + n))

/** A grid of 6 × 5 patches; with a stride of half an edge each overlaps its neighbours. */
const gridOf = (stride: number): GridGeometry =>
  Geometry.parse({
    edgeX: 10,
    edgeY: 10,
    strideX: stride,
    strideY: stride,
    offsetX: 0,
    offsetY: 0,
    columns: 6,
    rows: 5,
  })
const PATCHES = 30

type Set = Open<LabelledSet>

/** A set whose rows are not in the order of its patches, and of which every fifth patch has no features. */
function setWith(n: number, random: () => number, place: LabelledSet['place'], labelled: number[], classes = 3): Set {
  const patches = Array.from({ length: PATCHES }, (_, i) => i)
    .filter((patch) => patch % 5 !== 4)
    .toReversed()
  const features = Float32Array.from({ length: patches.length * DIMENSIONS }, () => random() * 4 + 1)
  return {
    set: setId(n),
    place,
    patch: Uint32Array.from(labelled),
    class: Uint16Array.from(labelled, () => 1 + integerBelow(random, classes)),
    table: {
      features,
      patches: Uint32Array.from(patches),
      rows: patches.length,
      dimensions: DIMENSIONS,
      rowOf: new Map(patches.map((patch, row) => [patch, row])),
    },
  }
}

const twoSlidesAndASet = (random: () => number, stride = 10): Set[] => [
  setWith(1, random, { slide: slideId(1), grid: gridOf(stride) }, [0, 1, 2, 3, 7, 11, 12, 20, 28]),
  setWith(2, random, { slide: slideId(2), grid: gridOf(stride) }, [0, 1, 5, 6, 10, 15, 16, 25]),
  setWith(3, random, null, [0, 1, 2, 4, 8, 13, 21]),
]

type Row = { set: string; patch: number; label: number; spot: Spot; x: number[] }

const rowsOfSets = (sets: Set[]): Row[] =>
  sets.flatMap((one) =>
    Array.from(one.table.patches, (patch, row) => ({
      set: one.set,
      patch,
      label: one.class[one.patch.indexOf(patch)] ?? 0,
      spot: one.place && { slide: one.place.slide, rect: patchRect(one.place.grid, patch) },
      x: Array.from(one.table.features.subarray(row * DIMENSIONS, (row + 1) * DIMENSIONS)),
    })),
  )

/** Every distance to one row, by the definition. */
function byHand(rows: Row[], query: Row, of: Row[]) {
  const mean = Array.from({ length: DIMENSIONS }, (_, j) => of.reduce((sum, row) => sum + row.x[j]!, 0) / of.length)
  const unit = ({ x }: Row) => {
    const centred = x.map((each, j) => each - mean[j]!)
    const length = Math.hypot(...centred)
    return centred.map((each) => each / length)
  }
  const q = unit(query)
  return rows
    .map((row) => ({ row, distance: Math.hypot(...unit(row).map((each, j) => each - q[j]!)) }))
    .toSorted((a, b) => a.distance - b.distance)
}

const meet = (a: Row, b: Row): boolean => {
  if (!a.spot || !b.spot || a.spot.slide !== b.spot.slide) return false
  const inside = (p: number, q: number) => Math.abs(p - q) < 10
  return inside(a.spot.rect.x, b.spot.rect.x) && inside(a.spot.rect.y, b.spot.rect.y)
}

const same = (a: { set: string; patch: number }, b: { set: string; patch: number }) =>
  a.set === b.set && a.patch === b.patch

describe.each([1, 2, 3])('seed %i', (seed) => {
  test.each([10, 5])(
    'the labelled patches nearest to any patch are those by hand (stride %i of an edge of 10)',
    (stride) => {
      const sets = twoSlidesAndASet(seeded(seed), stride)
      const rows = rowsOfSets(sets)
      const labelled = rows.filter((row) => row.label > 0)
      const rowsOf = centredLabels(sets, null)
      for (const query of rows) {
        const found = labelledNeighbours(rowsOf, { set: FeatureSetId.parse(query.set), patch: query.patch }, 6)!
        const wanted = byHand(labelled, query, labelled)
          .filter(({ row }) => !same(row, query) && !meet(row, query))
          .slice(0, 6)
        expect(found.labelled).toBe(labelled.length)
        expect(found.found.map(({ set, patch, label }) => [set, patch, label])).toEqual(
          wanted.map(({ row }) => [row.set, row.patch, row.label]),
        )
        for (const [i, { distance }] of wanted.entries()) expect(found.found[i]!.distance).toBeCloseTo(distance, 6)
        expect(found.votes.reduce((sum, { votes }) => sum + votes, 0)).toBe(wanted.length)
      }
    },
  )

  test('patches like a patch are those by hand; of patches that overlap only the nearest is there', () => {
    const sets = twoSlidesAndASet(seeded(seed), 5)
    const rows = rowsOfSets(sets)
    const all = allRows(
      sets.map(({ table }) => table),
      null,
    )
    for (const query of rows.filter((_, i) => i % 7 === 0)) {
      const found = alikePatches(sets, all, { set: FeatureSetId.parse(query.set), patch: query.patch }, 12)!
      const wanted: { row: Row; distance: number }[] = []
      for (const one of byHand(rows, query, rows))
        if (
          wanted.length < 12 &&
          !same(one.row, query) &&
          ![query, ...wanted.map(({ row }) => row)].some((row) => meet(row, one.row))
        )
          wanted.push(one)
      expect(found.searched).toBe(rows.length)
      expect(found.found.map(({ set, patch }) => [set, patch])).toEqual(wanted.map(({ row }) => [row.set, row.patch]))
      for (const [i, { distance }] of wanted.entries()) expect(found.found[i]!.distance).toBeCloseTo(distance, 6)
    }
  })

  test('labels that disagree are those whose class loses the vote of the others, by hand; the clearest come first', async () => {
    const sets = twoSlidesAndASet(seeded(seed), 5)
    const labelled = rowsOfSets(sets).filter((row) => row.label > 0)
    const wanted = labelled.flatMap((row) => {
      const near = byHand(labelled, row, labelled)
        .filter((other) => !same(other.row, row) && !meet(other.row, row))
        .slice(0, 5)
      const votes = votesOf(near.map((other) => other.row.label))
      const own = near.filter((other) => other.row.label === row.label).length
      return own < votes[0]!.votes ? [{ set: row.set, patch: row.patch, label: row.label, votes, own }] : []
    })
    const found = await disagreements(sets, { within: null, k: 5, most: 100, threads: 1 })
    expect(found).toMatchObject({ labelled: labelled.length, lookedAt: labelled.length, found: wanted.length })
    expect(wanted.length).toBeGreaterThan(2)
    const key = ({ set, patch }: { set: string; patch: number }) => `${set} ${patch}`
    expect(found.worst.toSorted((a, b) => key(a).localeCompare(key(b)))).toEqual(
      wanted.map(({ own: _, ...rest }) => rest).toSorted((a, b) => key(a).localeCompare(key(b))),
    )
    const own = found.worst.map((one) => one.votes.find((each) => each.class === one.label)?.votes ?? 0)
    expect(own).toEqual(own.toSorted((a, b) => a - b))
    const inOne = await disagreements(sets, { within: sets[1]!.set, k: 5, most: 2, threads: 1 })
    const ofIt = found.worst.filter(({ set }) => set === sets[1]!.set)
    expect(inOne).toEqual({
      labelled: labelled.length,
      lookedAt: labelled.filter(({ set }) => set === sets[1]!.set).length,
      found: ofIt.length,
      worst: ofIt.slice(0, 2),
    })
  })

  test('patches that overlap are found by squares as by comparing all pairs', () => {
    const random = seeded(seed)
    const spots: Spot[] = Array.from({ length: 60 }, (_, i) =>
      i % 9 === 0
        ? null
        : {
            slide: slideId(i % 2),
            rect: {
              ...patchRect(gridOf(10), 0),
              x: Math.floor(random() * 90) as never,
              y: Math.floor(random() * 90) as never,
            },
          },
    )
    const found = overlapping(spots)
    for (const [i, spot] of spots.entries())
      expect(found[i]!.toSorted((a, b) => a - b)).toEqual(
        [...spots.keys()].filter((j) => j !== i && overlap(spot, spots[j]!)),
      )
  })

  test('rows come from the largest product on, of equal ones the earlier', () => {
    const random = seeded(seed)
    const products = Float64Array.from({ length: 200 }, () => integerBelow(random, 40) / 40)
    expect([...largestFirst(products)]).toEqual(
      Array.from(products.keys()).toSorted((a, b) => products[b]! - products[a]! || a - b),
    )
  })
})

test('a patch without features has no neighbours to tell; one label is too few, and is counted', () => {
  const random = seeded(4)
  const one = setWith(1, random, null, [0])
  expect(labelledNeighbours(centredLabels([one], null), { set: one.set, patch: 4 }, 20)).toBeNull()
  expect(labelledNeighbours(centredLabels([one], null), { set: one.set, patch: 1 }, 20)).toEqual({
    labelled: 1,
    found: [],
    votes: [],
  })
  const none = setWith(2, random, null, [])
  expect(labelledNeighbours(centredLabels([none], null), { set: none.set, patch: 1 }, 20)).toEqual({
    labelled: 0,
    found: [],
    votes: [],
  })
  expect(alikePatches([none], allRows([none.table], null), { set: none.set, patch: 4 }, 5)).toBeNull()
})

test('with fewer labels than k, all others are neighbours; a label without any that does not overlap it is no case', async () => {
  const set = setWith(1, seeded(5), { slide: slideId(1), grid: gridOf(5) }, [0, 1])
  const found = labelledNeighbours(centredLabels([set], null), { set: set.set, patch: 20 }, 20)!
  expect(found.found.map(({ patch }) => patch).toSorted()).toEqual([0, 1])
  expect(await disagreements([set], { within: null, k: 20, most: 9, threads: 1 })).toEqual({
    labelled: 2,
    lookedAt: 2,
    found: 0,
    worst: [],
  })
})

test('the centre of all rows is kept while the same sets are asked about, and found anew when one was read again', () => {
  const sets = twoSlidesAndASet(seeded(6))
  const tables = sets.map(({ table }) => table)
  const first = allRows(tables, null)
  expect(allRows([...tables], first)).toBe(first)
  expect(allRows([{ ...tables[0]! }, ...tables.slice(1)], first)).not.toBe(first)
  expect(allRows(tables.slice(1), first)).not.toBe(first)
})

test('labelled patches are gathered anew when a label is given, taken back or changed, or features were read again', () => {
  const sets = twoSlidesAndASet(seeded(7))
  const first = centredLabels(sets, null)
  expect(
    centredLabels(
      sets.map((set) => ({ ...set, patch: set.patch.slice() })),
      first,
    ),
  ).toBe(first)
  const [one, ...others] = sets as [Set, ...Set[]]
  const relabelled = { ...one, class: one.class.map((each) => each + 1) }
  const fewer = { ...one, patch: one.patch.slice(1), class: one.class.slice(1) }
  const again = { ...one, table: { ...one.table } }
  for (const changed of [relabelled, fewer, again]) expect(centredLabels([changed, ...others], first)).not.toBe(first)
  expect(centredLabels([fewer, ...others], first).centre.mean).not.toEqual(first.centre.mean)
})
