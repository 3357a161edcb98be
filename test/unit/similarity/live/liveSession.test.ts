/** Learning from labels as they come must end where learning from all of them at once does. */
import { afterAll, describe, expect, test } from 'vitest'
import { openProducts } from '../../../../src-main/nn/backendProducts.ts'
import { nearestByHand, voteLogits, votes } from '../../../../src-main/probes/knn.ts'
import { fitLogistic, linearLogits } from '../../../../src-main/probes/logistic.ts'
import {
  centredUnit,
  columnMeans,
  type Matrix,
  rowsOf,
  softmaxRows,
  standardisationOf,
  standardised,
} from '../../../../src-main/probes/matrix.ts'
import { classMeans, prototypeLogits } from '../../../../src-main/probes/prototypes.ts'
import { seeded } from '../../../../src-main/nn/random.ts'
import { LiveSession } from '../../../../src-main/similarity/live/liveSession.ts'
import { BLOCK, type ProductsOf } from '../../../../src-main/similarity/live/productColumns.ts'
import type { LiveTraining } from '../../../../src-main/similarity/live/training.ts'

const COLUMNS = 9
const CLASSES = 3

/** Features whose mean is far larger than their spread, with some rows that are the same picture. */
function features(rows: number, seed: number): Matrix {
  const random = seeded(seed)
  const values = Float32Array.from({ length: rows * COLUMNS }, (_, at) => 20 + (at % COLUMNS) + random.normal())
  for (let row = 10; row < rows; row += 10) values.copyWithin(row * COLUMNS, 0, COLUMNS)
  return { values, rows, columns: COLUMNS }
}

/** A person who labels, changes their mind and takes labels back: the labels after each step. */
function* labelling(rows: number, steps: number, seed: number): Generator<LiveTraining & { chosen: number[] }> {
  const all = features(rows, seed)
  const random = seeded(seed, 1)
  const labels = new Map<number, number>([
    [0, 0],
    [1, 1],
    [2, 2],
  ])
  for (let step = 0; step < steps; step++) {
    for (let gesture = 0; gesture <= random.below(6); gesture++) {
      const patch = random.below(rows)
      if (random.next() < 0.25 && labels.size > 6) labels.delete([...labels.keys()][3 + random.below(labels.size - 3)]!)
      else if (patch > 2) labels.set(patch, random.below(CLASSES))
    }
    const chosen = [...labels.keys()].toSorted((a, b) => a - b)
    yield {
      chosen,
      keys: chosen.map((patch) => `a/${patch}`),
      features: rowsOf(all, chosen),
      classOf: Uint16Array.from(chosen, (patch) => labels.get(patch)!),
      classes: CLASSES,
    }
  }
}

function knnFromNothing(rows: Matrix, { features, classOf }: LiveTraining, k: number, weighted: boolean): Float64Array {
  const mean = columnMeans(features)
  // no more than the rarest class has labels
  const counts = Array.from({ length: CLASSES }, (_, c) => classOf.filter((each) => each === c).length)
  const kept = Math.min(k, ...counts)
  const found = nearestByHand(centredUnit(features, mean), centredUnit(rows, mean), kept)
  return voteLogits(votes(found, classOf, CLASSES, weighted), kept)
}

const largest = (differences: Float64Array): number =>
  differences.reduce((most, each) => Math.max(most, Math.abs(each)), 0)

const engine = await openProducts(COLUMNS, 1)
afterAll(() => engine.close())
const productsOf: ProductsOf = (rows, vectors) => engine.of(rows, vectors)

describe('live', () => {
  test.each([1, 2, 3, 4, 5])(
    'nearest neighbours have the votes of a fit from nothing after every gesture (seed %i)',
    async (seed) => {
      const rows = features(150, seed)
      const session = new LiveSession(rows, productsOf)
      for (const training of labelling(150, 60, seed)) {
        const live = await session.logits(training, { kind: 'knn', k: 7, weighted: false })
        const expected = knnFromNothing(rows, training, 7, false)
        expect(largest(live.map((logit, at) => logit - expected[at]!))).toBeLessThan(1e-12)
      }
    },
  )

  test.each([1, 2, 3])(
    'weighted votes are those of a fit from nothing, whatever k was before (seed %i)',
    async (seed) => {
      const rows = features(120, seed)
      const session = new LiveSession(rows, productsOf)
      let k = 1
      for (const training of labelling(120, 25, seed)) {
        k = (k % 20) + 3
        const live = await session.logits(training, { kind: 'knn', k, weighted: true })
        const expected = knnFromNothing(rows, training, k, true)
        // Near a copy of itself a patch is 0 away, where float32 knows only that it is less than a thousandth.
        expect(largest(live.map((logit, at) => logit - expected[at]!))).toBeLessThan(2e-2)
      }
    },
  )

  test('columns of more than one block say the same', async () => {
    const rows = features(3 * BLOCK, 8)
    const session = new LiveSession(rows, productsOf)
    const training = (count: number): LiveTraining => {
      const chosen = Array.from({ length: count }, (_, i) => i)
      return {
        keys: chosen.map(String),
        features: rowsOf(rows, chosen),
        classOf: Uint16Array.from(chosen, (i) => i % CLASSES),
        classes: CLASSES,
      }
    }
    for (const count of [2 * BLOCK + 5, BLOCK, 2 * BLOCK + 1, 7, BLOCK + 3]) {
      const live = await session.logits(training(count), { kind: 'knn', k: 5, weighted: false })
      const expected = knnFromNothing(rows, training(count), 5, false)
      expect(largest(live.map((logit, at) => logit - expected[at]!)), `${count} labels`).toBeLessThan(1e-12)
    }
  })

  test.each([1, 2, 3])('the linear classifier ends at the minimum of a fit from nothing (seed %i)', async (seed) => {
    const rows = features(120, seed)
    const session = new LiveSession(rows, productsOf)
    for (const training of labelling(120, 30, seed)) {
      const live = await session.refit(training, { kind: 'linear', l2: 0.01 }, 1)
      const scaling = standardisationOf(training.features)
      const { at } = fitLogistic(standardised(training.features, scaling), training.classOf, CLASSES, 0.01, {
        gradientNorm: 1e-9,
        mostIterations: 5000,
      })
      const expected = softmaxRows(linearLogits(standardised(rows, scaling), at, CLASSES), CLASSES)
      expect(largest(expected.map((p, i) => p - live[i]!))).toBeLessThan(2e-3)
    }
  })

  test.each([1, 2, 3])('class means are those of a fit from nothing (seed %i)', async (seed) => {
    const rows = features(120, seed)
    const session = new LiveSession(rows, productsOf)
    for (const training of labelling(120, 20, seed)) {
      const live = await session.logits(training, { kind: 'prototypes' })
      const mean = columnMeans(training.features)
      const means = classMeans(centredUnit(training.features, mean), training.classOf, CLASSES)
      const expected = prototypeLogits(centredUnit(rows, mean), means, CLASSES)
      expect(largest(live.map((logit, i) => logit - expected[i]!))).toBeLessThan(1e-4)
    }
  })
})
