import { describe, expect, test } from 'vitest'
import { isTesseraError } from '../../../src-shared/errors.ts'
import { binomial } from '../../../src-main/evaluation/binomial.ts'
import { evaluate } from '../../../src-main/evaluation/evaluate.ts'
import { wilsonInterval } from '../../../src-main/evaluation/intervals.ts'
import { newcombeInterval, rocAuc } from '../../../src-main/evaluation/rocAuc.ts'
import { seeded } from '../../../src-main/nn/random.ts'

const twoClasses = ['normal', 'tumor']
/** Probabilities of both classes from those of the second. */
const ofSecond = (...second: number[]) => Float32Array.from(second.flatMap((p) => [1 - p, p]))

describe('accuracy', () => {
  test('Wilson’s interval is that of his textbook example: 8 of 10', () => {
    const [lower, upper] = wilsonInterval(8, 10)
    expect(lower).toBeCloseTo(0.4902, 4)
    expect(upper).toBeCloseTo(0.9433, 4)
  })

  test('all right does not mean surely right: the lower bound of 20 of 20 is 0.839', () => {
    expect(wilsonInterval(20, 20)[0]).toBeCloseTo(0.8389, 4)
    expect(wilsonInterval(20, 20)[1]).toBe(1)
  })

  test('always saying the frequent class scores the majority baseline, and balanced accuracy one half', () => {
    const found = evaluate(ofSecond(0.1, 0.1, 0.1, 0.1), [0, 0, 0, 1], twoClasses)
    expect([found.accuracy, found.majorityBaseline, found.balancedAccuracy]).toEqual([0.75, 0.75, 0.5])
    expect(found.confusion).toEqual([
      [3, 0],
      [1, 0],
    ])
  })
})

describe('area under the ROC curve', () => {
  test('is the share of pairs in the right order, ties counting half', () => {
    const found = rocAuc([0.1, 0.4, 0.4, 0.8], Uint8Array.of(0, 0, 1, 1))
    expect(found?.auc).toBe((1 + 0.5 + 1 + 1) / 4)
  })

  test('is the same for both of two classes', () => {
    const p = ofSecond(0.2, 0.7, 0.4, 0.9, 0.1)
    const swapped = p.map((_, place) => p[place ^ 1])
    const one = evaluate(p, [0, 1, 0, 1, 1], twoClasses)
    const other = evaluate(swapped, [1, 0, 1, 0, 0], twoClasses)
    expect(other.auc).toBe(one.auc)
    expect(other.aucInterval?.[0]).toBeCloseTo(one.aucInterval?.[0] ?? 0, 12)
  })

  test('a perfect order of few patches is not certain: the interval ends at 1 but begins below', () => {
    const found = evaluate(ofSecond(0.1, 0.2, 0.3, 0.8, 0.9), [0, 0, 0, 1, 1], twoClasses)
    expect(found.auc).toBe(1)
    expect(found.aucInterval?.[1]).toBe(1)
    expect(found.aucInterval?.[0]).toBeGreaterThan(0.2)
    expect(found.aucInterval?.[0]).toBeLessThan(0.7)
  })

  test('a perfect order of many patches is nearly certain', () => {
    const [lower, upper] = newcombeInterval(1, 500, 500)
    expect(upper).toBe(1)
    expect(lower).toBeGreaterThan(0.98)
  })

  test('an order entirely wrong has the mirrored interval', () => {
    const [lower, upper] = newcombeInterval(0, 20, 30)
    const mirrored = newcombeInterval(1, 20, 30)
    expect(lower).toBeCloseTo(1 - mirrored[1], 12)
    expect(upper).toBeCloseTo(1 - mirrored[0], 12)
  })

  test('three classes entirely apart have an interval below 1, too', () => {
    const p = Float32Array.of(1, 0, 0, 1, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 1, 0, 0, 1)
    const found = evaluate(p, [0, 0, 1, 1, 2, 2], ['a', 'b', 'c'])
    expect(found.auc).toBe(1)
    expect(found.aucInterval?.[0]).toBeLessThan(0.9)
    expect(found.balancedAccuracyInterval[0]).toBeLessThan(0.9)
    expect(found.balancedAccuracyInterval[1]).toBe(1)
  })

  test('a single patch of a class still gives an interval within 0 and 1', () => {
    const found = evaluate(ofSecond(0.1, 0.6, 0.5), [0, 0, 1], twoClasses)
    expect(found.auc).toBe(0.5)
    const [lower, upper] = found.aucInterval ?? [Number.NaN, Number.NaN]
    expect(lower).toBeGreaterThanOrEqual(0)
    expect(upper).toBeLessThanOrEqual(1)
    expect(upper - lower).toBeGreaterThan(0.5)
  })

  test('is not defined when only one class occurs', () => {
    const found = evaluate(ofSecond(0.1, 0.6), [1, 1], twoClasses)
    expect([found.auc, found.aucInterval]).toEqual([null, null])
    expect(found.balancedAccuracy).toBe(0.5)
  })

  test.each([1, 2, 3])('95 %% intervals hold the true area about 95 times in 100 (seed %i)', (seed) => {
    // Two normal populations 1 apart: the true area is Φ(1/√2).
    const truth = 0.7602499
    const random = seeded(seed, 1)
    let held = 0
    for (let trial = 0; trial < 400; trial++) {
      const ofClass = Uint8Array.from({ length: 60 }, (_, patch) => Number(patch < 20))
      const interval = rocAuc(
        Array.from(ofClass, (of) => random.normal() + of),
        ofClass,
      )?.interval ?? [1, 0]
      if (interval[0] <= truth && truth <= interval[1]) held++
    }
    expect(held / 400).toBeGreaterThan(0.92)
    expect(held / 400).toBeLessThan(0.985)
  })
})

test.each([
  [10, 0.3],
  [500, 0.02],
  [3000, 0.9],
])('random counts have the mean and spread of Binomial(%i, %f)', (n, p) => {
  const random = seeded(9, n)
  const draw = binomial(n, p)
  const counts = Array.from({ length: 4000 }, () => draw(random))
  const mean = counts.reduce((a, b) => a + b) / counts.length
  const variance = counts.reduce((sum, count) => sum + (count - mean) ** 2, 0) / counts.length
  const spread = Math.sqrt(n * p * (1 - p))
  expect(Math.abs(mean - n * p)).toBeLessThan((4 * spread) / Math.sqrt(4000))
  expect(Math.sqrt(variance) / spread).toBeGreaterThan(0.95)
  expect(Math.sqrt(variance) / spread).toBeLessThan(1.05)
})

describe('what can not be evaluated is refused with the reason', () => {
  const reasonOf = (p: Float32Array, truth: number[]) => {
    try {
      evaluate(p, truth, twoClasses)
    } catch (error) {
      if (isTesseraError(error, 'EVALUATION_NOT_POSSIBLE')) return error.data.reason
      throw error
    }
    throw new Error('It was evaluated.')
  }
  test('no patches', () => expect(reasonOf(new Float32Array(), [])).toMatch('there are no patches'))
  test('probabilities that do not fit the patches', () =>
    expect(reasonOf(new Float32Array(3), [0, 1])).toBe('2 patches and 2 classes need 4 probabilities, but 3 came'))
  test('a class that does not exist', () => expect(reasonOf(ofSecond(1), [2])).toMatch('patch 0 is of class 2'))
  test('no numbers', () => expect(reasonOf(ofSecond(Number.NaN), [1])).toMatch('not numbers'))
})

test('the same predictions always get the same intervals', () => {
  const random = seeded(4, 4)
  const p = Float32Array.from({ length: 300 }, () => random.next())
  const truth = Array.from({ length: 100 }, () => random.below(3))
  expect(evaluate(p, truth, ['a', 'b', 'c'])).toEqual(evaluate(p, truth, ['a', 'b', 'c']))
})

test('60,000 patches of ten classes take seconds, not minutes', { timeout: 60_000 }, () => {
  const random = seeded(6, 6)
  const p = Float32Array.from({ length: 600_000 }, () => random.next())
  const truth = Uint16Array.from({ length: 60_000 }, () => random.below(10))
  const names = Array.from({ length: 10 }, (_, k) => String(k))
  const started = performance.now()
  const found = evaluate(p, truth, names)
  expect(found.auc).toBeCloseTo(0.5, 2)
  expect((performance.now() - started) / 1000).toBeLessThan(30)
})
