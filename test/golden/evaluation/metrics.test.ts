/** Against scikit-learn and SciPy: numbers made by make_metrics.py. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { Evaluation, Interval } from '../../../src-shared/evaluation.ts'
import { evaluate } from '../../../src-main/evaluation/evaluate.ts'

type Golden = Omit<Evaluation, 'n' | 'classes' | 'auc' | 'aucInterval'> & {
  name: string
  seed: number
  classes: number
  truth: number[]
  probabilities: number[]
  auc: number
  aucInterval: Interval
}
const { cases } = JSON.parse(readFileSync(new URL('metrics.json', import.meta.url), 'utf8')) as { cases: Golden[] }

/** Two bootstraps of 2,000 draws differ by chance; their bounds lie this close together. */
const BOOTSTRAP_CHANCE = 0.012

function expectInterval(found: Interval | null, truth: Interval, within: number): void {
  expect(Math.abs((found?.[0] ?? Number.NaN) - truth[0]), `lower bound ${found?.[0]} and ${truth[0]}`).toBeLessThan(
    within,
  )
  expect(Math.abs((found?.[1] ?? Number.NaN) - truth[1]), `upper bound ${found?.[1]} and ${truth[1]}`).toBeLessThan(
    within,
  )
}

test.each(cases)('figures and intervals equal those of scikit-learn and SciPy: $name (seed $seed)', (golden) => {
  const names = Array.from({ length: golden.classes }, (_, k) => `class ${k}`)
  const found = evaluate(Float32Array.from(golden.probabilities), golden.truth, names)
  expect(found.n).toBe(golden.truth.length)
  expect(found.confusion).toEqual(golden.confusion)
  expect(found.accuracy).toBeCloseTo(golden.accuracy, 12)
  expect(found.majorityBaseline).toBeCloseTo(golden.majorityBaseline, 12)
  expectInterval(found.accuracyInterval, golden.accuracyInterval, 1e-9)
  expect(found.balancedAccuracy).toBeCloseTo(golden.balancedAccuracy, 12)
  expectInterval(found.balancedAccuracyInterval, golden.balancedAccuracyInterval, BOOTSTRAP_CHANCE)
  expect(found.auc).toBeCloseTo(golden.auc, 12)
  expectInterval(found.aucInterval, golden.aucInterval, golden.classes === 2 ? 1e-9 : BOOTSTRAP_CHANCE)
})
