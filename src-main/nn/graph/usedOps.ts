/** Layers as they are used after training, where that differs from how they train. */
import { orientationsOf } from '../../../src-shared/network/layerShape.ts'
import type { LayerShape } from '../../../src-shared/network/shapes.ts'
import type { GraphWriter } from './graphWriter.ts'
import {
  asPlainConvolution,
  byOrientation,
  plainLayerOp,
  squeezeExcitationOp,
  windowAttributes,
  type ParameterNames,
} from './layerOps.ts'
import { runningBatchNorm, usedPatchNorm } from './normOps.ts'
import { intAttribute, intsAttribute } from './onnx.ts'
import { expandedFilters, repeated } from './symmetries.ts'

/** Numbers of a layer by their names; running mean and variance among them. */
export type LayerNumbers = ReadonlyMap<string, { dims: readonly number[]; data: Float32Array }>

/**
 * @param numbers of this layer, by role
 * @returns the name of the layer's output; that of its input where the layer does nothing in use
 */
export function usedLayerOp(
  graph: GraphWriter,
  shape: LayerShape,
  inputs: readonly string[],
  numbers: LayerNumbers,
): string {
  const { layer } = shape
  const name = `${layer.id}.output`
  const [input = ''] = inputs
  const stored = storedNumbers(shape, numbers)
  const names = Object.fromEntries(
    [...stored].map(([role, { dims, data }]) => [role, graph.constant(dims, data, `${layer.id}.${role}`)]),
  )
  const parameters: ParameterNames = names
  switch (layer.kind) {
    case 'dropout':
      return input
    case 'batch-norm':
      return runningBatchNorm(graph, layer, input, parameters, {
        mean: names['mean'] ?? '',
        variance: names['variance'] ?? '',
      })
    case 'group-norm':
    case 'layer-norm':
      return usedPatchNorm(graph, layer, input, shape.shape, parameters)
    case 'group-convolution':
      return plainLayerOp(graph, asPlainConvolution(layer), shape, inputs, parameters)
    case 'orientation-pool': {
      const type = layer.take === 'mean' ? 'ReduceMean' : 'ReduceMax'
      const taken = graph.op(type, [byOrientation(graph, shape, input)], [intsAttribute('axes', [2])])
      return graph.op('Reshape', [taken, graph.integers([0, ...shape.shape])], [], name)
    }
    case 'squeeze-excitation':
      return squeezeExcitationOp(graph, layer, shape.shape, input, parameters).output
    case 'max-pool':
      return graph.op('MaxPool', inputs, windowAttributes(layer), name)
    case 'global-max-pool':
      return graph.op('Flatten', [graph.op('GlobalMaxPool', inputs)], [intAttribute('axis', 1)], name)
    default:
      return plainLayerOp(graph, layer, shape, inputs, parameters)
  }
}

/** The numbers as they lie in the file: what orientations share is written out, so that plain operators do. */
function storedNumbers({ layer, inputSymmetry, weights }: LayerShape, numbers: LayerNumbers): LayerNumbers {
  if (layer.kind === 'batch-norm' && layer.orientations > 1)
    return new Map(
      [...numbers].map(([role, { data }]) => {
        const all = repeated(data, layer.orientations)
        return [role, { dims: [all.length], data: all }]
      }),
    )
  if (layer.kind !== 'group-convolution') return numbers
  const { filters, kernel } = asPlainConvolution(layer)
  const group = { group: layer.group, oriented: inputSymmetry !== null, kernel }
  return new Map(
    [...numbers].map(([role, { data }]) => {
      if (role === 'bias') return [role, { dims: [filters], data: repeated(data, orientationsOf(layer.group)) }]
      const expanded = expandedFilters(group, data, layer.filters)
      const channels = weights[0] === undefined ? 0 : weights[0].fanIn / kernel ** 2
      return [role, { dims: [filters, channels, kernel, kernel], data: expanded }]
    }),
  )
}
