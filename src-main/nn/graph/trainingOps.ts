/** The forward pass of each layer as it trains, with what its backward pass will want. */
import { orientationsOf, type MapShape, type Shape } from '../../../src-shared/network/layerShape.ts'
import type { LayerShape } from '../../../src-shared/network/shapes.ts'
import type { LayerOf } from '../../../src-shared/networks.ts'
import { columnsOf, convolvedColumns, isColumned } from './columns.ts'
import type { GraphWriter } from './graphWriter.ts'
import {
  asPlainConvolution,
  byOrientation,
  parameterName,
  plainLayerOp,
  squeezeExcitationOp,
  windowAttributes,
  type ParameterNames,
} from './layerOps.ts'
import { batchNormInTraining, patchNormInTraining } from './normOps.ts'
import { intAttribute, intsAttribute } from './onnx.ts'
import { composedBatchNorm } from './standardOperators.ts'
import { expandedFrom } from './symmetries.ts'

/** One dropout's mask: an input of the graph. */
export type MaskInput = { name: string; layer: string; rate: number; dims: readonly number[] }

/** A layer's output, and values its backward pass wants, by what they are. */
export type TrainingOp = { output: string; kept: Record<string, string> }

/** @param masks gets the mask of a dropout added */
export function trainingOp(
  graph: GraphWriter,
  batch: number,
  shape: LayerShape,
  inputs: readonly string[],
  parameters: ParameterNames,
  masks: MaskInput[],
): TrainingOp {
  const { layer } = shape
  const [input = ''] = inputs
  switch (layer.kind) {
    case 'convolution':
      return convolution(graph, batch, layer, shape, inputs, parameters)
    case 'batch-norm': {
      const batchNorm = graph.operators === 'standard' ? composedBatchNorm : batchNormInTraining
      const { output, mean, variance } = batchNorm(graph, layer, input, shape.shape, parameters)
      return { output, kept: { mean, variance } }
    }
    case 'group-norm':
    case 'layer-norm': {
      const { output, normal, perSpread } = patchNormInTraining(graph, layer, input, shape.shape, parameters)
      return { output, kept: { normal, perSpread } }
    }
    case 'max-pool':
      return withPlaces(graph, input, windowAttributes(layer))
    case 'global-max-pool':
      return largestOfMaps(graph, input, shape.inputShapes[0] ?? [1])
    case 'orientation-pool':
      return pooledOrientations(graph, layer, shape, input)
    case 'dropout': {
      const dims = [batch, ...shape.shape]
      const mask = graph.input(`${layer.id}.mask`, dims)
      masks.push({ name: mask, layer: layer.id, rate: layer.rate, dims })
      return { output: graph.op('Mul', [input, mask]), kept: { mask } }
    }
    case 'group-convolution':
      return groupConvolution(graph, layer, shape, input, parameters)
    case 'squeeze-excitation':
      return squeezeExcitationOp(graph, layer, shape.shape, input, parameters)
    default:
      return { output: plainLayerOp(graph, layer, shape, inputs, parameters), kept: {} }
  }
}

/** Where maps are small, by columns, which are kept. */
function convolution(
  graph: GraphWriter,
  batch: number,
  layer: LayerOf<'convolution'>,
  shape: LayerShape,
  inputs: readonly string[],
  parameters: ParameterNames,
): TrainingOp {
  const of = { graph, layer, batch, from: shape.inputShapes[0] as MapShape, to: shape.shape as MapShape }
  if (!isColumned(of)) return { output: plainLayerOp(graph, layer, shape, inputs, parameters), kept: {} }
  const columns = columnsOf(of, inputs[0] ?? '')
  const output = convolvedColumns(of, columns, parameterName(parameters, 'weight'), parameters.bias)
  return { output, kept: { columns } }
}

/**
 * The largest of each window and its place in the whole input, counted row by row; of equals the first. In standard
 * operators without the places: the backward pass compares.
 */
function withPlaces(graph: GraphWriter, input: string, window: ReturnType<typeof windowAttributes>): TrainingOp {
  if (graph.operators === 'standard') return { output: graph.op('MaxPool', [input], window), kept: {} }
  const [output = '', places = ''] = graph.ops('MaxPool', [input], window, 2)
  return { output, kept: { places } }
}

const wholeWindow = (rows: number, columns: number) => [
  intsAttribute('kernel_shape', [rows, columns]),
  intsAttribute('strides', [1, 1]),
]

function largestOfMaps(graph: GraphWriter, input: string, shape: Shape): TrainingOp {
  const [, rows = 1, columns = 1] = shape
  const { output, kept } = withPlaces(graph, input, wholeWindow(rows, columns))
  return { output: graph.op('Flatten', [output], [intAttribute('axis', 1)]), kept }
}

function pooledOrientations(
  graph: GraphWriter,
  layer: LayerOf<'orientation-pool'>,
  shape: LayerShape,
  input: string,
): TrainingOp {
  const oriented = byOrientation(graph, shape, input)
  const { output, kept } =
    layer.take === 'mean'
      ? { output: graph.op('ReduceMean', [oriented], [intsAttribute('axes', [2])]), kept: {} }
      : withPlaces(graph, oriented, wholeWindow(orientationsOf(shape.inputSymmetry), 1))
  return { output: graph.op('Reshape', [output, graph.integers([0, ...shape.shape])]), kept }
}

/** A plain convolution with the shared weights copied into all their orientations; the copies are kept as `weight`. */
function groupConvolution(
  graph: GraphWriter,
  layer: LayerOf<'group-convolution'>,
  shape: LayerShape,
  input: string,
  parameters: ParameterNames,
): TrainingOp {
  const { filters: fields, kernel, group } = layer
  const outputs = orientationsOf(group)
  const inputs = orientationsOf(shape.inputSymmetry)
  const [channels] = shape.inputShapes[0] as MapShape
  const fieldsRead = channels / inputs
  const block = inputs * kernel ** 2
  const places = graph.integers(expandedFrom({ group, oriented: shape.inputSymmetry !== null, kernel }))

  const shared = graph.op('Reshape', [
    parameterName(parameters, 'weight'),
    graph.integers([fields * fieldsRead, block]),
  ])
  const copied = graph.op('Gather', [shared, places], [intAttribute('axis', 1)])
  const apart = graph.op('Reshape', [copied, graph.integers([fields, fieldsRead, outputs, block])])
  const byOutput = graph.op('Transpose', [apart], [intsAttribute('perm', [0, 2, 1, 3])])
  const weight = graph.op('Reshape', [byOutput, graph.integers([fields * outputs, channels, kernel, kernel])])
  const bias = layer.bias ? { bias: repeatedBias(graph, parameterName(parameters, 'bias'), fields, outputs) } : {}
  const output = plainLayerOp(graph, asPlainConvolution(layer), shape, [input], { weight, ...bias })
  return { output, kept: { weight } }
}

function repeatedBias(graph: GraphWriter, bias: string, fields: number, outputs: number): string {
  const column = graph.op('Reshape', [bias, graph.integers([fields, 1])])
  const repeated = graph.op('Expand', [column, graph.integers([fields, outputs])])
  return graph.op('Reshape', [repeated, graph.integers([fields * outputs])])
}
