/** The forward pass of each layer as ONNX operators; the same for inference and training but for batch norm and dropout. */
import type { Layer } from '../../../src-shared/networks.ts'
import type { GraphWriter } from './graphWriter.ts'
import { floatAttribute, intAttribute, intsAttribute, type OnnxAttribute } from './onnx.ts'
import type { ParameterRole } from './parameters.ts'

/** Names of a layer's parameters in the graph. */
export type ParameterNames = Partial<Record<ParameterRole, string>>

/** The layers whose operator is one and the same in training and in use. */
export type PlainLayer = Exclude<Layer, { kind: 'batch-norm' | 'dropout' }>

/** @throws {Error} when the layer has no such parameter: a bug of the caller */
export function parameterName(names: ParameterNames, role: ParameterRole): string {
  const name = names[role]
  if (name === undefined) throw new Error(`A layer without a ${role} was asked for it.`)
  return name
}

/** Kernel, stride and padding, the same in both directions, as convolutions and pools take them. */
export const windowAttributes = (layer: { kernel: number; stride: number; padding: number }): OnnxAttribute[] => [
  intsAttribute('kernel_shape', [layer.kernel, layer.kernel]),
  intsAttribute('strides', [layer.stride, layer.stride]),
  intsAttribute('pads', [layer.padding, layer.padding, layer.padding, layer.padding]),
]

/** A window's, with the distance between its taps and the groups of channels that keep to themselves. */
export const convolutionAttributes = (layer: {
  kernel: number
  stride: number
  padding: number
  dilation: number
  groups: number
}): OnnxAttribute[] => [
  ...windowAttributes(layer),
  intsAttribute('dilations', [layer.dilation, layer.dilation]),
  intAttribute('group', layer.groups),
]

/** @returns the name of the layer's output */
export function plainLayerOp(
  graph: GraphWriter,
  layer: PlainLayer,
  inputs: readonly string[],
  parameters: ParameterNames,
): string {
  const name = `${layer.id}.output`
  switch (layer.kind) {
    case 'convolution': {
      const read = [
        ...inputs,
        parameterName(parameters, 'weight'),
        ...(layer.bias ? [parameterName(parameters, 'bias')] : []),
      ]
      return graph.op('Conv', read, convolutionAttributes(layer), name)
    }
    case 'relu':
      return graph.op('Relu', inputs, [], name)
    case 'max-pool':
      return graph.op('MaxPool', inputs, windowAttributes(layer), name)
    case 'average-pool':
      // Padding is not averaged in: at a border the mean is over what is there.
      return graph.op('AveragePool', inputs, [...windowAttributes(layer), intAttribute('count_include_pad', 0)], name)
    case 'global-average-pool':
      return graph.op('Flatten', [graph.op('GlobalAveragePool', inputs)], [intAttribute('axis', 1)], name)
    case 'flatten':
      return graph.op('Flatten', inputs, [intAttribute('axis', 1)], name)
    case 'dense':
      return graph.op(
        'Gemm',
        [...inputs, parameterName(parameters, 'weight'), parameterName(parameters, 'bias')],
        [intAttribute('transB', 1)],
        name,
      )
    case 'add':
      return inputs.length === 2 ? graph.op('Add', inputs, [], name) : graph.op('Sum', inputs, [], name)
    case 'concatenate':
      return graph.op('Concat', inputs, [intAttribute('axis', 1)], name)
  }
}

/** Batch norm as it is used after training: with the running mean and variance. */
export const runningBatchNorm = (
  graph: GraphWriter,
  layer: Extract<Layer, { kind: 'batch-norm' }>,
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
 */
export function batchNormInTraining(
  graph: GraphWriter,
  layer: Extract<Layer, { kind: 'batch-norm' }>,
  input: string,
  parameters: ParameterNames,
): { output: string; mean: string; variance: string } {
  const scale = parameterName(parameters, 'scale')
  const shift = parameterName(parameters, 'shift')
  const [output = '', mean = '', variance = ''] = graph.ops(
    'BatchNormalization',
    [input, scale, shift, graph.op('Sub', [scale, scale]), graph.op('Sub', [shift, shift])],
    [floatAttribute('epsilon', layer.epsilon), floatAttribute('momentum', 0), intAttribute('training_mode', 1)],
    3,
  )
  return { output, mean, variance }
}
