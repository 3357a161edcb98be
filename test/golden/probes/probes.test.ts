/** Classifiers on features against numpy: make_probes.py beside this file made the numbers, by other ways. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { nearestRows } from '../../../src-main/nn/backendSearch.ts'
import { nearestByHand, votes } from '../../../src-main/probes/knn.ts'
import { fitLogistic, linearLogits } from '../../../src-main/probes/logistic.ts'
import {
  centredUnit,
  columnMeans,
  type Matrix,
  standardisationOf,
  standardised,
} from '../../../src-main/probes/matrix.ts'
import { classMeans, prototypeLogits } from '../../../src-main/probes/prototypes.ts'
import { fitTemperature } from '../../../src-main/probes/temperature.ts'

type Case = {
  name: string
  seed: number
  k: number
  classes: number
  columns: number
  train: number[]
  labels: number[]
  test: number[]
  testLabels: number[]
  nearest: number[]
  distance: number[]
  votes: number[]
  votesWeighted: number[]
  prototypeLogits: number[]
  l2: number
  logistic: number[]
  logisticLoss: number
  linearLogits: number[]
  temperature: number
}

const { cases } = JSON.parse(readFileSync(path.join(import.meta.dirname, 'probes.json'), 'utf8')) as { cases: Case[] }

const matrix = (values: number[], columns: number): Matrix => ({
  values: Float32Array.from(values),
  rows: values.length / columns,
  columns,
})

function expectClose(actual: ArrayLike<number>, expected: readonly number[], digits: number): void {
  expect(actual.length).toBe(expected.length)
  for (const [i, value] of expected.entries()) expect(actual[i]).toBeCloseTo(value, digits)
}

describe.each(cases)('$name (seed $seed), as numpy has it', (golden) => {
  const { columns, classes, labels, k } = golden
  const train = matrix(golden.train, columns)
  const queries = matrix(golden.test, columns)
  const mean = columnMeans(train)
  const unit = centredUnit(train, mean)
  const unitQueries = centredUnit(queries, mean)

  test.each([
    ['by hand', async () => nearestByHand(unit, unitQueries, k)],
    ['by the engine', () => nearestRows(unit, unitQueries, k, 2)],
  ] as const)('the k nearest, their distances, and their votes, %s', async (_, find) => {
    const found = await find()
    expect([...found.index]).toEqual(golden.nearest)
    expectClose(
      Float64Array.from(found.product, (product) => Math.sqrt(2 - 2 * product)),
      golden.distance,
      5,
    )
    expectClose(votes(found, labels, classes, false), golden.votes, 12)
    expectClose(votes(found, labels, classes, true), golden.votesWeighted, 5)
  })

  test('distances to the class means', () => {
    const means = classMeans(unit, labels, classes)
    expectClose(prototypeLogits(unitQueries, means, classes), golden.prototypeLogits, 5)
  })

  const scaling = standardisationOf(train)
  const exactly = { gradientNorm: 1e-9, mostIterations: 1000 }
  const fitted = fitLogistic(standardised(train, scaling), labels, classes, golden.l2, exactly)

  test('weights, biases and loss of the logistic regression', () => {
    expect(fitted.converged).toBe(true)
    expect(fitted.value).toBeCloseTo(golden.logisticLoss, 9)
    expectClose(fitted.at, golden.logistic, 5)
    expectClose(linearLogits(standardised(queries, scaling), fitted.at, classes), golden.linearLogits, 5)
  })

  test('the temperature', () => {
    expect(fitTemperature(Float64Array.from(golden.linearLogits), golden.testLabels, classes)).toBeCloseTo(
      golden.temperature,
      6,
    )
  })
})
