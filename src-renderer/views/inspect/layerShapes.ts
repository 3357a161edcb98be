/**
 * What each layer of a network makes: the shape of its output and how many weights it has. Pure.
 *
 * Shapes are [channels, height, width] of one patch; after flatten and dense layers [values].
 *   convolution, pooling:  out = floor((in + 2 · padding − kernel) / stride) + 1
 *   weights of a convolution: filters · (channels · kernel² + bias); of a dense layer: units · (values + 1);
 *   of batch normalisation: 4 for each channel (scale, shift, running mean and variance; the last two are not trained)
 */
import type { Layer, NetworkDescription } from '../../../src-shared/networks.ts'

type Shape = readonly number[]

export interface LayerFacts {
  layer: Layer
  /** what it does, in words: “32 filters, 3 × 3” */
  text: string
  shape: Shape
  /** trained weights */
  weights: number
}

const INPUT = 'input'

/** @returns one row for each layer; null when a layer reads one that is not there */
export function layerFacts({ input, layers }: NetworkDescription): LayerFacts[] | null {
  const shapes = new Map<string, Shape>([[INPUT, input]])
  const rows: LayerFacts[] = []
  let before: string = INPUT
  for (const layer of layers) {
    const sources = (layer.inputs ?? [before]).map((id) => shapes.get(id))
    if (sources.some((shape) => shape === undefined)) return null
    const facts = factsOf(layer, sources as Shape[])
    shapes.set(layer.id, facts.shape)
    rows.push({ layer, ...facts })
    before = layer.id
  }
  return rows
}

function factsOf(layer: Layer, sources: readonly Shape[]): Omit<LayerFacts, 'layer'> {
  const from = sources[0]!
  const [channels = 1, height = 1, width = 1] = from
  const slide = (kernel: number, stride: number, padding: number, length: number, dilation = 1) =>
    Math.floor((length + 2 * padding - dilation * (kernel - 1) - 1) / stride) + 1
  switch (layer.kind) {
    case 'convolution': {
      const { filters, kernel, stride, padding, dilation, groups, bias } = layer
      const edge = (length: number) => slide(kernel, stride, padding, length, dilation)
      return {
        text: `${filters} filters, ${kernel} × ${kernel}${stride > 1 ? `, step ${stride}` : ''}`,
        shape: [filters, edge(height), edge(width)],
        weights: filters * ((channels / groups) * kernel * kernel + (bias ? 1 : 0)),
      }
    }
    case 'max-pool':
    case 'average-pool': {
      const { kernel, stride, padding } = layer
      return {
        text: `${layer.kind === 'max-pool' ? 'largest' : 'mean'} of ${kernel} × ${kernel}, step ${stride}`,
        shape: [channels, slide(kernel, stride, padding, height), slide(kernel, stride, padding, width)],
        weights: 0,
      }
    }
    case 'batch-norm':
      return { text: 'mean 0, spread 1 in a batch', shape: from, weights: 2 * channels }
    case 'relu':
      return { text: 'below 0 becomes 0', shape: from, weights: 0 }
    case 'dropout':
      return { text: `drops ${Math.round(layer.rate * 100)} % while training`, shape: from, weights: 0 }
    case 'global-average-pool':
      return { text: 'mean of each channel', shape: [channels], weights: 0 }
    case 'flatten':
      return { text: 'all values in a row', shape: [from.reduce((product, n) => product * n, 1)], weights: 0 }
    case 'dense':
      return {
        text: `${layer.units} weighted sums`,
        shape: [layer.units],
        weights: layer.units * (from.reduce((product, n) => product * n, 1) + 1),
      }
    case 'add':
      return { text: `sum of ${layer.inputs.join(', ')}`, shape: from, weights: 0 }
    case 'concatenate':
      return {
        text: `${layer.inputs.join(', ')} joined`,
        shape: [sources.reduce((sum, shape) => sum + shape[0]!, 0), ...from.slice(1)],
        weights: 0,
      }
  }
}
