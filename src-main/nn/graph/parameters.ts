/**
 * Where the parameters of a network lie: one flat vector for everything training changes, and two for the running mean
 * and variance of the batch norms.
 *
 * Flat, because the gradient comes as one vector, an optimiser is one loop over it and a checkpoint is one write.
 */
import { isMap, sizeOf } from '../../../src-shared/network/layerShape.ts'
import type { LayerParameter } from '../../../src-shared/network/layerParameters.ts'
import type { NetworkShapes } from '../../../src-shared/network/shapes.ts'

export type Parameter = LayerParameter & {
  /** layer and role, `conv1.weight`: the name in ONNX files */
  name: string
  layer: string
  /** first place in the flat vector */
  offset: number
  length: number
}

/** One batch norm's part of the running mean and variance; channels that share them are one. */
export type RunningRange = { layer: string; offset: number; channels: number; valuesPerChannel: number }

export type ParameterLayout = {
  parameters: readonly Parameter[]
  /** numbers in the flat vector */
  length: number
  running: readonly RunningRange[]
  /** channels of all batch norms together, those that share statistics counted once */
  runningLength: number
}

/** A network's numbers: what a checkpoint keeps and an ONNX file holds. */
export type Weights = {
  /** [layout.length] */
  parameters: Float32Array
  /** running mean and variance, [layout.runningLength] each */
  mean: Float32Array
  variance: Float32Array
}

export function parameterLayout(shapes: NetworkShapes): ParameterLayout {
  const parameters: Parameter[] = []
  const running: RunningRange[] = []
  let length = 0
  let runningLength = 0
  for (const { layer, shape, weights } of shapes.layers) {
    for (const weight of weights) {
      const name = `${layer.id}.${weight.role}`
      parameters.push({ ...weight, name, layer: layer.id, offset: length, length: sizeOf(weight.dims) })
      length += sizeOf(weight.dims)
    }
    if (layer.kind === 'batch-norm') {
      const channels = shape[0] / layer.orientations
      const places = isMap(shape) ? shape[1] * shape[2] : 1
      const valuesPerChannel = layer.orientations * places
      running.push({ layer: layer.id, offset: runningLength, channels, valuesPerChannel })
      runningLength += channels
    }
  }
  return { parameters, length, running, runningLength }
}

/** The part of the flat vector that is one parameter; a view, not a copy. */
export const parameterView = (flat: Float32Array, { offset, length }: Parameter): Float32Array =>
  flat.subarray(offset, offset + length)
