import { expect, test } from 'vitest'
import { networkShapes } from '../../../../src-shared/network/shapes.ts'
import { largestBatch, trainingMemory } from '../../../../src-shared/network/trainingMemory.ts'
import { network } from '../../nn/randomNetworks.ts'

const shapes = networkShapes(
  network(
    'n',
    [3, 8, 8],
    [
      { kind: 'convolution', id: 'c', filters: 4, kernel: 1, bias: false },
      { kind: 'relu', id: 'r' },
      { kind: 'max-pool', id: 'p', kernel: 2, stride: 2 },
      { kind: 'flatten', id: 'f' },
      { kind: 'dense', id: 'd', units: 2, bias: false },
    ],
  ),
)
const PARAMETERS = 12 + 2 * 64

test('counts weights, gradients, moments and kept values as one does by hand', () => {
  const memory = trainingMemory(shapes, 10)
  expect(memory).toMatchObject({
    weights: 4 * PARAMETERS,
    gradient: 4 * 4 * PARAMETERS,
    moments: 2 * 4 * PARAMETERS,
    // the patch for the convolution, ReLU's own output, places of maxima as int64, the row for the dense layer
    activations: 10 * (4 * 3 * 64 + 4 * 4 * 64 + 8 * 4 * 16 + 4 * 64),
  })
  const { total, ...parts } = memory
  expect(Object.values(parts).reduce((sum, part) => sum + part, 0)).toBe(total)
})

test('an optimiser with one moment needs one vector less', () => {
  const [two, one] = [trainingMemory(shapes, 10), trainingMemory(shapes, 10, 1)]
  expect(two.total - one.total).toBe(4 * PARAMETERS)
})

test('the largest batch that fits is found to the last patch', () => {
  for (const batch of [1, 2, 3, 7, 37, 100]) {
    const { total } = trainingMemory(shapes, batch)
    expect(largestBatch(shapes, total)).toBe(batch)
    expect(largestBatch(shapes, total - 1)).toBe(batch - 1)
  }
})
