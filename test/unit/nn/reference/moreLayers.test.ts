/** Activations, norms over patches, gates, transposed convolution: worth by head, gradients by calculus. */
import { describe, expect, test } from 'vitest'
import { activation, activationBackward, type Activation } from '../../../../src-main/nn/reference/activations.ts'
import { batchNorm, batchNormBackward, batchStatistics } from '../../../../src-main/nn/reference/batchNorm.ts'
import { concatenate, concatenateBackward } from '../../../../src-main/nn/reference/concatenate.ts'
import { convolution, convolutionBackward } from '../../../../src-main/nn/reference/convolution.ts'
import { dense } from '../../../../src-main/nn/reference/dense.ts'
import { erf } from '../../../../src-main/nn/reference/erf.ts'
import { globalMaxPool } from '../../../../src-main/nn/reference/globalMaxPool.ts'
import { maxPoolBackward } from '../../../../src-main/nn/reference/maxPool.ts'
import { multiply, multiplyBackward } from '../../../../src-main/nn/reference/multiply.ts'
import { patchNorm, patchNormBackward } from '../../../../src-main/nn/reference/patchNorm.ts'
import {
  softmaxOverChannels,
  softmaxOverChannelsBackward,
} from '../../../../src-main/nn/reference/softmaxOverChannels.ts'
import { squeezeExcitation, squeezeExcitationBackward } from '../../../../src-main/nn/reference/squeezeExcitation.ts'
import { tensor } from '../../../../src-main/nn/reference/tensor.ts'
import {
  transposedConvolution,
  transposedConvolutionBackward,
} from '../../../../src-main/nn/reference/transposedConvolution.ts'
import { expectSlope, randomTensor, weighted } from './slope.ts'

const seeds = [1, 2, 3]

describe('activations', () => {
  const activations: Activation[] = [
    { kind: 'relu', id: 'a' },
    { kind: 'relu', id: 'a', ceiling: 0.5 },
    { kind: 'leaky-relu', id: 'a', slope: 0.2 },
    { kind: 'gelu', id: 'a' },
    { kind: 'silu', id: 'a' },
    { kind: 'sigmoid', id: 'a' },
    { kind: 'tanh', id: 'a' },
  ]
  for (const layer of activations)
    test.each(seeds)(`the gradient of ${JSON.stringify(layer)} equals the slope of the loss (seed %i)`, (seed) => {
      const x = randomTensor([2, 3, 2, 2], seed, 30)
      const weights = randomTensor(x.dims, seed, 31)
      expectSlope(x, activationBackward(layer, x, weights), () => weighted(activation(layer, x), weights))
    })

  const at = (layer: Activation, ...values: number[]) => [...activation(layer, tensor([values.length], values)).data]

  test('what is negative becomes 0; with a ceiling, what is above it becomes it', () => {
    expect(at({ kind: 'relu', id: 'a' }, -1, 0, 2)).toEqual([0, 0, 2])
    expect(at({ kind: 'relu', id: 'a', ceiling: 6 }, -1, 5, 9)).toEqual([0, 5, 6])
    expect(at({ kind: 'leaky-relu', id: 'a', slope: 0.1 }, -10, 2)).toEqual([-1, 2])
  })

  test('GELU and SiLU have the values of their formulas', () => {
    // Φ(1) = 0.841344746068543; 1 / (1 + 1/e) = 0.731058578630005
    expect(at({ kind: 'gelu', id: 'a' }, 1)[0]).toBeCloseTo(0.841344746068543, 14)
    expect(at({ kind: 'silu', id: 'a' }, 1)[0]).toBeCloseTo(0.731058578630005, 14)
  })

  test('the error function has the values of the handbook (Abramowitz, Stegun, table 7.1)', () => {
    expect(erf(0.5)).toBeCloseTo(0.5204998778, 10)
    expect(erf(1)).toBeCloseTo(0.8427007929, 10)
    expect(erf(-2)).toBeCloseTo(-0.995322265, 9)
    expect(1 - erf(3.5)).toBeCloseTo(7.430983723e-7, 15)
    expect(erf(2.9999999)).toBeCloseTo(erf(3.0000001), 9)
    expect([erf(0), erf(40), erf(-1e300)]).toEqual([0, 1, -1])
  })

  test('none gives NaN or grows beyond its input at values as large as float32 has', () => {
    const extremes = [-3e38, -1e6, -90, 90, 1e6, 3e38]
    for (const layer of activations)
      for (const [place, y] of at(layer, ...extremes).entries()) {
        expect(Number.isFinite(y), `${layer.kind} of ${extremes[place]}`).toBe(true)
        expect(Math.abs(y)).toBeLessThanOrEqual(Math.max(1, Math.abs(extremes[place])))
      }
  })
})

describe('convolution with dilation and groups', () => {
  const cases = [
    { kernel: 3, stride: 1, padding: 2, dilation: 2 },
    { kernel: 2, stride: 2, padding: 1, dilation: 3 },
    { kernel: 3, stride: 1, padding: 1, groups: 2 },
    { kernel: 3, stride: 2, padding: 1, groups: 4 },
  ]
  for (const window of cases)
    test.each(seeds)(`gradients equal the slope of the loss, ${JSON.stringify(window)} (seed %i)`, (seed) => {
      const x = randomTensor([2, 4, 6, 5], seed, 32)
      const weight = randomTensor([4, 4 / (window.groups ?? 1), window.kernel, window.kernel], seed, 33)
      const bias = randomTensor([4], seed, 34)
      const weights = randomTensor(convolution(x, weight, bias, window).dims, seed, 35)
      const loss = () => weighted(convolution(x, weight, bias, window), weights)
      const gradient = convolutionBackward(x, weight, window, weights)
      expectSlope(x, gradient.x, loss)
      expectSlope(weight, gradient.weight, loss)
      expectSlope(bias, gradient.bias, loss)
    })

  test('dilation leaves out the places between the taps', () => {
    const x = tensor([1, 1, 1, 5], [1, 10, 100, 1000, 10_000])
    const y = convolution(x, tensor([1, 1, 1, 1], [1]), null, { kernel: 1, stride: 1, padding: 0, dilation: 2 })
    expect([...y.data]).toEqual([...x.data])
    const tall = tensor([1, 1, 3, 3], [1, 0, 2, 0, 0, 0, 4, 0, 8])
    const corners = tensor([1, 1, 2, 2], [1, 1, 1, 1])
    expect([...convolution(tall, corners, null, { kernel: 2, stride: 1, padding: 0, dilation: 2 }).data]).toEqual([15])
  })

  test('depthwise, every channel is filtered by itself', () => {
    const x = tensor([1, 2, 1, 1], [3, 5])
    const y = convolution(x, tensor([2, 1, 1, 1], [10, 100]), null, { kernel: 1, stride: 1, padding: 0, groups: 2 })
    expect([...y.data]).toEqual([30, 500])
  })
})

describe('transposed convolution', () => {
  test('paints a window for every value, and where windows meet they add up', () => {
    const x = tensor([1, 1, 1, 2], [1, 10])
    const weight = tensor([1, 1, 2, 2], [1, 2, 3, 4])
    const y = transposedConvolution(x, weight, null, { kernel: 2, stride: 1, padding: 0, outputPadding: 0 })
    expect([y.dims, [...y.data]]).toEqual([
      [1, 1, 2, 3],
      [1, 12, 20, 3, 34, 40],
    ])
  })

  const windows = [
    { kernel: 3, stride: 1, padding: 1, outputPadding: 0 },
    { kernel: 3, stride: 2, padding: 1, outputPadding: 1 },
    { kernel: 2, stride: 3, padding: 0, outputPadding: 2 },
  ]
  for (const window of windows)
    test.each(seeds)(`gradients equal the slope of the loss, ${JSON.stringify(window)} (seed %i)`, (seed) => {
      const x = randomTensor([2, 3, 3, 4], seed, 36)
      const weight = randomTensor([3, 2, window.kernel, window.kernel], seed, 37)
      const bias = randomTensor([2], seed, 38)
      const weights = randomTensor(transposedConvolution(x, weight, bias, window).dims, seed, 39)
      const loss = () => weighted(transposedConvolution(x, weight, bias, window), weights)
      const gradient = transposedConvolutionBackward(x, weight, window, weights)
      expectSlope(x, gradient.x, loss)
      expectSlope(weight, gradient.weight, loss)
      expectSlope(bias, gradient.bias, loss)
    })

  test.each(seeds)('is the way back of a convolution: its output is that one’s ∂loss/∂x (seed %i)', (seed) => {
    const window = { kernel: 3, stride: 2, padding: 1 }
    const weight = randomTensor([2, 3, 3, 3], seed, 40)
    const above = randomTensor([1, 2, 3, 3], seed, 41)
    const toX = convolutionBackward(randomTensor([1, 3, 5, 5], seed, 42), weight, window, above).x
    const painted = transposedConvolution(above, weight, null, { ...window, outputPadding: 0 })
    expect(painted.dims).toEqual(toX.dims)
    for (const [place, value] of toX.data.entries()) expect(painted.data[place]).toBeCloseTo(value, 12)
  })
})

describe('norms over a patch', () => {
  test.each(seeds)('every group of every patch gets mean 0 and variance 1 (seed %i)', (seed) => {
    const x = randomTensor([2, 4, 3, 2], seed, 43)
    const one = tensor([4], [1, 1, 1, 1])
    const y = patchNorm(x, 2, one, tensor([4], [0, 0, 0, 0]), 1e-12)
    for (let start = 0; start < y.data.length; start += 12) {
      const group = y.data.subarray(start, start + 12)
      expect(group.reduce((sum, value) => sum + value, 0)).toBeCloseTo(0, 10)
      expect(group.reduce((sum, value) => sum + value * value, 0) / 12).toBeCloseTo(1, 6)
    }
  })

  test('a patch does not depend on the others of its batch', () => {
    const [scale, shift] = [tensor([2], [2, 3]), tensor([2], [1, 0])]
    const alone = patchNorm(tensor([1, 2], [1, 3]), 1, scale, shift, 0)
    const among = patchNorm(tensor([2, 2], [1, 3, -70, 900]), 1, scale, shift, 0)
    expect([...alone.data]).toEqual([-1, 3])
    expect([...among.data.subarray(0, 2)]).toEqual([-1, 3])
  })

  for (const [dims, groups] of [
    [[2, 4, 3, 2], 2],
    [[2, 4, 3, 2], 1],
    [[3, 6], 1],
    [[3, 6], 2],
  ] as const)
    test.each(seeds)(
      `gradients equal the slope of the loss, [${dims.join()}] in ${groups} groups (seed %i)`,
      (seed) => {
        const x = randomTensor(dims, seed, 44)
        const [scale, shift] = [randomTensor([dims[1]], seed, 45), randomTensor([dims[1]], seed, 46)]
        const weights = randomTensor(dims, seed, 47)
        const loss = () => weighted(patchNorm(x, groups, scale, shift, 1e-3), weights)
        const gradient = patchNormBackward(x, groups, scale, 1e-3, weights)
        expectSlope(x, gradient.x, loss)
        expectSlope(scale, gradient.scale, loss)
        expectSlope(shift, gradient.shift, loss)
      },
    )
})

describe('batch norm', () => {
  for (const [dims, orientations] of [
    [[2, 8, 2, 2], 4],
    [[4, 3], 1],
  ] as const)
    test.each(seeds)(
      `gradients equal the slope of the loss, [${dims.join()}], ${orientations} orientations (seed %i)`,
      (seed) => {
        const x = randomTensor(dims, seed, 48)
        const fields = dims[1] / orientations
        const [scale, shift] = [randomTensor([fields], seed, 49), randomTensor([fields], seed, 50)]
        const weights = randomTensor(dims, seed, 51)
        const statistics = () => batchStatistics(x, orientations)
        const loss = () => weighted(batchNorm(x, scale, shift, statistics(), 1e-3, orientations), weights)
        const gradient = batchNormBackward(x, scale, statistics(), 1e-3, weights, orientations)
        expectSlope(x, gradient.x, loss)
        expectSlope(scale, gradient.scale, loss)
        expectSlope(shift, gradient.shift, loss)
      },
    )

  test('orientations of a field share their mean: 1 2 and 3 6 have 3', () => {
    expect([...batchStatistics(tensor([1, 4, 1, 1], [1, 2, 3, 6]), 4).mean]).toEqual([3])
    expect([...batchStatistics(tensor([1, 4, 1, 1], [1, 2, 3, 6]), 1).mean]).toEqual([1, 2, 3, 6])
  })
})

describe('products and gates', () => {
  test('a gate is used at every place of its channel', () => {
    const y = multiply(tensor([1, 2, 1, 2], [1, 2, 3, 4]), tensor([1, 2], [10, 100]))
    expect([...y.data]).toEqual([10, 20, 300, 400])
  })

  test.each(seeds)('gradients equal the slope of the loss (seed %i)', (seed) => {
    const x = randomTensor([2, 3, 2, 2], seed, 52)
    const weights = randomTensor(x.dims, seed, 53)
    for (const other of [randomTensor(x.dims, seed, 54), randomTensor([2, 3], seed, 55)]) {
      const [toX, toOther] = multiplyBackward(x, other, weights)
      expectSlope(x, toX, () => weighted(multiply(x, other), weights))
      expectSlope(other, toOther, () => weighted(multiply(x, other), weights))
      const [first, second] = multiplyBackward(other, x, weights)
      expect([first, second]).toEqual([toOther, toX])
    }
  })

  test.each(seeds)('gradients of squeeze and excitation equal the slope of the loss (seed %i)', (seed) => {
    const x = randomTensor([2, 4, 2, 3], seed, 56)
    const gates = {
      'squeeze-weight': randomTensor([3, 4], seed, 57),
      'squeeze-bias': randomTensor([3], seed, 58),
      'excite-weight': randomTensor([4, 3], seed, 59),
      'excite-bias': randomTensor([4], seed, 60),
    }
    const weights = randomTensor(x.dims, seed, 61)
    const loss = () => weighted(squeezeExcitation(x, gates), weights)
    const gradient = squeezeExcitationBackward(x, gates, weights)
    expectSlope(x, gradient.x, loss)
    for (const role of ['squeeze-weight', 'squeeze-bias', 'excite-weight', 'excite-bias'] as const)
      expectSlope(gates[role], gradient[role], loss)
  })
})

describe('softmax over channels', () => {
  test('the channels of every place add up to 1, also of huge values', () => {
    const y = softmaxOverChannels(tensor([1, 2, 1, 2], [1000, 0, 1000, Math.log(3)]))
    expect([...y.data].map((value) => Math.round(value * 1e12) / 1e12)).toEqual([0.5, 0.25, 0.5, 0.75])
  })

  test.each(seeds)('gradient equals the slope of the loss (seed %i)', (seed) => {
    for (const dims of [
      [2, 3, 2, 2],
      [2, 4],
    ]) {
      const x = randomTensor(dims, seed, 62)
      const weights = randomTensor(dims, seed, 63)
      const gradient = softmaxOverChannelsBackward(softmaxOverChannels(x), weights)
      expectSlope(x, gradient, () => weighted(softmaxOverChannels(x), weights))
    }
  })
})

test.each(seeds)('gradients of global maxima and of joined features equal the slope of the loss (seed %i)', (seed) => {
  const x = randomTensor([2, 3, 2, 3], seed, 64)
  const weights = randomTensor([2, 3], seed, 65)
  const { from } = globalMaxPool(x)
  expectSlope(x, maxPoolBackward(x.dims, from, weights), () => weighted(globalMaxPool(x).y, weights))

  const [a, b] = [randomTensor([2, 3], seed, 66), randomTensor([2, 2], seed, 67)]
  const both = randomTensor([2, 5], seed, 68)
  const [toA, toB] = concatenateBackward([a, b], both)
  expectSlope(a, toA, () => weighted(concatenate([a, b]), both))
  expectSlope(b, toB, () => weighted(concatenate([a, b]), both))
})

test('of equal values the first is the global maximum, and gets the whole gradient', () => {
  const x = tensor([1, 1, 2, 2], [1, 7, 7, 7])
  expect([...maxPoolBackward(x.dims, globalMaxPool(x).from, tensor([1, 1], [3])).data]).toEqual([0, 3, 0, 0])
})

test('a dense layer without bias is only its weighted sums', () => {
  expect([...dense(tensor([1, 2], [2, 3]), tensor([1, 2], [1, 10]), null).data]).toEqual([32])
})
