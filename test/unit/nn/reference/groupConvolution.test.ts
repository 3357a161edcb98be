/** Tissue has no up: turning the patch turns the maps, and changes nothing in the end. */
import { describe, expect, test } from 'vitest'
import { groupConvolution, groupConvolutionBackward } from '../../../../src-main/nn/reference/groupConvolution.ts'
import { after, orientationsIn, shownAs, shownMaps, undone } from '../../../../src-main/nn/reference/orientations.ts'
import { orientationPool, orientationPoolBackward } from '../../../../src-main/nn/reference/orientationPool.ts'
import { tensor, type Tensor } from '../../../../src-main/nn/reference/tensor.ts'
import { expectSlope, randomTensor, weighted } from './slope.ts'

const seeds = [1, 2, 3]
const groups = ['p4', 'p4m'] as const

/** Oriented maps as orientation s shows them: each map turned, and moved to the orientation it then has. */
function shownOriented(s: number, x: Tensor, orientations: number): Tensor {
  const turned = shownMaps(s, x)
  const [batch = 1, channels = 1, height = 1, width = 1] = x.dims
  const moved = tensor(x.dims, x.data)
  const area = height * width
  for (let map = 0; map < batch * channels; map++) {
    const t = map % orientations
    const to = map - t + after(s, t)
    moved.data.set(turned.data.subarray(map * area, (map + 1) * area), to * area)
  }
  return moved
}

const expectEqual = (found: Tensor, truth: Tensor) => {
  expect(found.dims).toEqual(truth.dims)
  for (const [place, value] of truth.data.entries()) expect(found.data[place], `place ${place}`).toBeCloseTo(value, 12)
}

test('a quarter turn is against the clock; a mirror swaps left and right, and comes before the turn', () => {
  expect(shownAs(1, [1, 2, 3, 4])).toEqual([2, 4, 1, 3])
  expect(shownAs(4, [1, 2, 3, 4])).toEqual([2, 1, 4, 3])
  expect(shownAs(5, [1, 2, 3, 4])).toEqual([1, 3, 2, 4])
})

test('orientations form a group: every one is undone by one, and any two after each other are one', () => {
  for (const s of orientationsIn('p4m')) {
    expect(after(s, undone(s))).toBe(0)
    expect(new Set(orientationsIn('p4m').map((t) => after(s, t))).size).toBe(8)
  }
  for (const s of orientationsIn('p4')) for (const t of orientationsIn('p4')) expect(after(s, t)).toBeLessThan(4)
})

describe.each(groups)('over %s', (group) => {
  const orientations = orientationsIn(group)

  test.each(seeds)('turning the patch turns the maps of a lifting convolution (seed %i)', (seed) => {
    const x = randomTensor([1, 2, 5, 5], seed, 70)
    const weight = randomTensor([2, 2, 3, 3], seed, 71)
    const window = { kernel: 3, stride: 1, padding: 1 }
    const y = groupConvolution(x, weight, null, group, window)
    for (const s of orientations) {
      const turned = groupConvolution(shownMaps(s, x), weight, null, group, window)
      expectEqual(turned, shownOriented(s, y, orientations.length))
    }
  })

  test.each(seeds)('turned oriented maps give turned oriented maps, also with a stride that fits (seed %i)', (seed) => {
    const x = randomTensor([1, 2 * orientations.length, 5, 5], seed, 72)
    const weight = randomTensor([2, 2, orientations.length, 3, 3], seed, 73)
    const bias = randomTensor([2], seed, 74)
    for (const window of [
      { kernel: 3, stride: 1, padding: 0 },
      { kernel: 3, stride: 2, padding: 1 },
    ]) {
      const y = groupConvolution(x, weight, bias, group, window)
      for (const s of orientations) {
        const turned = groupConvolution(shownOriented(s, x, orientations.length), weight, bias, group, window)
        expectEqual(turned, shownOriented(s, y, orientations.length))
      }
    }
  })

  test.each(seeds)('gradients equal the slope of the loss (seed %i)', (seed) => {
    for (const read of [[2], [2, orientations.length]]) {
      const x = randomTensor([1, read.reduce((a, b) => a * b), 4, 3], seed, 75)
      const weight = randomTensor([1, ...read, 2, 2], seed, 76)
      const bias = randomTensor([1], seed, 77)
      const window = { kernel: 2, stride: 2, padding: 1 }
      const weights = randomTensor(groupConvolution(x, weight, bias, group, window).dims, seed, 78)
      const loss = () => weighted(groupConvolution(x, weight, bias, group, window), weights)
      const gradient = groupConvolutionBackward(x, weight, group, window, weights)
      expectSlope(x, gradient.x, loss)
      expectSlope(weight, gradient.weight, loss)
      expectSlope(bias, gradient.bias, loss)
    }
  })

  test.each(seeds)('gradients of orientation pooling equal the slope of the loss (seed %i)', (seed) => {
    const n = orientations.length
    const x = randomTensor([2, 2 * n, 2, 3], seed, 79)
    const weights = randomTensor([2, 2, 2, 3], seed, 80)
    for (const take of ['mean', 'max'] as const)
      expectSlope(x, orientationPoolBackward(x, n, take, weights), () => weighted(orientationPool(x, n, take), weights))
  })
})

test('of equal orientations the first gets the whole gradient of the maximum', () => {
  const x = tensor([1, 4, 1, 1], [2, 5, 5, 5])
  expect([...orientationPoolBackward(x, 4, 'max', tensor([1, 1, 1, 1], [3])).data]).toEqual([0, 3, 0, 0])
})
