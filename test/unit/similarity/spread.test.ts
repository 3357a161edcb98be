/** Orders by features, through the similarity process's own handlers, over a table in memory. */
import { expect, test } from 'vitest'
import type { FeatureTable } from '../../../src-main/similarity/featureTables.ts'
import { between } from '../../../src-main/similarity/kCentre.ts'
import { alike, spreadOrder } from '../../../src-main/similarity/spreadServer.ts'
import { centredUnit, columnMeans } from '../../../src-main/probes/matrix.ts'
import { seeded } from '../../fixtures/random.ts'

/** Rows of every third patch, backwards. */
function table(seed: number, rows: number, dimensions: number): FeatureTable {
  const random = seeded(seed)
  const patches = Uint32Array.from({ length: rows }, (_, row) => 3 * (rows - 1 - row))
  const features = Float32Array.from({ length: rows * dimensions }, () => random())
  return {
    features,
    patches,
    rows,
    dimensions,
    rowOf: new Map([...patches].map((patch, row) => [patch, row] as const)),
  }
}
const unitOf = ({ features, rows, dimensions }: FeatureTable) => {
  const matrix = { values: features, rows, columns: dimensions }
  return centredUnit(matrix, columnMeans(matrix))
}
const always = () => true

test.each([1, 2])('distances to one patch are those of centred unit vectors (seed %i)', async (seed) => {
  const known = table(seed, 300, 10)
  const unit = unitOf(known)
  const found = (await alike(known, 30))!
  const own = known.rowOf.get(30)!
  expect(found.distance[own]).toBe(0)
  for (let row = 0; row < known.rows; row++)
    expect(found.distance[row]).toBeCloseTo(between(unit.values, 10, own, row), 5)
  expect(await alike(known, 31)).toBeNull()
})

test('an order has every candidate with features once: the chosen first, the rest by distance, covered ones last', async () => {
  const known = table(3, 200, 8)
  const candidates = Uint32Array.from({ length: 600 }, (_, patch) => patch)
  const start = Uint32Array.of(0, 300, 301)
  const { patches, chosen } = await spreadOrder(known, { candidates, start, count: 25 }, always)
  expect(chosen).toBe(25)
  expect([...patches].toSorted((a, b) => a - b)).toEqual([...known.patches].toSorted((a, b) => a - b))
  expect(Array.from(patches.slice(-2).toSorted())).toEqual([0, 300])
  const unit = unitOf(known)
  const centres = [0, 300, ...patches.slice(0, 25)].map((patch) => known.rowOf.get(patch)!)
  // not a map of the typed array: that would cut the distances to whole numbers
  const rest = Array.from(patches.slice(25), (patch) =>
    Math.min(...centres.map((centre) => between(unit.values, 8, centre, known.rowOf.get(patch)!))),
  )
  expect(rest).toEqual(rest.toSorted((a, b) => b - a))
})

test('an order that nobody waits for any more is given up', async () => {
  const known = table(4, 50, 4)
  const asked = spreadOrder(known, { candidates: known.patches, start: new Uint32Array(), count: 50 }, () => false)
  await expect(asked).rejects.toMatchObject({ code: 'CANCELLED' })
})
