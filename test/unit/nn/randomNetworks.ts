/** Networks for comparisons: one for each layer kind and window, and random ones that mix everything. */
import { NetworkDescription } from '../../../src-shared/networks.ts'
import type { MaskInput } from '../../../src-main/nn/graph/trainingGraph.ts'
import { networkShapes, sizeOf, type Shape } from '../../../src-shared/network/shapes.ts'
import { seeded, type Random } from '../../../src-main/nn/random.ts'
import { parameterLayout, type Weights } from '../../../src-main/nn/graph/parameters.ts'
import type { z } from 'zod'

type LayerInput = z.input<typeof NetworkDescription>['layers'][number]

export const network = (
  name: string,
  input: [number, number, number],
  layers: readonly LayerInput[],
): NetworkDescription => NetworkDescription.parse({ name, input, layers })

/** The layer under test between others that make its input depend on parameters, and turn its output into three classes. */
export const around = (name: string, layers: readonly LayerInput[]): NetworkDescription =>
  network(
    name,
    [2, 9, 7],
    [
      { kind: 'convolution', id: 'before', filters: 4, kernel: 3, padding: 1 },
      ...layers,
      { kind: 'flatten', id: 'flat' },
      { kind: 'dense', id: 'classes', units: 3 },
    ],
  )

const windows = [
  { kernel: 1, stride: 1, padding: 0 },
  { kernel: 3, stride: 1, padding: 1 },
  { kernel: 3, stride: 1, padding: 0 },
  { kernel: 3, stride: 2, padding: 1 },
  { kernel: 2, stride: 2, padding: 0 },
  { kernel: 5, stride: 3, padding: 2 },
  { kernel: 2, stride: 1, padding: 1 },
]
const words = (window: (typeof windows)[number]) =>
  `kernel ${window.kernel}, stride ${window.stride}, padding ${window.padding}`

export const networksOfEachKind: readonly NetworkDescription[] = [
  ...windows.flatMap((window) => [
    around(`convolution, ${words(window)}`, [{ kind: 'convolution', id: 'it', filters: 5, ...window }]),
    around(`max-pool, ${words(window)}`, [{ kind: 'max-pool', id: 'it', ...window }]),
    around(`average-pool, ${words(window)}`, [{ kind: 'average-pool', id: 'it', ...window }]),
  ]),
  ...[
    { dilation: 2, padding: 2 },
    { dilation: 3, padding: 1, stride: 2 },
    { groups: 2, padding: 1, filters: 6 },
    { groups: 4, padding: 1 },
    { groups: 4, padding: 1, stride: 2 },
    { groups: 4, filters: 8, dilation: 2, padding: 2, stride: 2 },
  ].map((more) =>
    around(`convolution, ${JSON.stringify(more)}`, [{ kind: 'convolution', id: 'it', filters: 4, kernel: 3, ...more }]),
  ),
  around('convolution without bias, padding wider than its kernel', [
    { kind: 'convolution', id: 'it', filters: 3, kernel: 2, padding: 3, bias: false },
  ]),
  network(
    'convolution on a map large enough to be done tap by tap',
    [3, 20, 18],
    [
      { kind: 'convolution', id: 'few', filters: 8, kernel: 3, padding: 1 },
      { kind: 'convolution', id: 'many', filters: 6, kernel: 3, padding: 1 },
      { kind: 'convolution', id: 'point', filters: 6, kernel: 1 },
      { kind: 'convolution', id: 'strided', filters: 6, kernel: 3, stride: 2, padding: 1 },
      { kind: 'global-average-pool', id: 'mean' },
      { kind: 'dense', id: 'classes', units: 3 },
    ],
  ),
  around('batch-norm', [{ kind: 'batch-norm', id: 'it' }]),
  around('relu', [{ kind: 'relu', id: 'it' }]),
  around('dropout', [{ kind: 'dropout', id: 'it', rate: 0.4 }]),
  around('add', [
    { kind: 'convolution', id: 'other', filters: 4, kernel: 1 },
    { kind: 'add', id: 'two', inputs: ['before', 'other'] },
    { kind: 'add', id: 'three', inputs: ['two', 'before', 'two'] },
  ]),
  around('concatenate', [
    { kind: 'convolution', id: 'other', filters: 3, kernel: 1 },
    { kind: 'concatenate', id: 'it', inputs: ['other', 'input', 'before'] },
  ]),
  network(
    'global-average-pool and dense after dense',
    [2, 5, 6],
    [
      { kind: 'convolution', id: 'before', filters: 4, kernel: 3 },
      { kind: 'global-average-pool', id: 'mean' },
      { kind: 'dense', id: 'hidden', units: 5 },
      { kind: 'relu', id: 'positive' },
      { kind: 'dropout', id: 'dropped', rate: 0.3 },
      { kind: 'dense', id: 'classes', units: 3 },
    ],
  ),
  network(
    'dense on the patch itself',
    [1, 3, 3],
    [
      { kind: 'flatten', id: 'flat' },
      { kind: 'dense', id: 'classes', units: 2 },
    ],
  ),
]

/** A small network of random layers and branches, valid by construction. */
export function randomNetwork(seed: number): NetworkDescription {
  const random = seeded(seed, 77)
  const layers: LayerInput[] = []
  const input: [number, number, number] = [1 + random.below(3), 8 + random.below(6), 8 + random.below(6)]
  let last = 'input'
  let shape: Shape = input
  const add = (layer: LayerInput) => {
    layers.push(layer)
    last = layer.id
    shape = networkShapes(finished(input, layers)).layers[layers.length - 1]?.shape ?? input
  }
  for (let at = 0; at < 7; at++) {
    const [, height, width] = shape
    add(randomLayer(random, `layer${at}`, last, Math.min(height, width)))
    if (random.below(3) === 0) branch(at)
  }
  if (random.below(2) === 0) add({ kind: 'flatten', id: 'flat', inputs: [last] })
  else add({ kind: 'global-average-pool', id: 'mean', inputs: [last] })
  return network(`random network ${seed}`, input, [
    ...layers,
    { kind: 'dense', id: 'classes', inputs: [last], units: 3 },
  ])

  /** Two paths from the last layer that meet again. */
  function branch(at: number): void {
    const from = last
    const [channels] = shape
    add({ kind: 'convolution', id: `left${at}`, inputs: [from], filters: channels, kernel: 3, padding: 1 })
    if (random.below(2) === 0) add({ kind: 'add', id: `sum${at}`, inputs: [from, `left${at}`] })
    else add({ kind: 'concatenate', id: `joined${at}`, inputs: [`left${at}`, from] })
  }
}

/** The layers so far with an end, so that their shapes can be asked for. */
const finished = (input: [number, number, number], layers: readonly LayerInput[]): NetworkDescription =>
  network('unfinished', input, [...layers, { kind: 'flatten', id: 'end' }, { kind: 'dense', id: 'out', units: 1 }])

function randomLayer(random: Random, id: string, input: string, edge: number): LayerInput {
  const inputs = [input]
  const kernel = 1 + random.below(Math.min(3, edge))
  const window = { kernel, stride: edge > 4 ? 1 + random.below(2) : 1, padding: random.below(kernel) }
  const kinds: LayerInput[] = [
    { kind: 'convolution', id, inputs, filters: 2 + random.below(4), bias: random.below(2) === 0, ...window },
    { kind: 'convolution', id, inputs, filters: 2 + random.below(4), kernel: 3, padding: 1 },
    { kind: 'batch-norm', id, inputs },
    { kind: 'relu', id, inputs },
    { kind: 'max-pool', id, inputs, ...window },
    { kind: 'average-pool', id, inputs, ...window },
    { kind: 'dropout', id, inputs, rate: 0.25 },
  ]
  return kinds[random.below(kinds.length)]
}

/** Weights that are no special case: biases and shifts not 0, scales not 1. */
export function randomWeights(of: NetworkDescription, seed: number): Weights {
  const layout = parameterLayout(networkShapes(of))
  const random = seeded(seed, 78)
  const parameters = new Float32Array(layout.length)
  for (const { role, offset, length, fanIn } of layout.parameters)
    for (let place = offset; place < offset + length; place++)
      parameters[place] =
        role === 'scale'
          ? random.between(0.5, 1.5)
          : role === 'weight'
            ? random.between(-1, 1) * Math.sqrt(3 / fanIn)
            : random.between(-0.3, 0.3)
  return {
    parameters,
    mean: Float32Array.from({ length: layout.runningLength }, () => random.between(-0.5, 0.5)),
    variance: Float32Array.from({ length: layout.runningLength }, () => random.between(0.5, 2)),
  }
}

/** Patches, targets and dropout masks of a batch. */
export function randomBatch(of: NetworkDescription, batch: number, masks: readonly MaskInput[], seed: number) {
  const random = seeded(seed, 79)
  const { classes } = networkShapes(of)
  const target = new Float32Array(batch * classes)
  for (let n = 0; n < batch; n++) {
    const of = random.below(classes)
    for (let k = 0; k < classes; k++) target[n * classes + k] = 0.1 / classes + (k === of ? 0.9 : 0)
  }
  return {
    patches: Float32Array.from({ length: batch * sizeOf(of.input) }, () => random.between(-1, 1)),
    target,
    masks: masks.map(({ dims, rate }) =>
      Float32Array.from({ length: sizeOf(dims) }, () => (random.next() < rate ? 0 : 1 / (1 - rate))),
    ),
  }
}
