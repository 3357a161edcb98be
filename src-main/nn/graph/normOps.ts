/** Norms as ONNX operators, as they train and as they are used. */
import { isMap, type Shape } from '../../../src-shared/network/layerShape.ts'
import type { LayerOf } from '../../../src-shared/networks.ts'
import type { GraphWriter } from './graphWriter.ts'
import { floatAttribute, intAttribute, intsAttribute } from './onnx.ts'
import { parameterName, type ParameterNames } from './layerOps.ts'

/** A vector with one number for each channel, shaped to be broadcast over [batch, channel, height, width] or features. */
export const acrossPlaces = (graph: GraphWriter, vector: string, shape: Shape): string =>
  isMap(shape) ? graph.op('Reshape', [vector, graph.integers([shape[0], 1, 1])]) : vector

/** Batch norm as it is used after training: with the running mean and variance of each channel. */
export const runningBatchNorm = (
  graph: GraphWriter,
  layer: LayerOf<'batch-norm'>,
  input: string,
  parameters: ParameterNames,
  running: { mean: string; variance: string },
): string =>
  graph.op(
    'BatchNormalization',
    [input, parameterName(parameters, 'scale'), parameterName(parameters, 'shift'), running.mean, running.variance],
    [floatAttribute('epsilon', layer.epsilon)],
    `${layer.id}.output`,
  )

/**
 * Batch norm as it trains: with the mean and (population) variance of the batch, which come out beside the result.
 *
 * The kernel reuses the memory of its mean and variance inputs for its running outputs. A constant shared by two layers
 * would be overwritten, and gradients be wrong without a word; so each layer gets private zeros that are no constants:
 * scale − scale and shift − shift. momentum 0 makes the "running" outputs the batch's own.
 *
 * Orientations lie beside each other, so that joining their axis with the rows gives maps of one channel for each field.
 */
export function batchNormInTraining(
  graph: GraphWriter,
  layer: LayerOf<'batch-norm'>,
  input: string,
  shape: Shape,
  parameters: ParameterNames,
): { output: string; mean: string; variance: string } {
  const scale = parameterName(parameters, 'scale')
  const shift = parameterName(parameters, 'shift')
  const joined = joinedOrientations(layer, shape)
  const [output = '', mean = '', variance = ''] = graph.ops(
    'BatchNormalization',
    [
      joined ? graph.op('Reshape', [input, graph.integers([0, ...joined])]) : input,
      scale,
      shift,
      graph.op('Sub', [scale, scale]),
      graph.op('Sub', [shift, shift]),
    ],
    [floatAttribute('epsilon', layer.epsilon), floatAttribute('momentum', 0), intAttribute('training_mode', 1)],
    3,
  )
  return { output: joined ? graph.op('Reshape', [output, graph.integers([0, ...shape])]) : output, mean, variance }
}

/** The shape in which the orientations of a field are one channel; null when every channel is one already. */
export function joinedOrientations({ orientations }: LayerOf<'batch-norm'>, shape: Shape): Shape | null {
  if (orientations === 1 || !isMap(shape)) return null
  return [shape[0] / orientations, orientations * shape[1], shape[2]]
}

/** Norms over each patch by itself. */
export type PatchNorm = LayerOf<'group-norm' | 'layer-norm'>

export const groupsOf = (layer: PatchNorm): number => (layer.kind === 'group-norm' ? layer.groups : 1)

/** A norm over each patch, as it is used: an instance norm whose channels are the groups. */
export function usedPatchNorm(
  graph: GraphWriter,
  layer: PatchNorm,
  input: string,
  shape: Shape,
  parameters: ParameterNames,
): string {
  const groups = groupsOf(layer)
  const all = (value: number) => graph.constant([groups], new Float32Array(groups).fill(value))
  const normal = graph.op(
    'InstanceNormalization',
    [graph.op('Reshape', [input, graph.integers([0, groups, -1])]), all(1), all(0)],
    [floatAttribute('epsilon', layer.epsilon)],
  )
  return scaledAndShifted(graph, layer, graph.op('Reshape', [normal, graph.integers([0, ...shape])]), shape, parameters)
}

/**
 * A norm over each patch, as it trains. The mean is taken away before anything is squared: squares of values far from 0
 * would swallow their variance.
 *
 * @returns beside the output x̂ [batch, …shape] and 1 / √(σ² + ε) [batch, group, 1] for the backward pass
 */
export function patchNormInTraining(
  graph: GraphWriter,
  layer: PatchNorm,
  input: string,
  shape: Shape,
  parameters: ParameterNames,
): { output: string; normal: string; perSpread: string } {
  const byGroup = graph.op('Reshape', [input, graph.integers([0, groupsOf(layer), -1])])
  const centred = graph.op('Sub', [byGroup, meanOfGroups(graph, byGroup)])
  const variance = meanOfGroups(graph, graph.op('Mul', [centred, centred]))
  const spread = graph.op('Sqrt', [graph.op('Add', [variance, graph.scalar(layer.epsilon)])])
  const perSpread = graph.op('Reciprocal', [spread])
  const normal = graph.op('Reshape', [graph.op('Mul', [centred, perSpread]), graph.integers([0, ...shape])])
  return { output: scaledAndShifted(graph, layer, normal, shape, parameters), normal, perSpread }
}

/** Of values [batch, group, value], the mean of each group: [batch, group, 1]. */
export const meanOfGroups = (graph: GraphWriter, byGroup: string): string =>
  graph.op('ReduceMean', [byGroup], [intsAttribute('axes', [2])])

function scaledAndShifted(
  graph: GraphWriter,
  layer: PatchNorm,
  normal: string,
  shape: Shape,
  parameters: ParameterNames,
): string {
  const scale = acrossPlaces(graph, parameterName(parameters, 'scale'), shape)
  const shift = acrossPlaces(graph, parameterName(parameters, 'shift'), shape)
  return graph.op('Add', [graph.op('Mul', [normal, scale]), shift], [], `${layer.id}.output`)
}
