import { describe, expect, test } from 'vitest'
import { add, addBackward } from '../../../../src-main/nn/reference/add.ts'
import { averagePool, averagePoolBackward } from '../../../../src-main/nn/reference/averagePool.ts'
import { batchNorm, batchNormBackward, batchStatistics } from '../../../../src-main/nn/reference/batchNorm.ts'
import { concatenate, concatenateBackward } from '../../../../src-main/nn/reference/concatenate.ts'
import { convolution, convolutionBackward } from '../../../../src-main/nn/reference/convolution.ts'
import { dense, denseBackward } from '../../../../src-main/nn/reference/dense.ts'
import { dropout, dropoutBackward } from '../../../../src-main/nn/reference/dropout.ts'
import { flatten, flattenBackward } from '../../../../src-main/nn/reference/flatten.ts'
import { globalAveragePool, globalAveragePoolBackward } from '../../../../src-main/nn/reference/globalAveragePool.ts'
import { maxPool, maxPoolBackward } from '../../../../src-main/nn/reference/maxPool.ts'
import { smoothedTarget, softmax, softmaxCrossEntropy } from '../../../../src-main/nn/reference/softmaxCrossEntropy.ts'
import { tensor } from '../../../../src-main/nn/reference/tensor.ts'
import { expectSlope, randomTensor, weighted } from './slope.ts'

const seeds = [1, 2, 3]

/** Windows of every kind: with and without padding, overlapping, with a rest that no window reaches. */
const windows = [
  { kernel: 1, stride: 1, padding: 0 },
  { kernel: 3, stride: 1, padding: 1 },
  { kernel: 3, stride: 2, padding: 1 },
  { kernel: 2, stride: 2, padding: 0 },
  { kernel: 4, stride: 3, padding: 2 },
]
const named = (window: (typeof windows)[number]) =>
  `kernel ${window.kernel}, stride ${window.stride}, padding ${window.padding}`

describe('convolution', () => {
  test('is a weighted sum of the window, plus the bias of the filter', () => {
    const picture = tensor([1, 1, 3, 3], [1, 2, 3, 4, 5, 6, 7, 8, 9])
    const corners = tensor([1, 1, 2, 2], [1, 0, 0, 10])
    const y = convolution(picture, corners, tensor([1], [100]), { kernel: 2, stride: 1, padding: 0 })
    expect([...y.data]).toEqual([151, 162, 184, 195])
  })

  test('sees zeros beyond the border', () => {
    const ones = tensor([1, 1, 2, 2], [1, 1, 1, 1])
    const y = convolution(ones, tensor([1, 1, 3, 3], new Array(9).fill(1)), null, { kernel: 3, stride: 1, padding: 1 })
    expect([...y.data]).toEqual([4, 4, 4, 4])
  })

  test('uses the same weights everywhere: a shifted picture gives a shifted map', () => {
    const dot = (place: number) =>
      tensor(
        [1, 1, 5, 5],
        Array.from({ length: 25 }, (_, at) => Number(at === place)),
      )
    const filter = randomTensor([1, 1, 3, 3], 7)
    const window = { kernel: 3, stride: 1, padding: 1 }
    const here = convolution(dot(11), filter, null, window).data
    const oneRight = convolution(dot(12), filter, null, window).data
    for (let row = 0; row < 5; row++)
      for (let column = 0; column < 4; column++) expect(oneRight[row * 5 + column + 1]).toBe(here[row * 5 + column])
  })

  for (const window of windows)
    test.each(seeds)(`gradients equal the slope of the loss, ${named(window)} (seed %i)`, (seed) => {
      const x = randomTensor([2, 3, 6, 5], seed, 1)
      const weight = randomTensor([2, 3, window.kernel, window.kernel], seed, 2)
      const bias = randomTensor([2], seed, 3)
      const weights = randomTensor(convolution(x, weight, bias, window).dims, seed, 4)
      const loss = () => weighted(convolution(x, weight, bias, window), weights)
      const gradient = convolutionBackward(x, weight, window, weights)
      expectSlope(x, gradient.x, loss)
      expectSlope(weight, gradient.weight, loss)
      expectSlope(bias, gradient.bias, loss)
    })
})

describe('pooling', () => {
  test('the maximum of each window goes on', () => {
    const x = tensor([1, 1, 2, 4], [1, 5, 2, 0, 3, 4, 8, 7])
    expect([...maxPool(x, { kernel: 2, stride: 2, padding: 0 }).y.data]).toEqual([5, 8])
  })

  test('padding never is the maximum, not even of negative values', () => {
    const x = tensor([1, 1, 2, 2], [-4, -3, -2, -1])
    expect([...maxPool(x, { kernel: 3, stride: 2, padding: 1 }).y.data]).toEqual([-1])
  })

  test('of equal values the first gets the whole gradient', () => {
    const x = tensor([1, 1, 2, 2], [7, 7, 7, 7])
    const { from } = maxPool(x, { kernel: 2, stride: 2, padding: 0 })
    expect([...maxPoolBackward(x.dims, from, tensor([1, 1, 1, 1], [3])).data]).toEqual([3, 0, 0, 0])
  })

  test('at a border the mean is over what is there', () => {
    const x = tensor([1, 1, 2, 2], [1, 2, 3, 6])
    expect([...averagePool(x, { kernel: 2, stride: 1, padding: 1 }).data]).toEqual([1, 1.5, 2, 2, 3, 4, 3, 4.5, 6])
  })

  test('global average pooling makes one number of each map', () => {
    expect([...globalAveragePool(tensor([1, 2, 1, 2], [1, 3, 10, 20])).data]).toEqual([2, 15])
  })

  for (const window of windows)
    test.each(seeds)(`gradients equal the slope of the loss, ${named(window)} (seed %i)`, (seed) => {
      const x = randomTensor([2, 2, 6, 5], seed, 5)
      const { y, from } = maxPool(x, window)
      const weights = randomTensor(y.dims, seed, 6)
      expectSlope(x, maxPoolBackward(x.dims, from, weights), () => weighted(maxPool(x, window).y, weights))
      expectSlope(x, averagePoolBackward(x.dims, window, weights), () => weighted(averagePool(x, window), weights))
    })

  test.each(seeds)('gradient of the global average equals the slope of the loss (seed %i)', (seed) => {
    const x = randomTensor([2, 3, 4, 3], seed, 7)
    const weights = randomTensor([2, 3], seed, 8)
    expectSlope(x, globalAveragePoolBackward(x.dims, weights), () => weighted(globalAveragePool(x), weights))
  })
})

describe('dense', () => {
  test('every output is a weighted sum of all inputs plus a bias', () => {
    const y = dense(tensor([1, 2], [2, 3]), tensor([2, 2], [1, 10, 100, 1000]), tensor([2], [0.5, 0.25]))
    expect([...y.data]).toEqual([32.5, 3200.25])
  })

  test.each(seeds)('gradients equal the slope of the loss (seed %i)', (seed) => {
    const x = randomTensor([3, 4], seed, 9)
    const weight = randomTensor([2, 4], seed, 10)
    const bias = randomTensor([2], seed, 11)
    const weights = randomTensor([3, 2], seed, 12)
    const loss = () => weighted(dense(x, weight, bias), weights)
    const gradient = denseBackward(x, weight, weights)
    expectSlope(x, gradient.x, loss)
    expectSlope(weight, gradient.weight, loss)
    expectSlope(bias, gradient.bias, loss)
  })
})

describe('batch norm', () => {
  test.each(seeds)('gives every channel mean 0 and variance 1 before scale and shift (seed %i)', (seed) => {
    const x = randomTensor([4, 3, 2, 2], seed, 13)
    const y = batchNorm(x, tensor([3], [1, 1, 1]), tensor([3], [0, 0, 0]), batchStatistics(x), 1e-12)
    const { mean, variance } = batchStatistics(y)
    for (const channel of [0, 1, 2]) {
      expect(mean[channel]).toBeCloseTo(0, 10)
      expect(variance[channel]).toBeCloseTo(1, 6)
    }
  })

  test('with running averages a patch does not depend on the others of its batch', () => {
    const running = { mean: Float64Array.of(0.5), variance: Float64Array.of(4) }
    const scale = tensor([1], [2])
    const shift = tensor([1], [1])
    const alone = batchNorm(tensor([1, 1, 1, 1], [2.5]), scale, shift, running, 0)
    const among = batchNorm(tensor([2, 1, 1, 1], [2.5, -90]), scale, shift, running, 0)
    expect([alone.data[0], among.data[0]]).toEqual([3, 3])
  })

  test.each(seeds)('gradients equal the slope of the loss (seed %i)', (seed) => {
    const x = randomTensor([3, 2, 2, 3], seed, 14)
    const scale = randomTensor([2], seed, 15)
    const shift = randomTensor([2], seed, 16)
    const weights = randomTensor(x.dims, seed, 17)
    const loss = () => weighted(batchNorm(x, scale, shift, batchStatistics(x), 1e-3), weights)
    const gradient = batchNormBackward(x, scale, batchStatistics(x), 1e-3, weights)
    expectSlope(x, gradient.x, loss)
    expectSlope(scale, gradient.scale, loss)
    expectSlope(shift, gradient.shift, loss)
  })
})

describe('layers without parameters', () => {
  test.each(seeds)('gradients equal the slope of the loss (seed %i)', (seed) => {
    const x = randomTensor([2, 3, 2, 2], seed, 18)
    const other = randomTensor([2, 3, 2, 2], seed, 19)
    const mask = tensor(
      x.dims,
      randomTensor(x.dims, seed, 20).data.map((value) => (value < 0 ? 0 : 2)),
    )
    const weights = randomTensor(x.dims, seed, 21)
    expectSlope(x, dropoutBackward(mask, weights), () => weighted(dropout(x, mask), weights))
    expectSlope(x, flattenBackward(x.dims, weights), () => weighted(flatten(x), weights))

    const [toX, toOther] = addBackward([x, other], weights)
    expectSlope(x, toX, () => weighted(add([x, other]), weights))
    expectSlope(other, toOther, () => weighted(add([x, other]), weights))
    const twice = add(addBackward([x, x], weights))
    expectSlope(x, twice, () => weighted(add([x, x]), weights))

    const both = randomTensor([2, 6, 2, 2], seed, 22)
    const [first, second] = concatenateBackward([x, other], both)
    expectSlope(x, first, () => weighted(concatenate([x, other]), both))
    expectSlope(other, second, () => weighted(concatenate([x, other]), both))
  })

  test('joined maps keep the channels of one patch together', () => {
    const joined = concatenate([tensor([2, 1, 1, 1], [1, 2]), tensor([2, 2, 1, 1], [10, 11, 20, 21])])
    expect([joined.dims, [...joined.data]]).toEqual([
      [2, 3, 1, 1],
      [1, 10, 11, 2, 20, 21],
    ])
  })
})

describe('softmax cross-entropy', () => {
  test.each(seeds)('gradient equals the slope of the loss (seed %i)', (seed) => {
    const logits = randomTensor([4, 3], seed, 23)
    const target = tensor([4, 3], [...smoothedTarget(3, 0, 0), ...smoothedTarget(3, 2, 0.1), 0, 0, 0, 0.5, 0.25, 0.25])
    const { gradient } = softmaxCrossEntropy(logits, target)
    expectSlope(logits, gradient, () => softmaxCrossEntropy(logits, target).loss)
  })

  test('not knowing costs the logarithm of the number of classes', () => {
    const { loss } = softmaxCrossEntropy(tensor([1, 4], [0, 0, 0, 0]), tensor([1, 4], smoothedTarget(4, 2, 0)))
    expect(loss).toBeCloseTo(Math.log(4), 12)
  })

  test('a patch without a label adds nothing', () => {
    const { gradient } = softmaxCrossEntropy(tensor([2, 2], [5, 1, 2, 2]), tensor([2, 2], [0, 0, 0, 1]))
    expect([...gradient.data.subarray(0, 2)]).toEqual([0, 0])
  })

  test('huge scores do not overflow', () => {
    expect([...softmax(tensor([1, 2], [1000, 1000])).data]).toEqual([0.5, 0.5])
  })

  test('a smoothed target adds up to 1 and still prefers its class', () => {
    expect([...smoothedTarget(4, 1, 0.2)]).toEqual([0.05, 0.05 + 0.8, 0.05, 0.05])
  })
})
