/** Greedy k-centre against its definition, all distances computed. */
import { describe, expect, test } from 'vitest'
import { between, kCentre } from '../../../src-main/similarity/kCentre.ts'
import type { Matrix } from '../../../src-main/probes/matrix.ts'
import { seeded } from '../../fixtures/random.ts'

/** Some clouds of points, so that there are distances that need not be computed. */
function clouds(seed: number, rows: number, columns: number): Matrix {
  const random = seeded(seed)
  const middles = Array.from({ length: 6 }, () => Array.from({ length: columns }, () => 10 * random()))
  const values = Float32Array.from({ length: rows * columns }, (_, at) => {
    const row = Math.floor(at / columns)
    return middles[row % 6]![at % columns]! + random()
  })
  return { values, rows, columns }
}

/** The definition: at each step every candidate is compared with every centre. */
function byDefinition(matrix: Matrix, candidates: Uint32Array, centres: number[], count: number): number[] {
  const apart = (a: number, b: number) => between(matrix.values, matrix.columns, a, b)
  const chosen: number[] = []
  const all = [...centres]
  while (chosen.length < count) {
    let [best, farthest] = [-1, -1]
    for (const [i, row] of candidates.entries()) {
      if (chosen.includes(i)) continue
      const nearest = Math.min(...all.map((centre) => apart(centre, row)))
      if (nearest > farthest) [best, farthest] = [i, nearest]
    }
    chosen.push(best)
    all.push(candidates[best]!)
  }
  return chosen
}

describe.each([1, 2, 3])('seed %i', (seed) => {
  test('takes what the definition takes, from where some are covered', () => {
    const matrix = clouds(seed, 240, 7)
    const candidates = Uint32Array.from({ length: 200 }, (_, i) => 239 - i)
    const start = [0, 1, 2, 17]
    const centres = kCentre(matrix, candidates)
    for (const row of start) centres.cover(row)
    const chosen = Array.from({ length: 60 }, () => centres.next()!)
    expect(chosen).toEqual(byDefinition(matrix, candidates, start, 60))
  })

  test('distances are those to the nearest of all centres', () => {
    const matrix = clouds(seed, 100, 5)
    const candidates = Uint32Array.from({ length: 100 }, (_, i) => i)
    const centres = kCentre(matrix, candidates)
    const taken = Array.from({ length: 12 }, () => centres.next()!)
    for (const [i, distance] of centres.distance.entries()) {
      const nearest = Math.min(...taken.map((row) => between(matrix.values, 5, row, i)))
      expect(distance).toBe(taken.includes(i) ? 0 : nearest)
    }
  })
})

test('without a centre it begins with the candidate nearest to the mean, and ends when all are taken', () => {
  const matrix = { values: Float32Array.of(0, 10, 4, 3), rows: 4, columns: 1 }
  const centres = kCentre(matrix, Uint32Array.of(0, 1, 2, 3))
  expect([centres.next(), centres.next(), centres.next(), centres.next(), centres.next()]).toEqual([2, 1, 0, 3, null])
})

test('of equal candidates the first is taken', () => {
  const matrix = { values: Float32Array.of(0, 5, -5, 5), rows: 4, columns: 1 }
  const centres = kCentre(matrix, Uint32Array.of(1, 2, 3))
  centres.cover(0)
  expect([centres.next(), centres.next()]).toEqual([0, 1])
})
