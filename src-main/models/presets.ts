/**
 * The three networks to begin with, for patches of 16 to 512 px. They share a plan, so that they can be compared: a stem
 * that makes the patch smaller, three stages of convolutions at half the edge and twice the channels of the stage before,
 * the mean over the last map, and one dense layer. What happens inside a stage is what tells them apart.
 *
 * Sized for two processor cores: a few hundred 96 px patches per second in training.
 */
import { tesseraError } from '../../src-shared/errors.ts'
import { NetworkDescription, PresetName, type LayerInput, type NetworkSummary } from '../../src-shared/networks.ts'
import { INPUT, networkShapes } from '../../src-shared/network/shapes.ts'

/** Edges of patches the presets are made for, px. */
export const SMALLEST_EDGE = 16
export const LARGEST_EDGE = 512

/** Channels of the first stage; a multiple of 16, which suits the vector units of processors. */
const WIDTH = 16
const STAGES = 3
/** px of the last map the halvings aim at: small enough to be cheap, large enough to leave cells apart. */
const LAST_MAP = 9
/** Before the dense layer; against learning the training slides by heart. */
const DROPOUT = 0.2

type Preset = {
  title: string
  /** One sentence for a student. */
  idea: string
  /** Adds the layers of one stage. @param halve whether its map is to be half as large as before */
  stage: (stack: Stack, name: string, width: number, halve: boolean) => void
}

const presets: Record<PresetName, Preset> = {
  'small-vgg': {
    title: 'Small VGG',
    idea: 'Only 3 × 3 convolutions, one after the other: two of them see as much as one 5 × 5, with fewer weights and one more bend (Simonyan and Zisserman, 2014).',
    stage(stack, name, width, halve) {
      if (halve) stack.add({ kind: 'max-pool', id: `${name}_pool`, kernel: 2, stride: 2, padding: 0 })
      stack.convolve(`${name}_a`, width, 3)
      stack.convolve(`${name}_b`, width, 3)
    },
  },
  'small-resnet': {
    title: 'Small ResNet',
    idea: 'Shortcuts carry each block’s input past its convolutions, so that a block only learns what to change and the gradient reaches the first layers undimmed (He et al., 2015).',
    stage(stack, name, width, halve) {
      residualBlock(stack, `${name}_1`, width, { stride: halve ? 2 : 1, widens: width !== WIDTH })
      residualBlock(stack, `${name}_2`, width, { stride: 1, widens: false })
    },
  },
  'small-inception': {
    title: 'Small Inception',
    idea: 'Each block looks at several sizes at once, 1, 3 and 5 px and an average, and joins what they find, so that the network need not decide how large a pattern is (Szegedy et al., 2014).',
    stage(stack, name, width, halve) {
      if (halve) stack.add({ kind: 'max-pool', id: `${name}_pool`, kernel: 2, stride: 2, padding: 0 })
      inceptionBlock(stack, `${name}_1`, 2 * width)
      // One block on the first, largest maps: its many narrow convolutions cost more time than their sums suggest.
      if (width > WIDTH) inceptionBlock(stack, `${name}_2`, 2 * width)
    },
  },
}

/**
 * @param channels 3 for stained tissue, 1 for grey pictures
 * @param edge px of the square patch
 * @throws {TesseraError} NETWORK_INVALID for a patch that is too small or too large
 */
export function presetNetwork(preset: PresetName, channels: number, edge: number, classes: number): NetworkDescription {
  if (edge < SMALLEST_EDGE || edge > LARGEST_EDGE)
    throw tesseraError(
      'NETWORK_INVALID',
      `The networks are made for patches of ${SMALLEST_EDGE} to ${LARGEST_EDGE} px, these have ${edge} px. Make a grid with another patch edge or µm/px.`,
      { layer: null, expected: `patches of ${SMALLEST_EDGE} to ${LARGEST_EDGE} px`, found: `${edge} px` },
    )
  const stack = emptyStack()
  const halvings = Math.max(0, Math.round(Math.log2(edge / LAST_MAP)))
  const inStages = Math.min(halvings, STAGES - 1)
  stem(stack, halvings - inStages)
  for (let stage = 0; stage < STAGES; stage++)
    presets[preset].stage(stack, `stage${stage + 1}`, WIDTH * 2 ** stage, stage > 0 && stage <= inStages)
  stack.add({ kind: 'global-average-pool', id: 'mean' })
  stack.add({ kind: 'dropout', id: 'dropout', rate: DROPOUT })
  stack.add({ kind: 'dense', id: 'classes', units: classes })
  return NetworkDescription.parse({ name: presets[preset].title, input: [channels, edge, edge], layers: stack.layers })
}

/** What each preset is for such patches; none where the patches fit no preset. */
export function networkSummaries(channels: number, edge: number, classes: number): NetworkSummary[] {
  if (edge < SMALLEST_EDGE || edge > LARGEST_EDGE) return []
  return PresetName.options.map((preset) => {
    const shapes = networkShapes(presetNetwork(preset, channels, edge, classes))
    const { title, idea } = presets[preset]
    return {
      preset,
      title,
      idea,
      layers: shapes.layers.length,
      parameters: shapes.parameters,
      multiplyAdds: shapes.multiplyAdds,
      receptiveFieldPx: shapes.receptiveFieldPx,
    }
  })
}

/** Layers on top of each other, each reading the last unless told otherwise. */
type Stack = {
  readonly layers: LayerInput[]
  /** name of the layer added last */
  last: () => string
  add: (layer: LayerInput) => string
  /** Convolution, batch norm and, unless it is to stay linear, ReLU. No bias: the norm would take it off again. */
  convolve: (id: string, filters: number, kernel: number, options?: ConvolveOptions) => string
}
type ConvolveOptions = { stride?: number; from?: string; linear?: boolean }

function emptyStack(): Stack {
  const layers: LayerInput[] = []
  const last = () => layers.at(-1)?.id ?? INPUT
  const add = (layer: LayerInput): string => {
    layers.push({ ...layer, inputs: layer.inputs ?? [last()] })
    return layer.id
  }
  const convolve = (id: string, filters: number, kernel: number, options: ConvolveOptions = {}): string => {
    const { stride = 1, from = last(), linear = false } = options
    add({ kind: 'convolution', id, inputs: [from], filters, kernel, stride, padding: (kernel - 1) >> 1, bias: false })
    const normal = add({ kind: 'batch-norm', id: `${id}_norm`, epsilon: 1e-5 })
    return linear ? normal : add({ kind: 'relu', id: `${id}_relu` })
  }
  return { layers, last, add, convolve }
}

/** Halves the patch so often; from two times on, the first convolution takes two at once, where maps are dearest. */
function stem(stack: Stack, halvings: number): void {
  const strides = halvings < 2 ? [2 ** halvings] : [4, ...new Array<number>(halvings - 2).fill(2)]
  for (const [place, stride] of strides.entries())
    stack.convolve(`stem${place + 1}`, WIDTH, stride === 4 ? 5 : 3, { stride })
}

/** y = relu(x + f(x)); where the shape changes, x passes a 1 × 1 convolution. */
function residualBlock(
  stack: Stack,
  name: string,
  width: number,
  { stride, widens }: { stride: number; widens: boolean },
): void {
  const from = stack.last()
  const changes = stride > 1 || widens
  const shortcut = changes ? stack.convolve(`${name}_shortcut`, width, 1, { stride, from, linear: true }) : from
  stack.convolve(`${name}_a`, width, 3, { stride, from })
  const learned = stack.convolve(`${name}_b`, width, 3, { linear: true })
  stack.add({ kind: 'add', id: `${name}_sum`, inputs: [shortcut, learned] })
  stack.add({ kind: 'relu', id: `${name}_relu` })
}

/** Four views of the same map, joined: 1 × 1, 3 × 3, two 3 × 3 in a row, and the average of 3 × 3. */
function inceptionBlock(stack: Stack, name: string, width: number): void {
  const from = stack.last()
  const part = width / 4
  const point = stack.convolve(`${name}_1x1`, part, 1, { from })
  stack.convolve(`${name}_3x3_in`, part, 1, { from })
  const three = stack.convolve(`${name}_3x3`, part, 3)
  stack.convolve(`${name}_5x5_in`, part, 1, { from })
  stack.convolve(`${name}_5x5_a`, part, 3)
  const five = stack.convolve(`${name}_5x5_b`, part, 3)
  stack.add({ kind: 'average-pool', id: `${name}_mean`, inputs: [from], kernel: 3, stride: 1, padding: 1 })
  const mean = stack.convolve(`${name}_mean_1x1`, part, 1)
  stack.add({ kind: 'concatenate', id: `${name}_joined`, inputs: [point, three, five, mean] })
}
