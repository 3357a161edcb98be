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
