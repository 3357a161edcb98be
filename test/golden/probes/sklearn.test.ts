/** Classifiers on features against scikit-learn: make_sklearn.py beside this file made the numbers. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { evaluate } from '../../../src-main/evaluation/evaluate.ts'
import { onnxBackend } from '../../../src-main/nn/backendOnnx.ts'
import { nearestRows } from '../../../src-main/nn/backendSearch.ts'
import { votes } from '../../../src-main/probes/knn.ts'
import { fitLogistic, linearLogits } from '../../../src-main/probes/logistic.ts'
import {
  centredUnit,
  columnMeans,
  crossEntropy,
  type Matrix,
  softmaxRows,
  standardisationOf,
  standardised,
} from '../../../src-main/probes/matrix.ts'
import { MLP, trainMlp } from '../../../src-main/probes/mlp.ts'
import { classMeans, prototypeLogits } from '../../../src-main/probes/prototypes.ts'
import { matlabMatrix } from '../../fixtures/matlabFile.ts'
import { sharedFile, testWith } from '../../fixtures/sharedData.ts'

const read = <T>(name: string): T => JSON.parse(readFileSync(path.join(import.meta.dirname, name), 'utf8')) as T

type Given = {
  classes: number
  columns: number
  k: number
  l2: number
  labels: number[]
  train: number[]
  test: number[]
}
type Found = { name: string; votes: number[]; votesWeighted: number[]; prototypes: number[]; linear: number[] }
type Tiles = Omit<Found, 'name' | 'votesWeighted'> & {
  k: number
  l2: number
  accuracy: Record<'knn' | 'linear' | 'prototypes', number>
  linearFigures: { balancedAccuracy: number; auc: number; logLoss: number }
  mlp: { seeds: number[]; accuracy: number[] }
}

const { cases } = read<{ cases: Given[] }>('probes.json')
const golden = read<{ sklearn: string; cases: Found[]; tiles: Tiles }>('sklearn.json')

const matrix = (values: ArrayLike<number>, columns: number): Matrix => ({
  values: Float32Array.from(values),
  rows: values.length / columns,
  columns,
})

const largestOf = (row: ArrayLike<number>, from: number, count: number): number => {
  let best = 0
  for (let c = 1; c < count; c++) if (row[from + c]! > row[from + best]!) best = c
  return best
}
const classesOf = (numbers: ArrayLike<number>, classes: number): number[] =>
  Array.from({ length: numbers.length / classes }, (_, row) => largestOf(numbers, row * classes, classes))

const largestDifference = (a: ArrayLike<number>, b: readonly number[]): number =>
  b.reduce((most, value, i) => Math.max(most, Math.abs(value - a[i]!)), 0)

const EXACTLY = { gradientNorm: 1e-7, mostIterations: 5000 }

type Work = { train: Matrix; labels: ArrayLike<number>; queries: Matrix; classes: number }

async function sharesOf({ train, labels, queries, classes }: Work, k: number, weighted: boolean) {
  const mean = columnMeans(train)
  const found = await nearestRows(centredUnit(train, mean), centredUnit(queries, mean), k, 2)
  return votes(found, labels, classes, weighted)
}

function prototypesOf({ train, labels, queries, classes }: Work): number[] {
  const mean = columnMeans(train)
  const means = classMeans(centredUnit(train, mean), labels, classes)
  return classesOf(prototypeLogits(centredUnit(queries, mean), means, classes), classes)
}

function linearOf({ train, labels, queries, classes }: Work, l2: number): Float64Array {
  const scaling = standardisationOf(train)
  const { at, converged } = fitLogistic(standardised(train, scaling), labels, classes, l2, EXACTLY)
  expect(converged).toBe(true)
  return linearLogits(standardised(queries, scaling), at, classes)
}

describe.each(golden.cases.map((found, i) => ({ ...found, given: cases[i]! })))(
  '$name, as scikit-learn has it',
  ({ given, ...expected }) => {
    const { classes, columns, k, l2, labels } = given
    const work = { train: matrix(given.train, columns), labels, queries: matrix(given.test, columns), classes }

    test('shares of the k nearest, each counting as one and by their distance', async () => {
      expect(largestDifference(await sharesOf(work, k, false), expected.votes)).toBeLessThan(1e-9)
      expect(largestDifference(await sharesOf(work, k, true), expected.votesWeighted)).toBeLessThan(1e-5)
    })

    test('the nearest class mean', () => {
      expect(prototypesOf(work)).toEqual(expected.prototypes)
    })

    test('probabilities of the logistic regression', () => {
      const probabilities = softmaxRows(linearOf(work, l2), classes)
      expect(largestDifference(probabilities, expected.linear)).toBeLessThan(2e-6)
    })
  },
)

describe('43 features of 5,000 tiles of colon, 8 classes, every fifth held out', () => {
  const FILE = 'features/kather2016_best2_43feat_5000tiles.mat'
  const CLASSES = 8
  const withTiles = testWith(FILE)
  const { tiles } = golden

  /** Standardised by the training rows, in float64; the file keeps the class, 1 to 8, in its last column. */
  function work(): Work & { truth: number[] } {
    const { rows, columns, values } = matlabMatrix(sharedFile(FILE), 'source_and_target')
    const places = Array.from({ length: rows }, (_, row) => row)
    const [fitted, held] = [places.filter((row) => row % 5 !== 0), places.filter((row) => row % 5 === 0)]
    const labelOf = (row: number) => values[(columns - 1) * rows + row]! - 1
    const scaled = Array.from({ length: columns - 1 }, (_, j) => {
      const of = (row: number) => Math.fround(values[j * rows + row]!)
      const mean = fitted.reduce((sum, row) => sum + of(row), 0) / fitted.length
      const deviation = Math.sqrt(fitted.reduce((sum, row) => sum + (of(row) - mean) ** 2, 0) / fitted.length)
      return (row: number) => (of(row) - mean) / deviation
    })
    const side = (some: number[]) =>
      matrix(
        some.flatMap((row) => scaled.map((column) => column(row))),
        columns - 1,
      )
    return {
      train: side(fitted),
      labels: fitted.map(labelOf),
      queries: side(held),
      truth: held.map(labelOf),
      classes: CLASSES,
    }
  }
  const accuracy = (said: readonly number[], truth: readonly number[]) =>
    said.filter((c, row) => c === truth[row]).length / truth.length

  withTiles('the 20 nearest are scikit-learn’s, but for ties that float32 can not tell apart', async () => {
    const given = work()
    const shares = await sharesOf(given, tiles.k, false)
    let others = 0
    for (let row = 0; row < given.truth.length; row++) {
      let moved = 0
      for (let c = 0; c < CLASSES; c++)
        moved += Math.abs(Math.round(tiles.k * shares[row * CLASSES + c]!) - tiles.votes[row * CLASSES + c]!)
      // one neighbour for another: one vote less here, one more there
      expect(moved).toBeLessThanOrEqual(2)
      if (moved > 0) others++
    }
    expect(others).toBeLessThanOrEqual(2)
    expect(accuracy(classesOf(shares, CLASSES), given.truth)).toBeCloseTo(tiles.accuracy.knn, 2)
  })

  withTiles('so are the nearest class means', () => {
    const given = work()
    expect(prototypesOf(given)).toEqual(tiles.prototypes)
    expect(accuracy(tiles.prototypes, given.truth)).toBe(tiles.accuracy.prototypes)
  })

  withTiles('and the logistic regression, with its accuracy, AUC and cross-entropy', () => {
    const given = work()
    const logits = linearOf(given, tiles.l2)
    const probabilities = softmaxRows(logits, CLASSES)
    expect(largestDifference(probabilities, tiles.linear)).toBeLessThan(1e-5)
    expect(crossEntropy(logits, given.truth, CLASSES)).toBeCloseTo(tiles.linearFigures.logLoss, 5)
    const names = Array.from({ length: CLASSES }, (_, c) => `class ${c}`)
    const found = evaluate(Float32Array.from(probabilities), given.truth, names)
    expect(found.accuracy).toBeCloseTo(tiles.accuracy.linear, 9)
    expect(found.balancedAccuracy).toBeCloseTo(tiles.linearFigures.balancedAccuracy, 9)
    expect(found.auc).toBeCloseTo(tiles.linearFigures.auc, 5)
  })

  withTiles(
    'a small network (seed 1) is no worse than the worst of five of scikit-learn’s of the same size and passes',
    async () => {
      const given = work()
      const scaling = standardisationOf(given.train)
      const settings = { classes: CLASSES, seed: 1 }
      const training = await trainMlp(onnxBackend(1), standardised(given.train, scaling), given.labels, settings)
      try {
        for (let round = 0; round < MLP.rounds; round++) await training.round()
        const logits = await training.logits(standardised(given.queries, scaling))
        const found = accuracy(classesOf(logits, CLASSES), given.truth)
        // of 1,000 tiles a point is one standard error
        expect(found).toBeGreaterThan(Math.min(...tiles.mlp.accuracy) - 0.01)
        expect(found).toBeLessThan(Math.max(...tiles.mlp.accuracy) + 0.03)
      } finally {
        await training.dispose()
      }
    },
  )
})
