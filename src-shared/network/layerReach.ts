/** How much of the patch one value of a layer sees, and how much multiplying a layer costs. */
import type { Layer } from '../networks.ts'
import { isMap, orientationsOf, sizeOf, spanOf, type Made, type Shape } from './layerShape.ts'

/**
 * Receptive field of one value, px of the patch: `size` = edge of the square it sees, `jump` = distance between the
 * squares of two neighbouring values.
 *
 *   size' = size + (kernel − 1) · dilation · jump        jump' = jump · stride
 *
 * Of a transposed convolution: one value lies under ⌈kernel / stride⌉ windows along each axis, and jump' = jump / stride.
 * Where branches meet, the largest counts. What only goes through statistics of a whole map, such as norms over a patch
 * and the gates of its channels, is not counted.
 * @see Araujo, Norris, Sim, Computing Receptive Fields of Convolutional Neural Networks, Distill (2019)
 */
export type ReceptiveField = { size: number; jump: number }

/** @param read receptive fields of the inputs, in their order */
export function receptiveFieldOf(
  layer: Layer,
  inputs: readonly Made[],
  read: readonly ReceptiveField[],
): ReceptiveField {
  const counted = layer.kind === 'multiply' ? withoutGate(inputs, read) : read
  const size = Math.max(...counted.map((field) => field.size))
  const jump = Math.max(...counted.map((field) => field.jump))
  switch (layer.kind) {
    case 'convolution':
    case 'group-convolution':
    case 'max-pool':
    case 'average-pool':
      return { size: size + (spanOf(layer) - 1) * jump, jump: jump * layer.stride }
    case 'transposed-convolution':
      return { size: size + (Math.ceil(layer.kernel / layer.stride) - 1) * jump, jump: jump / layer.stride }
    case 'global-average-pool':
    case 'global-max-pool':
    case 'flatten':
      return { size: size + (edgeOf(inputs[0]?.shape) - 1) * jump, jump }
    case 'orientation-pool':
    case 'batch-norm':
    case 'group-norm':
    case 'layer-norm':
    case 'relu':
    case 'leaky-relu':
    case 'gelu':
    case 'silu':
    case 'sigmoid':
    case 'tanh':
    case 'softmax':
    case 'dense':
    case 'dropout':
    case 'squeeze-excitation':
    case 'add':
    case 'multiply':
    case 'concatenate':
      return { size, jump }
  }
}

function withoutGate(inputs: readonly Made[], read: readonly ReceptiveField[]): readonly ReceptiveField[] {
  const ofMaps = read.filter((_, place) => isMap(inputs[place]?.shape ?? [0]))
  return ofMaps.length === 0 ? read : ofMaps
}

const edgeOf = (shape: Shape | undefined): number => (shape && isMap(shape) ? Math.max(shape[1], shape[2]) : 1)

/** Multiplications that are added up, for one patch; only convolutions and dense layers have any worth counting. */
export function multiplyAddsOf(layer: Layer, inputs: readonly Made[], output: Made): number {
  const [channels = 0, height = 1, width = 1] = inputs[0]?.shape ?? []
  const [, rows = 1, columns = 1] = output.shape
  switch (layer.kind) {
    case 'convolution':
      return ((layer.filters * channels * layer.kernel ** 2) / layer.groups) * rows * columns
    case 'transposed-convolution':
      return layer.filters * channels * layer.kernel ** 2 * height * width
    case 'group-convolution':
      return layer.filters * orientationsOf(layer.group) * channels * layer.kernel ** 2 * rows * columns
    case 'dense':
      return layer.units * sizeOf(inputs[0]?.shape ?? [])
    case 'squeeze-excitation':
      return 2 * channels * layer.squeezed
    case 'orientation-pool':
    case 'batch-norm':
    case 'group-norm':
    case 'layer-norm':
    case 'relu':
    case 'leaky-relu':
    case 'gelu':
    case 'silu':
    case 'sigmoid':
    case 'tanh':
    case 'softmax':
    case 'max-pool':
    case 'average-pool':
    case 'global-average-pool':
    case 'global-max-pool':
    case 'flatten':
    case 'dropout':
    case 'add':
    case 'multiply':
    case 'concatenate':
      return 0
  }
}
