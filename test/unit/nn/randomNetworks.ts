/** Networks for comparisons: one for each layer kind and window, and random ones that mix everything. */
import { NetworkDescription, type LayerInput, type SymmetryGroup } from '../../../src-shared/networks.ts'
import type { MaskInput } from '../../../src-main/nn/graph/trainingOps.ts'
import { orientationsOf, sizeOf, type Shape } from '../../../src-shared/network/layerShape.ts'
import { isWeight } from '../../../src-shared/network/layerParameters.ts'
import { layersSoFar, networkShapes } from '../../../src-shared/network/shapes.ts'
import { seeded, type Random } from '../../../src-main/nn/random.ts'
import { parameterLayout, type Weights } from '../../../src-main/nn/graph/parameters.ts'

export const network = (
  name: string,
  input: [number, number, number],
  layers: readonly LayerInput[],
): NetworkDescription => NetworkDescription.parse({ name, input, layers })

/** The layer under test between others that make its input depend on parameters, and turn its output into three classes. */
export const around = (name: string, layers: readonly LayerInput[], filters = 4): NetworkDescription =>
  network(
    name,
    [2, 9, 7],
    [
      { kind: 'convolution', id: 'before', filters, kernel: 3, padding: 1 },
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
  // Of so many channels that the runtime's own convolution is used, not columns over the whole batch.
  ...[
    ...windows.filter(({ stride }) => stride < 3),
    { kernel: 3, stride: 1, padding: 2, dilation: 2 },
    { kernel: 3, stride: 2, padding: 1, dilation: 2 },
    { kernel: 3, stride: 1, padding: 1, groups: 2 },
  ].map((window) =>
    around(
      `convolution of many channels, ${JSON.stringify(window)}`,
      [{ kind: 'convolution', id: 'it', filters: 4, ...window }],
      64,
    ),
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
  ...(
    [
      { kernel: 3 },
      { kernel: 2, stride: 2, filters: 3 },
      { kernel: 3, stride: 2, padding: 1, outputPadding: 1 },
      { kernel: 4, stride: 3, padding: 2, outputPadding: 2, bias: false },
      { kernel: 1, stride: 2 },
    ] as const
  ).map((more) =>
    around(`transposed-convolution, ${JSON.stringify(more)}`, [
      { kind: 'transposed-convolution', id: 'it', filters: 5, ...more },
    ]),
  ),
  around('batch-norm', [{ kind: 'batch-norm', id: 'it' }]),
  around('group-norm', [{ kind: 'group-norm', id: 'it', groups: 2, epsilon: 1e-3 }]),
  around('group-norm, each channel by itself', [{ kind: 'group-norm', id: 'it', groups: 4 }]),
  around('layer-norm', [{ kind: 'layer-norm', id: 'it' }]),
  around('relu', [{ kind: 'relu', id: 'it' }]),
  around('relu with a ceiling', [{ kind: 'relu', id: 'it', ceiling: 0.4 }]),
  around('leaky-relu', [{ kind: 'leaky-relu', id: 'it', slope: 0.2 }]),
  ...(['gelu', 'silu', 'sigmoid', 'tanh', 'softmax'] as const).map((kind) => around(kind, [{ kind, id: 'it' }])),
  around('multiply', [
    { kind: 'convolution', id: 'other', filters: 4, kernel: 1 },
    { kind: 'multiply', id: 'two', inputs: ['before', 'other'] },
    { kind: 'multiply', id: 'square', inputs: ['two', 'two'] },
  ]),
  ...([0, 1] as const).map((gateFirst) =>
    around(`multiply with a gate, ${gateFirst ? 'before' : 'after'} the maps`, [
      { kind: 'global-average-pool', id: 'mean' },
      { kind: 'dense', id: 'gate', units: 4 },
      { kind: 'multiply', id: 'gated', inputs: gateFirst ? ['gate', 'before'] : ['before', 'gate'] },
    ]),
  ),
  around('squeeze-excitation', [{ kind: 'squeeze-excitation', id: 'it', squeezed: 3 }]),
  network(
    'global-max-pool, and norms, gates and activations of features',
    [2, 5, 6],
    [
      { kind: 'convolution', id: 'before', filters: 6, kernel: 3 },
      { kind: 'global-max-pool', id: 'largest' },
      { kind: 'batch-norm', id: 'batch' },
      { kind: 'gelu', id: 'curve' },
      { kind: 'dense', id: 'hidden', units: 6, bias: false },
      { kind: 'group-norm', id: 'groups', groups: 3 },
      { kind: 'multiply', id: 'product', inputs: ['groups', 'curve'] },
      { kind: 'layer-norm', id: 'layer' },
      { kind: 'concatenate', id: 'joined', inputs: ['layer', 'hidden'] },
      { kind: 'softmax', id: 'shares' },
      { kind: 'dense', id: 'classes', units: 3 },
    ],
  ),
  ...(['p4', 'p4m'] as const).flatMap((group) => [
    around(`group-convolution over ${group}, ordinary map to oriented`, [
      { kind: 'group-convolution', id: 'lift', group, filters: 2, kernel: 3, padding: 1 },
      { kind: 'orientation-pool', id: 'pool', take: 'max' },
    ]),
    around(`group-convolution over ${group}, oriented to oriented, with batch-norm and pools`, [
      { kind: 'group-convolution', id: 'lift', group, filters: 2, kernel: 3, bias: false },
      { kind: 'batch-norm', id: 'norm', orientations: orientationsOf(group) },
      { kind: 'silu', id: 'curve' },
      { kind: 'group-convolution', id: 'it', group, filters: 3, kernel: 2, stride: 2, padding: 1 },
      { kind: 'average-pool', id: 'mean', kernel: 2, stride: 1 },
      { kind: 'orientation-pool', id: 'pool', take: 'mean' },
    ]),
  ]),
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
  const add = (...more: readonly LayerInput[]) => {
    layers.push(...more)
    last = layers.at(-1)?.id ?? last
    shape = layersSoFar(network('unfinished', input, layers)).layers[layers.length - 1]?.shape ?? input
  }
  for (let at = 0; at < 7; at++) {
    add(...randomLayers(random, `layer${at}`, last, shape))
    if (random.below(3) === 0) branch(at)
  }
  const end = (['flatten', 'global-average-pool', 'global-max-pool'] as const)[random.below(3)] ?? 'flatten'
  add({ kind: end, id: 'end', inputs: [last] })
  if (end !== 'global-average-pool' && random.below(2) === 0) add(...randomFeatures(random, last))
  return network(`random network ${seed}`, input, [
    ...layers,
    { kind: 'dense', id: 'classes', inputs: [last], units: 3, bias: random.below(3) > 0 },
  ])

  /** Two paths from the last layer that meet again. */
  function branch(at: number): void {
    const from = last
    const [channels] = shape
    add({ kind: 'convolution', id: `left${at}`, inputs: [from], filters: channels, kernel: 3, padding: 1 })
    const meet = random.below(4)
    if (meet === 0) add({ kind: 'add', id: `sum${at}`, inputs: [from, `left${at}`] })
    else if (meet === 1) add({ kind: 'concatenate', id: `joined${at}`, inputs: [`left${at}`, from] })
    else if (meet === 2) add({ kind: 'multiply', id: `product${at}`, inputs: [`left${at}`, from] })
    else
      add(
        { kind: 'global-max-pool', id: `gate${at}`, inputs: [from] },
        { kind: 'multiply', id: `gated${at}`, inputs: [`gate${at}`, `left${at}`] },
      )
  }
}

/** A layer that reads maps, or a few that belong together; maps come out. */
function randomLayers(
  random: Random,
  id: string,
  input: string,
  [channels, height = 1, width = 1]: Shape,
): LayerInput[] {
  const inputs = [input]
  const edge = Math.min(height, width)
  const kernel = 1 + random.below(Math.min(3, edge))
  const window = { kernel, stride: edge > 4 ? 1 + random.below(2) : 1, padding: random.below(kernel) }
  const bias = random.below(2) === 0
  const filters = 2 + random.below(4)
  const divisors = [1, 2, 3, 4, 5, 6, 7, 8].filter((groups) => channels % groups === 0)
  const groups = divisors[random.below(divisors.length)] ?? 1
  const dilation = edge > 6 ? 2 : 1
  const kinds: LayerInput[][] = [
    [{ kind: 'convolution', id, inputs, filters, bias, ...window }],
    [{ kind: 'convolution', id, inputs, filters: groups * (1 + random.below(2)), groups, bias, ...window }],
    [{ kind: 'convolution', id, inputs, filters: channels, groups: channels, kernel: 3, padding: 1, dilation }],
    [{ kind: 'convolution', id, inputs, filters, kernel: 3, padding: 1 }],
    [{ kind: 'batch-norm', id, inputs }],
    [{ kind: 'group-norm', id, inputs, groups }],
    [{ kind: 'layer-norm', id, inputs }],
    [{ kind: 'relu', id, inputs }],
    [{ kind: 'relu', id, inputs, ceiling: 0.5 }],
    [{ kind: 'leaky-relu', id, inputs }],
    [{ kind: 'gelu', id, inputs }],
    [{ kind: 'silu', id, inputs }],
    [{ kind: 'sigmoid', id, inputs }],
    [{ kind: 'tanh', id, inputs }],
    [{ kind: 'softmax', id, inputs }],
    [{ kind: 'max-pool', id, inputs, ...window }],
    [{ kind: 'average-pool', id, inputs, ...window }],
    [{ kind: 'dropout', id, inputs, rate: 0.25 }],
    [{ kind: 'squeeze-excitation', id, inputs, squeezed: 1 + random.below(3) }],
  ]
  if (edge < 9)
    kinds.push([
      { kind: 'transposed-convolution', id, inputs, filters, bias, kernel: 3, stride: 2, padding: 1, outputPadding: 1 },
    ])
  if (edge > 3) kinds.push(orientedLayers(random, id, input, 'p4'), orientedLayers(random, id, input, 'p4m'))
  return kinds[random.below(kinds.length)] ?? []
}

/** Lifted, normed and convolved again, and back to an ordinary map. */
function orientedLayers(random: Random, id: string, input: string, group: SymmetryGroup): LayerInput[] {
  return [
    { kind: 'group-convolution', id: `${id}_lift`, inputs: [input], group, filters: 2, kernel: 3, padding: 1 },
    { kind: 'batch-norm', id: `${id}_norm`, orientations: orientationsOf(group) },
    { kind: 'group-convolution', id: `${id}_turn`, group, filters: 1 + random.below(2), kernel: 2, bias: false },
    { kind: 'orientation-pool', id, take: random.below(2) === 0 ? 'mean' : 'max' },
  ]
}

/** Layers that read features: a norm, a hidden layer, a product. Not after means, which a norm makes all the same. */
function randomFeatures(random: Random, input: string): LayerInput[] {
  return [
    random.below(2) === 0
      ? { kind: 'batch-norm', id: 'norm', inputs: [input] }
      : { kind: 'layer-norm', id: 'norm', inputs: [input] },
    { kind: 'dense', id: 'hidden', units: 5, bias: random.below(2) === 0 },
    { kind: 'tanh', id: 'curve' },
    { kind: 'multiply', id: 'squared', inputs: ['curve', 'hidden'] },
  ]
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
          : isWeight(role)
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
