/** UMAP: the same for the same seed, true to clusters, and honest about patches that are placed and not laid out. */
import { expect, test } from 'vitest'
import { seeded } from '../../../src-main/nn/random.ts'
import type { Matrix } from '../../../src-main/probes/matrix.ts'
import { fuzzyGraph, smoothDistances } from '../../../src-main/similarity/map/fuzzyGraph.ts'
import { CURVE } from '../../../src-main/similarity/map/layout.ts'
import { umap, type UmapOptions } from '../../../src-main/similarity/map/umap.ts'

const COLUMNS = 12

/** Rows of each cloud lie behind each other: row i is of cloud i mod `clouds`. */
function cloudsOf(rows: number, clouds: number, seed: number): Matrix {
  const random = seeded(seed)
  const centres = Array.from({ length: clouds * COLUMNS }, () => 4 * random.normal())
  const values = Float32Array.from(
    { length: rows * COLUMNS },
    (_, at) => centres[(Math.floor(at / COLUMNS) % clouds) * COLUMNS + (at % COLUMNS)]! + random.normal(),
  )
  return { values, rows, columns: COLUMNS }
}

async function laidOut(matrix: Matrix, more: Partial<UmapOptions> = {}) {
  for await (const step of umap(matrix, { neighbours: 15, seed: 1, threads: 1, ...more }))
    if (step.kind === 'done') return step
  throw new Error('no map came')
}

/** Share of the 10 nearest points of each that are of the same cloud. */
function purity(positions: Float32Array, clouds: number): number {
  const rows = positions.length / 2
  let same = 0
  for (let row = 0; row < rows; row++) {
    const away = (other: number) =>
      Math.hypot(positions[2 * other]! - positions[2 * row]!, positions[2 * other + 1]! - positions[2 * row + 1]!)
    const nearest = Array.from({ length: rows }, (_, i) => i)
      .filter((i) => i !== row)
      .toSorted((a, b) => away(a) - away(b))
      .slice(0, 10)
    same += nearest.filter((other) => other % clouds === row % clouds).length
  }
  return same / (10 * rows)
}

test.each([1, 2])('two clouds stay apart, and the same seed gives the same map (seed %i)', async (seed) => {
  const matrix = cloudsOf(200, 2, seed)
  const once = await laidOut(matrix, { seed })
  expect(once.laidOut).toBe(200)
  expect(purity(once.positions, 2)).toBe(1)
  expect((await laidOut(matrix, { seed })).positions).toEqual(once.positions)
  expect((await laidOut(matrix, { seed: seed + 10 })).positions).not.toEqual(once.positions)
})

test('of many patches a drawn part is laid out, and the others stand among those of their own cloud (seed 3)', async () => {
  const made = await laidOut(cloudsOf(400, 4, 3), { laidOut: 150 })
  expect(made.laidOut).toBe(150)
  expect(made.positions).toHaveLength(800)
  expect(made.positions.every(Number.isFinite)).toBe(true)
  expect(purity(made.positions, 4)).toBeGreaterThan(0.99)
})

test('patches that are all alike, and fewer patches than neighbours, still get places', async () => {
  const alike = await laidOut({ values: new Float32Array(20 * COLUMNS).fill(2), rows: 20, columns: COLUMNS })
  expect(alike.positions.every(Number.isFinite)).toBe(true)
  const three = await laidOut(cloudsOf(3, 3, 4))
  expect(three.positions.every(Number.isFinite)).toBe(true)
})

test.each([5, 6])('σ solves its equation, and ρ is the distance of the nearest (seed %i)', (seed) => {
  const random = seeded(seed)
  const [rows, count] = [30, 14]
  const distance = new Float32Array(rows * count)
  for (let row = 0; row < rows; row++)
    distance.set(
      Array.from({ length: count }, () => 0.1 + random.next()).toSorted((a, b) => a - b),
      row * count,
    )
  const { rho, sigma } = smoothDistances({ rows, count, index: new Int32Array(rows * count), distance })
  for (let row = 0; row < rows; row++) {
    const own = [...distance.subarray(row * count, (row + 1) * count)]
    expect(rho[row]).toBe(own[0])
    const sum = own.reduce((all, each) => all + Math.exp(-(each - rho[row]!) / sigma[row]!), 0)
    expect(sum).toBeCloseTo(Math.log2(count + 1), 3)
  }
})

test('each pair of neighbours is one edge, whoever names whom, and no weight is above 1', () => {
  const index = Int32Array.of(1, 2, 0, 2, 1, 0)
  const distance = Float32Array.of(1, 2, 1, 1.5, 1.5, 2)
  const { from, to, weight } = fuzzyGraph({ rows: 3, count: 2, index, distance })
  expect(Array.from(from, (each, i) => [each, to[i]].toSorted().join()).toSorted()).toEqual(['0,1', '0,2', '1,2'])
  expect(Math.max(...weight)).toBeLessThanOrEqual(1)
})

test('the curve of the layout is the least squares fit it says it is: no step away from a and b is better', () => {
  const grid = Array.from({ length: 300 }, (_, i) => (3 * i) / 299)
  const wanted = grid.map((d) => (d < 0.1 ? 1 : Math.exp(-(d - 0.1))))
  const error = (a: number, b: number) =>
    grid.reduce((sum, d, i) => sum + (1 / (1 + a * d ** (2 * b)) - wanted[i]!) ** 2, 0)
  const best = error(CURVE.a, CURVE.b)
  for (const step of [1e-3, -1e-3]) {
    expect(error(CURVE.a + step, CURVE.b)).toBeGreaterThan(best)
    expect(error(CURVE.a, CURVE.b + step)).toBeGreaterThan(best)
  }
})
