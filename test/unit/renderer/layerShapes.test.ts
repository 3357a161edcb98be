/** Shapes and weights of layers, to be checked by head. */
import { expect, test } from 'vitest'
import { NetworkDescription } from '../../../src-shared/networks.ts'
import { layerFacts } from '../../../src-renderer/views/inspect/layerShapes.ts'

const facts = (input: [number, number, number], layers: unknown[]) =>
  layerFacts(NetworkDescription.parse({ name: 'test', input, layers })).rows.map(({ shape, weights }) => [
    shape,
    weights,
  ])

test('a convolution with padding keeps the size; pooling halves it; the dense layer reads all that is left', () => {
  expect(
    facts(
      [3, 8, 8],
      [
        { kind: 'convolution', id: 'a', filters: 4, kernel: 3, padding: 1 },
        { kind: 'batch-norm', id: 'n' },
        { kind: 'relu', id: 'r' },
        { kind: 'max-pool', id: 'p', kernel: 2, stride: 2 },
        { kind: 'flatten', id: 'f' },
        { kind: 'dense', id: 'd', units: 2 },
      ],
    ),
  ).toEqual([
    [[4, 8, 8], 4 * (3 * 9 + 1)],
    [[4, 8, 8], 8],
    [[4, 8, 8], 0],
    [[4, 4, 4], 0],
    [[64], 0],
    [[2], 2 * 65],
  ])
})

test('branches are joined along channels or added', () => {
  const layers = [
    { kind: 'convolution', id: 'a', filters: 4, kernel: 1, bias: false },
    { kind: 'convolution', id: 'b', inputs: ['input'], filters: 4, kernel: 3, padding: 1 },
    { kind: 'add', id: 'sum', inputs: ['a', 'b'] },
    { kind: 'concatenate', id: 'all', inputs: ['sum', 'b', 'input'] },
    { kind: 'global-average-pool', id: 'mean' },
  ]
  expect(facts([3, 5, 5], layers).map(([shape]) => shape)).toEqual([[4, 5, 5], [4, 5, 5], [4, 5, 5], [11, 5, 5], [11]])
})

test('a layer that reads one that is not there is named, and those before it are still shown', () => {
  const { rows, problem } = layerFacts(
    NetworkDescription.parse({
      name: 'test',
      input: [3, 5, 5],
      layers: [
        { kind: 'relu', id: 'a' },
        { kind: 'relu', id: 'r', inputs: ['nowhere'] },
      ],
    }),
  )
  expect(rows.map(({ layer }) => layer.id)).toEqual(['a'])
  expect(problem).toContain('“r” needs inputs made by layers before it, but has input “nowhere”')
})

test('every kind of layer is told in words of its own', () => {
  const { rows, problem } = layerFacts(
    NetworkDescription.parse({
      name: 'test',
      input: [3, 9, 9],
      layers: [
        { kind: 'group-convolution', id: 'lift', group: 'p4m', filters: 2, kernel: 3 },
        { kind: 'batch-norm', id: 'n', orientations: 8 },
        { kind: 'orientation-pool', id: 'o', take: 'max' },
        { kind: 'convolution', id: 'd', filters: 2, kernel: 3, dilation: 2, padding: 2, groups: 2 },
        { kind: 'relu', id: 'r', ceiling: 6 },
        { kind: 'transposed-convolution', id: 't', filters: 4, kernel: 2, stride: 2 },
        { kind: 'squeeze-excitation', id: 'se', squeezed: 3 },
        { kind: 'global-max-pool', id: 'g' },
        { kind: 'dense', id: 'c', units: 2 },
      ],
    }),
  )
  expect(problem).toBeNull()
  expect(rows.map(({ text }) => text)).toEqual([
    '2 filters in 8 orientations, 3 × 3',
    'mean 0, spread 1 in a batch, 8 orientations together',
    'largest of 8 orientations',
    '2 filters, 3 × 3, taps 2 apart, in 2 groups',
    'below 0 becomes 0, above 6 becomes 6',
    '4 filters, 2 × 2, 2 times as large',
    'turns channels up or down, by 3 values',
    'largest value of each channel',
    '2 weighted sums',
  ])
})
