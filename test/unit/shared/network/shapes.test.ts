import { describe, expect, test } from 'vitest'
import type { ErrorData } from '../../../../src-shared/errors.ts'
import { isTesseraError } from '../../../../src-shared/errors.ts'
import type { NetworkDescription } from '../../../../src-shared/networks.ts'
import { networkShapes } from '../../../../src-shared/network/shapes.ts'
import { network } from '../../nn/randomNetworks.ts'

type Layers = Parameters<typeof network>[2]
const conv = (id: string, kernel: number, stride = 1, filters = 8) =>
  ({ kind: 'convolution', id, filters, kernel, stride, padding: kernel >> 1 }) as const
const end = [
  { kind: 'global-average-pool', id: 'mean' },
  { kind: 'dense', id: 'classes', units: 2 },
] as const
const fieldOf = (layers: Layers, edge = 224) =>
  networkShapes(network('n', [3, edge, edge], [...layers, ...end])).receptiveFieldPx

describe('receptive field', () => {
  test('one convolution sees its kernel', () => expect(fieldOf([conv('a', 3)])).toBe(3))

  test('two 3 × 3 convolutions see as much as one 5 × 5', () => expect(fieldOf([conv('a', 3), conv('b', 3)])).toBe(5))

  test('a stride doubles what every later kernel adds', () =>
    expect(fieldOf([conv('a', 3, 2), conv('b', 3), conv('c', 3)])).toBe(3 + 4 + 4))

  test('VGG-16 sees 196 px with its last convolution, 212 px after its last pool', () => {
    const layers: Layers = [2, 2, 3, 3, 3].flatMap((convolutions, block) => [
      ...Array.from({ length: convolutions }, (_, at) => conv(`c${block}_${at}`, 3)),
      { kind: 'max-pool', id: `p${block}`, kernel: 2, stride: 2 } as const,
    ])
    const shapes = networkShapes(network('VGG-16', [3, 224, 224], [...layers, ...end]))
    expect(shapes.receptiveFieldPx).toBe(196)
    expect(shapes.layers.find(({ layer }) => layer.id === 'p4')?.receptiveField).toEqual({ size: 212, jump: 32 })
  })

  test('where branches meet, the widest counts', () =>
    expect(
      fieldOf([
        conv('a', 3),
        { ...conv('narrow', 1), inputs: ['a'] },
        { ...conv('wide', 5), inputs: ['a'] },
        { kind: 'concatenate', id: 'both', inputs: ['narrow', 'wide'] },
      ]),
    ).toBe(7))
})

test('parameters and multiply-adds of LeNet-5 as its textbook counts them', () => {
  const lenet = network(
    'LeNet-5',
    [1, 28, 28],
    [
      { kind: 'convolution', id: 'c1', filters: 6, kernel: 5, padding: 2 },
      { kind: 'max-pool', id: 's2', kernel: 2, stride: 2 },
      { kind: 'convolution', id: 'c3', filters: 16, kernel: 5 },
      { kind: 'max-pool', id: 's4', kernel: 2, stride: 2 },
      { kind: 'flatten', id: 'f' },
      { kind: 'dense', id: 'c5', units: 120 },
      { kind: 'dense', id: 'f6', units: 84 },
      { kind: 'dense', id: 'out', units: 10 },
    ],
  )
  const shapes = networkShapes(lenet)
  expect(shapes.layers.map(({ shape }) => shape)).toEqual([
    [6, 28, 28],
    [6, 14, 14],
    [16, 10, 10],
    [16, 5, 5],
    [400],
    [120],
    [84],
    [10],
  ])
  expect(shapes.layers.map(({ parameters }) => parameters)).toEqual([156, 0, 2416, 0, 0, 48120, 10164, 850])
  expect(shapes.parameters).toBe(61706)
  expect(shapes.multiplyAdds).toBe(25 * 6 * 784 + 150 * 16 * 100 + 48000 + 10080 + 840)
  expect(shapes.classes).toBe(10)
})

describe('a network that can not be built is refused with the layer, what it needs and what it has', () => {
  const refusal = (of: NetworkDescription): ErrorData<'NETWORK_INVALID'> => {
    try {
      networkShapes(of)
    } catch (error) {
      if (isTesseraError(error, 'NETWORK_INVALID')) return error.data
      throw error
    }
    throw new Error('It was built.')
  }
  const cases: [string, Layers, ErrorData<'NETWORK_INVALID'>][] = [
    [
      'reads a layer that comes later',
      [{ ...conv('a', 3), inputs: ['b'] }, conv('b', 3), ...end],
      { layer: 'a', expected: 'inputs made by layers before it', found: 'input “b”' },
    ],
    [
      'has two layers of one name',
      [conv('a', 3), conv('a', 3), ...end],
      { layer: 'a', expected: 'a name of its own', found: 'the name of another layer' },
    ],
    [
      'has a window larger than its map',
      [{ kind: 'convolution', id: 'a', filters: 2, kernel: 9 }, ...end],
      { layer: 'a', expected: 'a map of at least 9 px', found: '8 × 8' },
    ],
    [
      'pools over nothing but padding',
      [{ kind: 'max-pool', id: 'p', kernel: 2, stride: 2, padding: 2 }, ...end],
      { layer: 'p', expected: 'less padding than its kernel', found: 'padding 2 and kernel 2' },
    ],
    [
      'adds what does not fit',
      [conv('a', 3), conv('b', 3, 2), { kind: 'add', id: 'sum', inputs: ['a', 'b'] }, ...end],
      { layer: 'sum', expected: 'inputs of one shape', found: '8 channels of 8 × 8 and 8 channels of 4 × 4' },
    ],
    [
      'joins maps of two sizes',
      [conv('a', 3), conv('b', 3, 2), { kind: 'concatenate', id: 'joined', inputs: ['a', 'b'] }, ...end],
      {
        layer: 'joined',
        expected: 'maps of one height and width',
        found: '8 channels of 8 × 8 and 8 channels of 4 × 4',
      },
    ],
    [
      'gives maps to a dense layer',
      [conv('a', 3), { kind: 'dense', id: 'd', units: 2 }],
      {
        layer: 'd',
        expected: 'features (put flatten or global average pooling before it)',
        found: '8 channels of 8 × 8',
      },
    ],
    [
      'gives features to a convolution',
      [{ kind: 'flatten', id: 'f' }, conv('a', 3), ...end],
      { layer: 'a', expected: 'a map with height and width', found: '192 features' },
    ],
    [
      'has a layer nobody reads',
      [conv('a', 3), { ...conv('lost', 3), inputs: ['a'] }, { kind: 'relu', id: 'r', inputs: ['a'] }, ...end],
      { layer: 'lost', expected: 'a later layer that reads it', found: 'none' },
    ],
    [
      'does not end with classes',
      [conv('a', 3)],
      { layer: null, expected: 'a dense layer at its end, with one unit for each class', found: '“a”' },
    ],
  ]
  test.each(cases)('%s', (_, layers, data) => expect(refusal(network('n', [3, 8, 8], layers))).toEqual(data))
})
