/** What each layer of a network does, in words, beside the shape of its output and its number of weights. Pure. */
import { orientationsOf } from '../../../src-shared/network/layerShape.ts'
import { layersSoFar, type LayerShape } from '../../../src-shared/network/shapes.ts'
import type { Layer, NetworkDescription } from '../../../src-shared/networks.ts'

export interface LayerFacts {
  layer: Layer
  /** what it does, in words: “32 filters, 3 × 3” */
  text: string
  /** [channels, height, width] of one patch; after flatten and dense layers [values] */
  shape: readonly number[]
  /** trained weights; running averages are not counted */
  weights: number
}

/** @returns a row for each layer that can be built, and what stands in the way of the rest; null = nothing does */
export function layerFacts(network: NetworkDescription): { rows: LayerFacts[]; problem: string | null } {
  const { layers, problem } = layersSoFar(network)
  return {
    rows: layers.map((layer) => ({
      layer: layer.layer,
      text: inWords(layer),
      shape: layer.shape,
      weights: layer.parameters,
    })),
    problem: problem?.message ?? null,
  }
}

export function inWords({ layer, inputs, inputSymmetry }: LayerShape): string {
  switch (layer.kind) {
    case 'convolution':
    case 'transposed-convolution':
    case 'group-convolution':
      return filtersInWords(layer)
    case 'orientation-pool':
      return `${layer.take === 'max' ? 'largest' : 'mean'} of ${orientationsOf(inputSymmetry)} orientations`
    case 'max-pool':
    case 'average-pool':
      return `${layer.kind === 'max-pool' ? 'largest' : 'mean'} of ${layer.kernel} × ${layer.kernel}, step ${layer.stride}`
    case 'global-average-pool':
      return 'mean of each channel'
    case 'global-max-pool':
      return 'largest value of each channel'
    case 'batch-norm':
      return `mean 0, spread 1 in a batch${layer.orientations > 1 ? `, ${layer.orientations} orientations together` : ''}`
    case 'group-norm':
      return `mean 0, spread 1 in each patch, in ${layer.groups} groups of channels`
    case 'layer-norm':
      return 'mean 0, spread 1 in each patch'
    case 'relu':
      return `below 0 becomes 0${layer.ceiling === undefined ? '' : `, above ${layer.ceiling} becomes ${layer.ceiling}`}`
    case 'leaky-relu':
      return `below 0 times ${layer.slope}`
    case 'gelu':
    case 'silu':
      return 'below 0 becomes almost 0, without a corner'
    case 'sigmoid':
      return 'squeezed between 0 and 1'
    case 'tanh':
      return 'squeezed between −1 and 1'
    case 'softmax':
      return 'shares that add up to 1'
    case 'dropout':
      return `drops ${Math.round(layer.rate * 100)} % while training`
    case 'flatten':
      return 'all values in a row'
    case 'dense':
      return `${layer.units} weighted sums`
    case 'squeeze-excitation':
      return `turns channels up or down, by ${layer.squeezed} values`
    case 'add':
      return `sum of ${inputs.join(', ')}`
    case 'multiply':
      return `product of ${inputs.join(', ')}`
    case 'concatenate':
      return `${inputs.join(', ')} joined`
  }
}

function filtersInWords(
  layer: Extract<Layer, { kind: 'convolution' | 'transposed-convolution' | 'group-convolution' }>,
): string {
  const { filters, kernel, stride } = layer
  const words = [
    `${filters} filters${layer.kind === 'group-convolution' ? ` in ${orientationsOf(layer.group)} orientations` : ''}`,
  ]
  words.push(`${kernel} × ${kernel}`)
  if (stride > 1) words.push(layer.kind === 'transposed-convolution' ? `${stride} times as large` : `step ${stride}`)
  if (layer.kind === 'convolution' && layer.dilation > 1) words.push(`taps ${layer.dilation} apart`)
  if (layer.kind === 'convolution' && layer.groups > 1) words.push(`in ${layer.groups} groups`)
  return words.join(', ')
}
