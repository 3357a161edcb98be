/** The forward pass of each layer as ONNX operators. Those that differ in training are in trainingOps.ts. */
import { isMap, orientationsOf, type MapShape, type Shape } from '../../../src-shared/network/layerShape.ts'
import type { ParameterRole } from '../../../src-shared/network/layerParameters.ts'
import type { LayerShape } from '../../../src-shared/network/shapes.ts'
import type { Layer, LayerOf } from '../../../src-shared/networks.ts'
import { activationOp } from './activationOps.ts'
import type { GraphWriter } from './graphWriter.ts'
import { intAttribute, intsAttribute, type OnnxAttribute } from './onnx.ts'

/** Names of a layer's parameters in the graph. */
export type ParameterNames = Partial<Record<ParameterRole, string>>

/** The layers whose operators are one and the same in training and in use. */
export type PlainLayer = Exclude<
  Layer,
  {
    kind:
      | 'batch-norm'
      | 'group-norm'
      | 'layer-norm'
      | 'dropout'
      | 'max-pool'
      | 'global-max-pool'
      | 'orientation-pool'
      | 'group-convolution'
      | 'squeeze-excitation'
  }
>

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
  { inputShapes }: LayerShape,
  inputs: readonly string[],
  parameters: ParameterNames,
): string {
  const name = `${layer.id}.output`
  const [input = ''] = inputs
  switch (layer.kind) {
    case 'convolution':
      return graph.op('Conv', weighted(layer, input, parameters), convolutionAttributes(layer), name)
    case 'transposed-convolution':
      return graph.op('ConvTranspose', weighted(layer, input, parameters), transposedAttributes(layer), name)
    case 'relu':
    case 'leaky-relu':
    case 'gelu':
    case 'silu':
    case 'sigmoid':
    case 'tanh':
      return activationOp(graph, layer, input, name)
    case 'softmax':
      return graph.op('Softmax', [input], [intAttribute('axis', 1)], name)
    case 'average-pool':
      // Padding is not averaged in: at a border the mean is over what is there.
      return graph.op('AveragePool', inputs, [...windowAttributes(layer), intAttribute('count_include_pad', 0)], name)
    case 'global-average-pool':
      return graph.op('Flatten', [graph.op('GlobalAveragePool', inputs)], [intAttribute('axis', 1)], name)
    case 'flatten':
      return graph.op('Flatten', inputs, [intAttribute('axis', 1)], name)
    case 'dense':
      return graph.op('Gemm', weighted(layer, input, parameters), [intAttribute('transB', 1)], name)
    case 'add':
      return inputs.length === 2 ? graph.op('Add', inputs, [], name) : graph.op('Sum', inputs, [], name)
    case 'multiply':
      return graph.op('Mul', withGatesAcross(graph, inputs, inputShapes), [], name)
    case 'concatenate':
      return graph.op('Concat', inputs, [intAttribute('axis', 1)], name)
  }
}

const weighted = (
  layer: LayerOf<'convolution' | 'transposed-convolution' | 'dense'>,
  input: string,
  parameters: ParameterNames,
): string[] => [input, parameterName(parameters, 'weight'), ...(layer.bias ? [parameterName(parameters, 'bias')] : [])]

const transposedAttributes = (layer: LayerOf<'transposed-convolution'>): OnnxAttribute[] => [
  ...windowAttributes(layer),
  intsAttribute('output_padding', [layer.outputPadding, layer.outputPadding]),
]

/** The two factors of a product; where one is a gate of features, with a place to be spread over the other's map. */
export function withGatesAcross(graph: GraphWriter, factors: readonly string[], shapes: readonly Shape[]): string[] {
  const anyMap = shapes.some(isMap)
  return factors.map((factor, place) => {
    const [channels = 1, height] = shapes[place] ?? []
    return anyMap && height === undefined ? graph.op('Reshape', [factor, graph.integers([0, channels, 1, 1])]) : factor
  })
}

/** The plain convolution whose filters are those of a group convolution in all their orientations. */
export const asPlainConvolution = (layer: LayerOf<'group-convolution'>): LayerOf<'convolution'> => ({
  ...layer,
  kind: 'convolution',
  filters: layer.filters * orientationsOf(layer.group),
  dilation: 1,
  groups: 1,
})

/** Oriented maps [batch, field · orientation, row, column] as [batch, field, orientation, place]. */
export function byOrientation(graph: GraphWriter, { inputShapes, inputSymmetry }: LayerShape, input: string): string {
  const [channels, height, width] = inputShapes[0] as MapShape
  const orientations = orientationsOf(inputSymmetry)
  return graph.op('Reshape', [input, graph.integers([0, channels / orientations, orientations, height * width])])
}

/** Squeeze and excitation, with the values its backward pass wants. @see ../reference/squeezeExcitation.ts */
export function squeezeExcitationOp(
  graph: GraphWriter,
  layer: LayerOf<'squeeze-excitation'>,
  shape: Shape,
  input: string,
  parameters: ParameterNames,
): { output: string; kept: { means: string; hidden: string; gates: string } } {
  const dense = (value: string, part: 'squeeze' | 'excite') =>
    graph.op(
      'Gemm',
      [value, parameterName(parameters, `${part}-weight`), parameterName(parameters, `${part}-bias`)],
      [intAttribute('transB', 1)],
    )
  const means = graph.op('Flatten', [graph.op('GlobalAveragePool', [input])], [intAttribute('axis', 1)])
  const hidden = graph.op('Relu', [dense(means, 'squeeze')])
  const gates = graph.op('Sigmoid', [dense(hidden, 'excite')])
  const across = withGatesAcross(graph, [input, gates], [shape, [shape[0]]])
  return { output: graph.op('Mul', across, [], `${layer.id}.output`), kept: { means, hidden, gates } }
}
