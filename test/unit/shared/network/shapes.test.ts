import { describe, expect, test } from 'vitest'
import type { ErrorData } from '../../../../src-shared/errors.ts'
import { isTesseraError } from '../../../../src-shared/errors.ts'
import type { NetworkDescription } from '../../../../src-shared/networks.ts'
import { layersSoFar, networkShapes } from '../../../../src-shared/network/shapes.ts'
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

test('shapes, parameters, multiply-adds and receptive fields of the rarer layers, counted by hand', () => {
  const layers: Layers = [
    { kind: 'convolution', id: 'dilated', filters: 8, kernel: 3, padding: 2, dilation: 2, bias: false },
    { kind: 'convolution', id: 'depthwise', filters: 8, kernel: 3, padding: 1, groups: 8 },
    { kind: 'squeeze-excitation', id: 'gates', squeezed: 2 },
    { kind: 'group-norm', id: 'norm', groups: 4 },
    { kind: 'max-pool', id: 'half', kernel: 2, stride: 2 },
    { kind: 'transposed-convolution', id: 'double', filters: 3, kernel: 4, stride: 2, padding: 1 },
    { kind: 'group-convolution', id: 'lift', group: 'p4m', filters: 2, kernel: 3, padding: 1 },
    { kind: 'batch-norm', id: 'shared', orientations: 8 },
    { kind: 'group-convolution', id: 'turn', group: 'p4m', filters: 3, kernel: 3, bias: false },
    { kind: 'orientation-pool', id: 'pool', take: 'max' },
    { kind: 'global-max-pool', id: 'largest' },
    { kind: 'dense', id: 'classes', units: 2, bias: false },
  ]
  const shapes = networkShapes(network('n', [3, 10, 10], layers))
  const facts = shapes.layers.map(({ layer, shape, parameters, multiplyAdds, receptiveField }) => [
    layer.id,
    [...shape],
    parameters,
    multiplyAdds,
    receptiveField.size,
  ])
  expect(facts).toEqual([
    ['dilated', [8, 10, 10], 8 * 3 * 9, 8 * 3 * 9 * 100, 5],
    ['depthwise', [8, 10, 10], 8 * 9 + 8, 8 * 9 * 100, 7],
    ['gates', [8, 10, 10], 2 * 8 + 2 + 8 * 2 + 8, 2 * 2 * 8, 7],
    ['norm', [8, 10, 10], 16, 0, 7],
    ['half', [8, 5, 5], 0, 0, 8],
    ['double', [3, 10, 10], 8 * 3 * 16 + 3, 8 * 3 * 16 * 25, 10],
    ['lift', [16, 10, 10], 2 * 3 * 9 + 2, 16 * 3 * 9 * 100, 12],
    ['shared', [16, 10, 10], 4, 0, 12],
    ['turn', [24, 8, 8], 3 * 2 * 8 * 9, 24 * 16 * 9 * 64, 14],
    ['pool', [3, 8, 8], 0, 0, 14],
    ['largest', [3], 0, 0, 21],
    ['classes', [2], 6, 6, 21],
  ])
  expect(shapes.receptiveFieldPx).toBe(14)
})

test('layers are shown up to the first that can not be built, with the reason', () => {
  const whole = layersSoFar(network('n', [3, 8, 8], [conv('a', 3), conv('b', 11), ...end]))
  expect([whole.layers.map(({ layer }) => layer.id), whole.problem]).toEqual([['a', 'b', 'mean', 'classes'], null])
  const broken = layersSoFar(network('n', [3, 8, 8], [conv('a', 3), { ...conv('b', 11), padding: 0 }, ...end]))
  expect(broken.layers.map(({ layer }) => layer.id)).toEqual(['a'])
  expect(broken.problem?.data).toEqual({ layer: 'b', expected: 'a map of at least 11 px', found: '8 × 8' })
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
      'has groups its channels do not fit',
      [{ ...conv('a', 3), groups: 2 }, ...end],
      { layer: 'a', expected: 'channels that are a multiple of its 2 groups', found: '3 channels' },
    ],
    [
      'has groups its filters do not fit',
      [{ ...conv('a', 3, 1, 8), groups: 3 }, ...end],
      { layer: 'a', expected: 'filters that are a multiple of its 3 groups', found: '8 filters' },
    ],
    [
      'has norm groups its channels do not fit',
      [conv('a', 3), { kind: 'group-norm', id: 'g', groups: 3 }, ...end],
      { layer: 'g', expected: 'channels that are a multiple of its 3 groups', found: '8 channels' },
    ],
    [
      'has a dilated window larger than its map',
      [{ kind: 'convolution', id: 'a', filters: 2, kernel: 3, dilation: 4 }, ...end],
      { layer: 'a', expected: 'a map of at least 9 px', found: '8 × 8' },
    ],
    [
      'adds more rows than a stride has',
      [{ kind: 'transposed-convolution', id: 't', filters: 2, kernel: 3, stride: 2, outputPadding: 2 }, ...end],
      { layer: 't', expected: 'less output padding than its stride', found: 'output padding 2 and stride 2' },
    ],
    [
      'takes everything away from a transposed convolution',
      [{ kind: 'transposed-convolution', id: 't', filters: 2, kernel: 1, padding: 4 }, ...end],
      { layer: 't', expected: 'a map so large that something is left within a padding of 4', found: '8 × 8' },
    ],
    [
      'multiplies by a gate of other channels',
      [
        conv('a', 3),
        { ...conv('b', 1, 1, 4), inputs: ['input'] },
        { kind: 'global-max-pool', id: 'g' },
        { kind: 'multiply', id: 'm', inputs: ['a', 'g'] },
        ...end,
      ],
      {
        layer: 'm',
        expected: 'two inputs of one shape, or a map and a feature for each of its channels',
        found: '8 channels of 8 × 8 and 4 features',
      },
    ],
    [
      'gives oriented maps to an ordinary convolution',
      [{ kind: 'group-convolution', id: 'g', group: 'p4', filters: 2, kernel: 3, padding: 1 }, conv('a', 3), ...end],
      {
        layer: 'a',
        expected: 'ordinary channels (put orientation pooling before it)',
        found: '8 channels of 8 × 8, oriented (p4)',
      },
    ],
    [
      'norms the orientations of a field apart',
      [
        { kind: 'group-convolution', id: 'g', group: 'p4m', filters: 2, kernel: 3, padding: 1 },
        { kind: 'batch-norm', id: 'n' },
        { kind: 'orientation-pool', id: 'o', take: 'max' },
        ...end,
      ],
      { layer: 'n', expected: '8 orientations, as its input has', found: '1' },
    ],
    [
      'mixes two groups of symmetries',
      [
        { kind: 'group-convolution', id: 'g', group: 'p4', filters: 2, kernel: 3, padding: 1 },
        { kind: 'group-convolution', id: 'h', group: 'p4m', filters: 2, kernel: 3 },
        ...end,
      ],
      { layer: 'h', expected: 'an ordinary map or one oriented by p4m', found: '8 channels of 8 × 8, oriented (p4)' },
    ],
    [
      'pools orientations that are none',
      [conv('a', 3), { kind: 'orientation-pool', id: 'o', take: 'mean' }, ...end],
      { layer: 'o', expected: 'oriented maps of a group convolution', found: '8 channels of 8 × 8' },
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
