/** Classifiers on features against calculus and against what must hold of any of them. */
import { describe, expect, test } from 'vitest'
import { nearestRows } from '../../../src-main/nn/backendSearch.ts'
import { seeded } from '../../../src-main/nn/random.ts'
import { probeFolds, sidesOf } from '../../../src-main/probes/folds.ts'
import { nearestByHand, voteLogits, votes } from '../../../src-main/probes/knn.ts'
import { minimise } from '../../../src-main/probes/lbfgs.ts'
import { fitLogistic, linearLogits, logisticLoss } from '../../../src-main/probes/logistic.ts'
import {
  centredUnit,
  columnMeans,
  crossEntropy,
  type Matrix,
  softmaxRows,
  standardisationOf,
  standardised,
} from '../../../src-main/probes/matrix.ts'
import { classMeans, prototypeLogits } from '../../../src-main/probes/prototypes.ts'
import { fitTemperature } from '../../../src-main/probes/temperature.ts'

/** Normal numbers about a centre for each class. */
function blobs(rows: number, columns: number, classes: number, apart: number, seed: number) {
  const random = seeded(seed, rows)
  const centres = Float64Array.from({ length: classes * columns }, () => apart * random.normal())
  const classOf = Uint16Array.from({ length: rows }, (_, row) => row % classes)
  const values = Float32Array.from(
    { length: rows * columns },
    (_, at) => centres[classOf[Math.floor(at / columns)]! * columns + (at % columns)]! + random.normal(),
  )
  return { features: { values, rows, columns } satisfies Matrix, classOf }
}

const times = (matrix: Matrix, factor: number): Matrix => ({
  ...matrix,
  values: matrix.values.map((value) => factor * value),
})

const unitOf = (features: Matrix) => centredUnit(features, columnMeans(features))

const largest = (rows: ArrayLike<number>, classes: number, row: number): number => {
  let best = 0
  for (let c = 1; c < classes; c++) if (rows[row * classes + c]! > rows[row * classes + best]!) best = c
  return best
}

describe('k nearest neighbours', () => {
  test('of vectors known by head: the nearest first, equal ones in the order of the training patches', () => {
    const base = { values: Float32Array.of(1, 0, 0, 1, 1, 0, -1, 0), rows: 4, columns: 2 }
    const query = { values: Float32Array.of(1, 0), rows: 1, columns: 2 }
    expect([...nearestByHand(base, query, 4).index]).toEqual([0, 2, 1, 3])
  })

  test.each([1, 2, 3])(
    'the engine finds what the definition says, also over several blocks (seed %i)',
    async (seed) => {
      const { features } = blobs(700, 16, 3, 1, seed)
      const base = unitOf(features)
      const byHand = nearestByHand(base, base, 9)
      const found = await nearestRows(base, base, 9, 2)
      expect(found.k).toBe(9)
      // Neighbours whose products float32 can not tell apart may change places.
      for (const [i, product] of byHand.product.entries()) expect(found.product[i]).toBeCloseTo(product, 5)
      const different = [...byHand.index].filter((row, i) => found.index[i] !== row).length
      expect(different).toBeLessThan(byHand.index.length / 1000)
    },
  )

  test('with as many neighbours as patches the majority wins everywhere', () => {
    const { features } = blobs(30, 4, 2, 1, 1)
    const classOf = Uint16Array.from({ length: 30 }, (_, row) => (row < 19 ? 1 : 0))
    const unit = unitOf(features)
    const shares = votes(nearestByHand(unit, unit, 30), classOf, 2, false)
    for (let row = 0; row < 30; row++) expect(shares[2 * row + 1]).toBeCloseTo(19 / 30, 12)
  })

  test('equal votes go to the class that comes first', () => {
    const found = { k: 2, index: Int32Array.of(0, 1), product: Float32Array.of(0.9, 0.8) }
    const shares = votes(found, [1, 0], 2, false)
    expect([...shares]).toEqual([0.5, 0.5])
    expect(largest(voteLogits(shares, 2), 2, 0)).toBe(0)
  })

  test('weighted, a near neighbour outvotes two far ones', () => {
    const found = { k: 3, index: Int32Array.of(0, 1, 2), product: Float32Array.of(0.999, 0.2, 0.1) }
    const of = (weighted: boolean) => votes(found, [1, 0, 0], 2, weighted)
    expect(of(false)[1]).toBeCloseTo(1 / 3, 12)
    expect(of(true)[1]).toBeGreaterThan(0.9)
  })

  test.each([0.01, 1, 1000])('neighbours do not change when all features are %f times as large', (factor) => {
    const { features } = blobs(60, 8, 2, 1, 5)
    const found = (some: Matrix) => [...nearestByHand(unitOf(some), unitOf(some), 5).index]
    expect(found(times(features, factor))).toEqual(found(features))
  })

  test('a patch that equals the mean stays a vector of zeros and no NaN', () => {
    const features = { values: Float32Array.of(1, 1, 3, 3, 2, 2), rows: 3, columns: 2 }
    expect([...unitOf(features).values.subarray(4)]).toEqual([0, 0])
  })
})

describe('class means', () => {
  test('take each patch for the class whose mean is nearest: classes far apart are told without a mistake', () => {
    const { features, classOf } = blobs(90, 6, 3, 5, 1)
    const unit = unitOf(features)
    const logits = prototypeLogits(unit, classMeans(unit, classOf, 3), 3)
    for (const [row, of] of classOf.entries()) expect(largest(logits, 3, row)).toBe(of)
  })
})

describe('L-BFGS', () => {
  test('finds the minimum of Rosenbrock’s valley at (1, 1)', () => {
    const rosenbrock = (at: Float64Array, gradient: Float64Array): number => {
      const [x, y] = [at[0]!, at[1]!]
      gradient[0] = -400 * x * (y - x * x) - 2 * (1 - x)
      gradient[1] = 200 * (y - x * x)
      return 100 * (y - x * x) ** 2 + (1 - x) ** 2
    }
    const found = minimise(rosenbrock, Float64Array.of(-1.2, 1), { gradientNorm: 1e-8, mostIterations: 200 })
    expect(found.converged).toBe(true)
    expect(found.at[0]).toBeCloseTo(1, 6)
    expect(found.at[1]).toBeCloseTo(1, 6)
  })

  test('says that it did not get there when its iterations are over', () => {
    const bowl = (at: Float64Array, gradient: Float64Array): number => {
      let sum = 0
      for (const [i, x] of at.entries()) {
        gradient[i] = 2 * (i + 1) * x
        sum += (i + 1) * x * x
      }
      return sum
    }
    const start = new Float64Array(20).fill(1)
    expect(minimise(bowl, start, { gradientNorm: 1e-10, mostIterations: 2 })).toMatchObject({
      converged: false,
      iterations: 2,
    })
    expect([...start]).toEqual(new Array(20).fill(1))
  })
})

describe('logistic regression', () => {
  test.each([1, 2, 3])('the gradient equals the slope of the loss (seed %i)', (seed) => {
    const { features, classOf } = blobs(25, 5, 3, 1, seed)
    const loss = logisticLoss(features, classOf, 3, 0.1)
    const random = seeded(seed, 7)
    const at = Float64Array.from({ length: 3 * 6 }, () => random.normal())
    const gradient = new Float64Array(at.length)
    loss(at, gradient)
    const unused = new Float64Array(at.length)
    for (let i = 0; i < at.length; i++) {
      const [up, down] = [at.slice(), at.slice()]
      up[i]! += 1e-5
      down[i]! -= 1e-5
      expect(gradient[i]).toBeCloseTo((loss(up, unused) - loss(down, unused)) / 2e-5, 7)
    }
  })

  test.each([1, 2, 3])('ends where the gradient is below 1e-5, at any strength of L2 (seed %i)', (seed) => {
    const { features, classOf } = blobs(120, 12, 3, 0.6, seed)
    const scaled = standardised(features, standardisationOf(features))
    for (const lambda of [1, 1e-2, 1e-4]) {
      const found = fitLogistic(scaled, classOf, 3, lambda, { gradientNorm: 1e-6, mostIterations: 2000 })
      expect(found.converged, String(lambda)).toBe(true)
      expect(found.gradientNorm).toBeLessThan(1e-5)
    }
  })

  test('tells two classes apart that a plane separates', () => {
    const { features, classOf } = blobs(80, 4, 2, 6, 2)
    const scaled = standardised(features, standardisationOf(features))
    const { at } = fitLogistic(scaled, classOf, 2, 1e-3, { gradientNorm: 1e-6, mostIterations: 500 })
    const logits = linearLogits(scaled, at, 2)
    for (const [row, of] of classOf.entries()) expect(largest(logits, 2, row)).toBe(of)
  })

  test('features that say nothing: the probabilities are the shares of the classes', () => {
    const classOf = Uint16Array.from({ length: 40 }, (_, row) => (row < 30 ? 0 : 1))
    const nothing = { values: new Float32Array(40 * 3), rows: 40, columns: 3 }
    const { at } = fitLogistic(nothing, classOf, 2, 1e-2, { gradientNorm: 1e-9, mostIterations: 200 })
    expect(softmaxRows(linearLogits(nothing, at, 2), 2)[0]).toBeCloseTo(0.75, 6)
  })

  test('standardised, a column that never changes is 0, and units do not matter', () => {
    const features = { values: Float32Array.of(7, 1, 7, 2, 7, 3), rows: 3, columns: 2 }
    const scaled = standardised(features, standardisationOf(features))
    expect([...scaled.values].filter((_, i) => i % 2 === 0)).toEqual([0, 0, 0])
    const larger = times(features, 1000)
    for (const [i, value] of standardised(larger, standardisationOf(larger)).values.entries())
      expect(value).toBeCloseTo(scaled.values[i]!, 5)
  })
})

describe('temperature', () => {
  test.each([0.25, 1, 4])('logits that are %f times too large are divided by it', (factor) => {
    const random = seeded(3)
    const rows = 4000
    const logits = new Float64Array(rows * 2)
    const classOf = new Uint16Array(rows)
    for (let row = 0; row < rows; row++) {
      const true1 = 2 * random.normal()
      logits[2 * row + 1] = factor * true1
      classOf[row] = random.next() < 1 / (1 + Math.exp(-true1)) ? 1 : 0
    }
    const found = fitTemperature(logits, classOf, 2)
    expect(found / factor).toBeGreaterThan(0.9)
    expect(found / factor).toBeLessThan(1.1)
    expect(crossEntropy(logits, classOf, 2, found)).toBeLessThanOrEqual(crossEntropy(logits, classOf, 2) + 1e-9)
  })

  test('logits that make no mistake give sure probabilities, not certain ones', () => {
    const logits = Float64Array.from({ length: 40 }, (_, i) => (Math.floor(i / 2) % 2 === i % 2 ? 1 : 0))
    const classOf = Uint16Array.from({ length: 20 }, (_, row) => row % 2)
    const [sure] = softmaxRows(logits, 2, fitTemperature(logits, classOf, 2))
    expect(sure).toBeCloseTo(1 - 1 / 22, 4)
  })

  test('changes no order of classes', () => {
    const random = seeded(4)
    const logits = Float64Array.from({ length: 300 }, random.normal)
    const [one, other] = [softmaxRows(logits, 3, 0.3), softmaxRows(logits, 3, 8)]
    for (let row = 0; row < 100; row++) expect(largest(one, 3, row)).toBe(largest(other, 3, row))
  })
})

describe('folds', () => {
  const classes = ['normal', 'tumor']

  test.each([1, 2, 3])('hold out every patch once, and each class as evenly as can be (seed %i)', (seed) => {
    const classOf = Uint16Array.from({ length: 53 }, (_, row) => (row < 20 ? 0 : 1))
    const folds = probeFolds(classOf, null, classes, seed)
    expect(folds).toMatchObject({ rule: 'stratified', folds: 5 })
    for (let fold = 0; fold < 5; fold++) {
      const { held, fitted } = sidesOf(folds, fold)
      expect(held.length + fitted.length).toBe(53)
      expect(held.filter((row) => classOf[row] === 0)).toHaveLength(4)
    }
  })

  test('patches of one slide stay together where slides are known', () => {
    const random = seeded(6)
    const groupOf = Uint32Array.from({ length: 200 }, () => random.below(12))
    const classOf = Uint16Array.from({ length: 200 }, (_, row) => (row + groupOf[row]!) % 2)
    const folds = probeFolds(classOf, groupOf, classes, 1)
    expect(folds).toMatchObject({ rule: 'group', folds: 5 })
    for (let group = 0; group < 12; group++)
      expect(new Set([...folds.foldOf].filter((_, row) => groupOf[row] === group)).size).toBeLessThanOrEqual(1)
  })

  test('slides that hold one class each, one slide a class, can not be kept together, and the rule says so', () => {
    const classOf = Uint16Array.from({ length: 20 }, (_, row) => row % 2)
    expect(probeFolds(classOf, Uint32Array.from(classOf), classes, 1).rule).toBe('stratified')
  })

  test('a class of one patch is refused by name', () => {
    expect(() => probeFolds(Uint16Array.of(0, 0, 0, 1), null, classes, 1)).toThrow(
      expect.objectContaining({ code: 'PROBE_NOT_POSSIBLE', message: expect.stringContaining('1 of “tumor”') }),
    )
  })
})
