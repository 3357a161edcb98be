/** The parameters of a layer: what training changes. Their order here is their order in the flat vector and in files. */
import type { Layer } from '../networks.ts'
import { orientationsOf, sizeOf, type Made } from './layerShape.ts'

/** `scale` and `shift` are the γ and β of a norm; squeeze and excite are the two dense layers of a squeeze-excitation. */
export type ParameterRole =
  | 'weight'
  | 'bias'
  | 'scale'
  | 'shift'
  | 'squeeze-weight'
  | 'squeeze-bias'
  | 'excite-weight'
  | 'excite-bias'

export type LayerParameter = {
  role: ParameterRole
  /**
   * convolution [filter, channel of its group, row, column]; transposed convolution [channel, filter, row, column];
   * group convolution [field, channel, row, column] when it lifts, else [field, field read, orientation, row, column];
   * dense [unit, feature]; others [channel] or [unit]
   */
  dims: readonly number[]
  /** how many inputs one output is a weighted sum of */
  fanIn: number
}

/** Whether a parameter is a matrix or filter that values are multiplied with: what weight decay pulls on. */
export const isWeight = (role: ParameterRole): boolean => role.endsWith('weight')

/** @param inputs that fit the layer, as outputOf has checked */
export function layerParameters(layer: Layer, inputs: readonly Made[]): LayerParameter[] {
  const [first] = inputs
  const channels = first?.shape[0] ?? 0
  switch (layer.kind) {
    case 'convolution': {
      const { filters, kernel, groups, bias } = layer
      const fanIn = (channels / groups) * kernel ** 2
      return weighted([filters, channels / groups, kernel, kernel], filters, fanIn, bias)
    }
    case 'transposed-convolution': {
      const { filters, kernel, stride, bias } = layer
      // A value of the output lies under about (kernel / stride)² windows.
      const fanIn = channels * Math.max(1, Math.round((kernel / stride) ** 2))
      return weighted([channels, filters, kernel, kernel], filters, fanIn, bias)
    }
    case 'group-convolution': {
      const { filters, kernel, bias } = layer
      const orientations = orientationsOf(first?.symmetry ?? null)
      const read = orientations === 1 ? [channels] : [channels / orientations, orientations]
      return weighted([filters, ...read, kernel, kernel], filters, channels * kernel ** 2, bias)
    }
    case 'dense':
      return weighted([layer.units, channels], layer.units, channels, layer.bias)
    case 'batch-norm':
      return scaled(channels / layer.orientations)
    case 'group-norm':
    case 'layer-norm':
      return scaled(channels)
    case 'squeeze-excitation': {
      const { squeezed } = layer
      return [
        { role: 'squeeze-weight', dims: [squeezed, channels], fanIn: channels },
        { role: 'squeeze-bias', dims: [squeezed], fanIn: channels },
        { role: 'excite-weight', dims: [channels, squeezed], fanIn: squeezed },
        { role: 'excite-bias', dims: [channels], fanIn: squeezed },
      ]
    }
    case 'orientation-pool':
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
      return []
  }
}

export const countOf = (parameters: readonly LayerParameter[]): number =>
  parameters.reduce((sum, { dims }) => sum + sizeOf(dims), 0)

function weighted(dims: readonly number[], outputs: number, fanIn: number, bias: boolean): LayerParameter[] {
  const weight: LayerParameter = { role: 'weight', dims, fanIn }
  return bias ? [weight, { role: 'bias', dims: [outputs], fanIn }] : [weight]
}

const scaled = (channels: number): LayerParameter[] => [
  { role: 'scale', dims: [channels], fanIn: 1 },
  { role: 'shift', dims: [channels], fanIn: 1 },
]
