/** Orders by a number, the uncertainty of predictions, and the candidates of a batch: against sorting by hand. */
import { describe, expect, test } from 'vitest'
import { leastCertain } from '../../../src-shared/nextBatch.ts'
import { orderByKey } from '../../../src-shared/ranking.ts'
import { UNCERTAINTIES, uncertaintyOf } from '../../../src-shared/uncertainty.ts'
import { seeded } from '../../fixtures/random.ts'

describe.each([1, 2, 3])('seed %i', (seed) => {
  test.each(['ascending', 'descending'] as const)('%s: as a stable sort, what has no number last', (direction) => {
    const random = seeded(seed)
    const patches = Uint32Array.from({ length: 500 }, (_, i) => 7 * i)
    const keys = Float32Array.from({ length: 500 }, () => {
      const kind = random()
      return kind < 0.1 ? Number.NaN : kind < 0.2 ? 0 : kind < 0.25 ? Infinity : Math.round(40 * random()) / 7
    })
    const sign = direction === 'ascending' ? 1 : -1
    const byHand = [...patches.keys()].toSorted((a, b) => {
      const [x, y] = [keys[a]!, keys[b]!]
      if (Number.isNaN(x) || Number.isNaN(y)) return Number(Number.isNaN(x)) - Number(Number.isNaN(y)) || a - b
      return x === y ? a - b : sign * (x < y ? -1 : 1)
    })
    expect([...orderByKey(patches, keys, direction)]).toEqual(byHand.map((place) => patches[place]))
  })

  test.each(UNCERTAINTIES)('%s is its formula', (by) => {
    const random = seeded(seed)
    const raw = Array.from({ length: 5 }, () => random() + 0.01)
    const sum = raw.reduce((a, b) => a + b)
    const p = Float32Array.from(raw, (each) => each / sum)
    const [first, second] = [...p].toSorted((a, b) => b - a) as [number, number]
    const formula = {
      confidence: 1 - first,
      margin: 1 - (first - second),
      entropy: -[...p].reduce((total, each) => total + each * Math.log(each), 0) / Math.log(5),
    }
    const row = Float32Array.of(0.2, 0.2, 0.2, 0.2, 0.2, ...p)
    expect(uncertaintyOf(by, row, 1, 5)).toBeCloseTo(formula[by], 6)
  })
})

test('300,000 patches are in order in less than half a second of the processor', () => {
  const random = seeded(9)
  const patches = Uint32Array.from({ length: 300_000 }, (_, i) => i)
  const keys = Float32Array.from(patches, () => random())
  const begun = process.cpuUsage()
  const ordered = orderByKey(patches, keys)
  expect(process.cpuUsage(begun).user / 1000).toBeLessThan(500)
  for (let i = 1; i < ordered.length; i++) expect(keys[ordered[i]!]!).toBeGreaterThanOrEqual(keys[ordered[i - 1]!]!)
})

test('a number below 0 is refused, not put anywhere', () => {
  expect(() => orderByKey(Uint32Array.of(1), Float32Array.of(-0.5))).toThrow(/-0.5/)
})

test('a certain and an undecided prediction are the ends of each scale', () => {
  const p = Float32Array.of(1, 0, 0.5, 0.5)
  expect(UNCERTAINTIES.map((by) => uncertaintyOf(by, p, 0, 2))).toEqual([0, 0, 0])
  expect(UNCERTAINTIES.map((by) => uncertaintyOf(by, p, 1, 2))).toEqual([0.5, 1, 1])
})

test('the least certain patches come first, those that are not predicted not at all', () => {
  const p = Float32Array.of(0.9, 0.1, NaN, NaN, 0.55, 0.45, 0.3, 0.7, 0.52, 0.48)
  expect([...leastCertain(Uint32Array.of(0, 1, 2, 3, 4), p, 2, 3)]).toEqual([4, 2, 3])
  expect([...leastCertain(Uint32Array.of(0, 1), p, 2, 3)]).toEqual([0])
})
