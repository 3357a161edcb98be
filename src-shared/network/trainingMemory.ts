/**
 * How much memory a training needs, worked out before it starts, so that a batch can be chosen that fits.
 *
 * Everything is float32 but the places of maxima, which are int64. While the backward pass goes from the last layer to the
 * first, what the forward pass kept for a layer is given back once the layer is done:
 *
 *   peak = max over layers of (kept by this layer and those before it + gradients it reads and makes + its workspace)
 *
 * The runtime's allocator then holds up to one and a half times that beside it: it plans one block for the second step
 * while the pieces of the first stay in its arena, which grows in powers of two. Planning makes steps 3 to 7 % faster;
 * where it would cost more than PLAN_UP_TO it is left off.
 *
 * A batch in two parts needs the gradient and the runtime once for each part. An estimate: five trainings of networks of 75
 * thousand to 45 million parameters took 0.78 to 1.31 times as much in a process of their own (two threads, 2026-11-25).
 */
import type { Layer } from '../networks.ts'
import { isMap, sizeOf, spanOf, type Shape } from './layerShape.ts'
import { mostPartsOf } from './parts.ts'
import { INPUT, type LayerShape, type NetworkShapes } from './shapes.ts'

/** All in bytes. */
export type TrainingMemory = {
  /** parameters and running averages */
  weights: number
  /** ∂loss/∂parameters, with all the copies of it that are there at once */
  gradient: number
  /** what the optimiser remembers of earlier gradients */
  moments: number
  /** values of the batch that the backward pass will want again */
  activations: number
  /** gradients on their way and whatever else is needed at the worst moment of the backward pass */
  workspace: number
  /** the runtime itself, and what its allocator holds beside activations and workspace */
  runtime: number
  total: number
}

const FLOAT = 4
const PLACE = 8
/** AdamW's two. */
const MOMENTS = 2
/** Copies of the gradient in each part: as it is worked out, planned, where it is wanted, and handed out by the runtime. */
const GRADIENTS = 4
/** The runtime itself with a graph of a few hundred operators, as measured; once for each part. */
const RUNTIME = 55 * 2 ** 20
/** What the allocator holds beside the peak, with its plan and without. */
const PLANNED = 1.5
const UNPLANNED = 0.5
/** Peak, in bytes, up to which a faster step is worth the memory of a plan. */
const PLAN_UP_TO = 2 ** 29
const THREADS = 2

/**
 * @param moments vectors as long as the parameters that the optimiser keeps
 * @param threads of the engine
 */
export function trainingMemory(
  network: NetworkShapes,
  batch: number,
  moments = MOMENTS,
  threads = THREADS,
): TrainingMemory {
  const parameters = network.parameters * FLOAT
  const { activations, peak } = peakOf(network, batch)
  const parts = mostPartsOf(batch, threads)
  const memory = {
    weights: parameters,
    gradient: GRADIENTS * parts * parameters,
    moments: moments * parameters,
    activations,
    workspace: peak - activations,
    runtime: RUNTIME * parts + (peak <= PLAN_UP_TO ? PLANNED : UNPLANNED) * peak,
  }
  return { ...memory, total: sum(Object.values(memory)) }
}

/** Whether the runtime plans the memory of a step ahead. @param batch the whole of it, not one part */
export const plansMemory = (network: NetworkShapes, batch: number): boolean => peakOf(network, batch).peak <= PLAN_UP_TO

/** Bytes of the batch that are kept for the backward pass, and of the worst moment of that. */
function peakOf(network: NetworkShapes, batch: number): { activations: number; peak: number } {
  const kept = keptByLayer(network)
  const activations = batch * sum(kept)
  let before = 0
  let peak = activations
  for (const [place, layer] of network.layers.entries()) {
    before += kept[place] ?? 0
    peak = Math.max(peak, batch * (before + FLOAT * (onTheWay(layer) + workspaceOf(layer))))
  }
  return { activations, peak }
}

/** The largest batch whose training fits; 0 when not even one patch does. */
export function largestBatch(network: NetworkShapes, bytes: number, moments = MOMENTS): number {
  const fits = (batch: number) => trainingMemory(network, batch, moments).total <= bytes
  if (!fits(1)) return 0
  let batch = 1
  while (fits(2 * batch)) batch *= 2
  for (let more = batch / 2; more >= 1; more /= 2) if (fits(batch + more)) batch += more
  return batch
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0)

/** Layers whose backward pass reads what they read. */
const READS_INPUT = new Set<Layer['kind']>([
  'convolution',
  'transposed-convolution',
  'group-convolution',
  'batch-norm',
  'dense',
  'gelu',
  'silu',
  'multiply',
  'squeeze-excitation',
])
/** Layers whose backward pass reads what they made. */
const READS_OUTPUT = new Set<Layer['kind']>(['relu', 'leaky-relu', 'sigmoid', 'tanh', 'softmax'])

/** For each layer, bytes of one patch that stay until its backward pass: its output, if it is wanted, and its own. */
function keptByLayer({ layers, input }: NetworkShapes): number[] {
  const wanted = new Set<string>()
  for (const { layer, inputs } of layers) {
    if (READS_INPUT.has(layer.kind)) for (const name of inputs) wanted.add(name)
    if (READS_OUTPUT.has(layer.kind)) wanted.add(layer.id)
  }
  return layers.map(({ layer, shape }, place) => {
    const patch = place === 0 && wanted.has(INPUT) ? FLOAT * sizeOf(input) : 0
    return patch + (wanted.has(layer.id) ? FLOAT * sizeOf(shape) : 0) + ownOf(layer, shape)
  })
}

/** Bytes of one patch that a layer keeps beside its input and output. */
function ownOf(layer: Layer, shape: Shape): number {
  switch (layer.kind) {
    case 'max-pool':
    case 'global-max-pool':
      return PLACE * sizeOf(shape)
    case 'orientation-pool':
      return layer.take === 'max' ? PLACE * sizeOf(shape) : 0
    case 'group-norm':
    case 'layer-norm':
    case 'dropout':
      return FLOAT * sizeOf(shape)
    default:
      return 0
  }
}

/** Numbers of one patch: the gradient that arrives and those that are passed on. */
const onTheWay = ({ shape, inputShapes }: LayerShape): number => sizeOf(shape) + sum(inputShapes.map(sizeOf))

/** Numbers of one patch that a backward pass needs for itself. */
function workspaceOf({ layer, shape, inputShapes }: LayerShape): number {
  const [input = shape] = inputShapes
  switch (layer.kind) {
    case 'convolution':
    case 'group-convolution':
      return filterWorkspace(layer, input, shape)
    case 'transposed-convolution':
      return filterWorkspace(layer, shape, input)
    case 'batch-norm':
    case 'silu':
    case 'max-pool':
    case 'global-max-pool':
    case 'squeeze-excitation':
      return 2 * sizeOf(input)
    case 'gelu':
    case 'group-norm':
    case 'layer-norm':
      return 3 * sizeOf(input)
    default:
      return sizeOf(shape)
  }
}

/** The map with its padding, and the part of it under a few taps at a time. @param read what the filters step over */
function filterWorkspace(
  layer: { kernel: number; padding: number; dilation?: number },
  read: Shape,
  made: Shape,
): number {
  if (!isMap(read) || spanOf(layer) === 1) return sizeOf(read)
  const [channels, height, width] = read
  const padded = channels * (height + 2 * layer.padding) * (width + 2 * layer.padding)
  const taps = Math.min(layer.kernel ** 2, TAPS_AT_ONCE)
  return padded + taps * channels * (sizeOf(made) / made[0])
}

/** Taps whose shifted copies of the input are there at the same time. */
const TAPS_AT_ONCE = 4
