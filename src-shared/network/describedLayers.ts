/** The layers of a network that Tessera has the description of, as they are looked at from inside. */
import type { InspectedLayer, LayerWindow } from '../inspection.ts'
import type { Layer, NetworkDescription } from '../networks.ts'
import { sizeOf } from './layerShape.ts'
import { networkShapes, type LayerShape } from './shapes.ts'

/** @throws {TesseraError} NETWORK_INVALID */
export const describedLayers = (network: NetworkDescription): InspectedLayer[] =>
  networkShapes(network).layers.map((shape) => ({
    name: shape.layer.id,
    kind: shape.layer.kind,
    inputs: [...shape.inputs],
    shape: [...shape.shape],
    window: windowOf(shape.layer),
    parameters: shape.parameters,
    multiplyAdds: shape.multiplyAdds,
    receptiveField: shape.receptiveField,
    fullyConnected: fullyConnected(shape),
  }))

const both = (value: number): [number, number] => [value, value]

function windowOf(layer: Layer): LayerWindow | null {
  switch (layer.kind) {
    case 'convolution':
    case 'group-convolution':
    case 'max-pool':
    case 'average-pool':
    case 'transposed-convolution':
      return {
        kernel: both(layer.kernel),
        stride: both(layer.stride),
        padding: both(layer.padding),
        dilation: both(layer.kind === 'convolution' ? layer.dilation : 1),
        groups: layer.kind === 'convolution' ? layer.groups : 1,
      }
    default:
      return null
  }
}

/**
 * Weights, biases included, of a dense layer in place of a convolution: every value of the output reads every value of the
 * input. A picture of 200 × 200 px in colour has 120,000 values, so that 1,000 units on it have 120 million weights.
 */
export const denseWeights = (inputs: number, outputs: number, bias: boolean): number =>
  inputs * outputs + (bias ? outputs : 0)

function fullyConnected({ layer, inputShapes, shape, weights }: LayerShape): number | null {
  if (!layer.kind.endsWith('convolution')) return null
  return denseWeights(
    sizeOf(inputShapes[0] ?? []),
    sizeOf(shape),
    weights.some(({ role }) => role === 'bias'),
  )
}
