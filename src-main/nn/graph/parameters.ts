/**
 * Where the parameters of a network lie: one flat vector for everything training changes, and two for the running mean
 * and variance of the batch norms.
 *
 * Flat, because the gradient comes as one vector, an optimiser is one loop over it and a checkpoint is one write.
 */
import { isMap, sizeOf, type NetworkShapes } from '../../../src-shared/network/shapes.ts'

/** `scale` and `shift` are the γ and β of a batch norm. */
export type ParameterRole = 'weight' | 'bias' | 'scale' | 'shift'

export type Parameter = {
  /** layer and role, `conv1.weight`: the name in ONNX files */
  name: string
  layer: string
  role: ParameterRole
  /** convolution [filter, channel of its group, row, column]; dense [unit, feature]; others [channel] or [unit] */
  dims: readonly number[]
  /** first place in the flat vector */
  offset: number
  length: number
  /** how many inputs one output is a weighted sum of */
  fanIn: number
}

/** One batch norm's part of the running mean and variance. */
export type RunningRange = { layer: string; offset: number; channels: number; valuesPerChannel: number }

export type ParameterLayout = {
  parameters: readonly Parameter[]
  /** numbers in the flat vector */
  length: number
  running: readonly RunningRange[]
  /** channels of all batch norms together */
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
  const place = (layer: string, role: ParameterRole, dims: readonly number[], fanIn: number) => {
    parameters.push({ name: `${layer}.${role}`, layer, role, dims, offset: length, length: sizeOf(dims), fanIn })
    length += sizeOf(dims)
  }
  for (const { layer, inputShapes, shape } of shapes.layers) {
    const channels = inputShapes[0]?.[0] ?? 0
    if (layer.kind === 'convolution') {
      const fanIn = (channels / layer.groups) * layer.kernel ** 2
      place(layer.id, 'weight', [layer.filters, channels / layer.groups, layer.kernel, layer.kernel], fanIn)
      if (layer.bias) place(layer.id, 'bias', [layer.filters], fanIn)
    } else if (layer.kind === 'dense') {
      place(layer.id, 'weight', [layer.units, channels], channels)
      place(layer.id, 'bias', [layer.units], channels)
    } else if (layer.kind === 'batch-norm') {
      place(layer.id, 'scale', [channels], 1)
      place(layer.id, 'shift', [channels], 1)
      const valuesPerChannel = isMap(shape) ? shape[1] * shape[2] : 1
      running.push({ layer: layer.id, offset: runningLength, channels, valuesPerChannel })
      runningLength += channels
    }
  }
  return { parameters, length, running, runningLength }
}

/** The part of the flat vector that is one parameter; a view, not a copy. */
export const parameterView = (flat: Float32Array, { offset, length }: Parameter): Float32Array =>
  flat.subarray(offset, offset + length)
