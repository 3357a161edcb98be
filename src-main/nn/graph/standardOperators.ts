/**
 * The training graph for graphics devices. Three operators that make training fast on the processor are missing in the
 * runtime's other providers: batch norm that trains, max pooling that tells the places of its maxima, and the fused
 * product. Here they are written in operators every provider has; the results are the same, ties included.
 */
import { isMap, type Shape } from '../../../src-shared/network/layerShape.ts'
import type { LayerOf } from '../../../src-shared/networks.ts'
import type { GraphWriter } from './graphWriter.ts'
import { parameterName, type ParameterNames } from './layerOps.ts'
import { acrossPlaces, joinedOrientations } from './normOps.ts'
import { intAttribute, intsAttribute } from './onnx.ts'
import type { Backward, LayerGradients } from './gradients/backward.ts'
import { spreadAttributes } from './gradients/convolution.ts'

/**
 * Batch norm over the batch's own mean μ and population variance σ² of each channel: y = γ · (x − μ) / √(σ² + ε) + β.
 * The orientations of a field are one channel, see batchNormInTraining.
 *
 * @returns names of the output [batch, …shape], and of mean and variance [channel]
 */
export function composedBatchNorm(
  graph: GraphWriter,
  layer: LayerOf<'batch-norm'>,
  input: string,
  shape: Shape,
  parameters: ParameterNames,
): { output: string; mean: string; variance: string } {
  const joined = joinedOrientations(layer, shape)
  const whole = joined ?? shape
  const values = joined ? graph.op('Reshape', [input, graph.integers([0, ...joined])]) : input
  const perChannel = graph.integers([-1])
  const overPlaces = [intsAttribute('axes', isMap(whole) ? [0, 2, 3] : [0]), intAttribute('keepdims', 1)]
  const mean = graph.op('ReduceMean', [values], overPlaces)
  const centred = graph.op('Sub', [values, mean])
  const variance = graph.op('ReduceMean', [graph.op('Mul', [centred, centred])], overPlaces)
  const spread = graph.op('Sqrt', [graph.op('Add', [variance, graph.scalar(layer.epsilon)])])
  const scale = acrossPlaces(graph, parameterName(parameters, 'scale'), whole)
  const shift = acrossPlaces(graph, parameterName(parameters, 'shift'), whole)
  const scaled = graph.op('Mul', [centred, graph.op('Div', [scale, spread])])
  const output = graph.op('Add', [scaled, shift])
  return {
    output: joined ? graph.op('Reshape', [output, graph.integers([0, ...shape])]) : output,
    mean: graph.op('Reshape', [mean, perChannel]),
    variance: graph.op('Reshape', [variance, perChannel]),
  }
}

/** The lowest float32: padding that is never a maximum. */
const LOWEST = -3.4028234663852886e38

/**
 * Gradient of max pooling without the places of the maxima: each tap of the window is compared with the maximum in
 * reading order, and the first that equals it takes the gradient, as the reference does.
 *
 *   first[t] = [x[t] = max] · Π over earlier taps u of (1 − [x[u] = max])
 *   ∂loss/∂x = Σ over taps t of (gradient · first[t]), each put back to where tap t looked
 */
export function comparedMaxPoolGradient(layer: LayerOf<'max-pool'>, backward: Backward): LayerGradients {
  const { graph, batch, shape, inputs, output, gradient } = backward
  const { kernel, stride, padding: p } = layer
  const [input = ''] = inputs
  const [channels, rows = 1, columns = 1] = shape.shape
  const taps = kernel * kernel
  const padded =
    p === 0 ? input : graph.op('Pad', [input, graph.integers([0, 0, p, p, 0, 0, p, p]), graph.scalar(LOWEST)])

  let free = ''
  const parts = Array.from({ length: taps }, (_, tap) => {
    const row = Math.floor(tap / kernel)
    const column = tap % kernel
    const value = graph.op('Slice', [
      padded,
      graph.integers([row, column]),
      graph.integers([row + (rows - 1) * stride + 1, column + (columns - 1) * stride + 1]),
      graph.integers([2, 3]),
      graph.integers([stride, stride]),
    ])
    const equal = graph.op('Cast', [graph.op('Equal', [value, output])], [intAttribute('to', FLOAT)])
    const first = free === '' ? equal : graph.op('Mul', [equal, free])
    free = free === '' ? graph.op('Sub', [graph.scalar(1), first]) : graph.op('Sub', [free, first])
    return graph.op('Unsqueeze', [graph.op('Mul', [gradient, first]), graph.integers([2])])
  })
  const [only = ''] = parts
  const stacked = parts.length === 1 ? only : graph.op('Concat', parts, [intAttribute('axis', 2)])
  const perTap = graph.op('Reshape', [stacked, graph.integers([batch, channels * taps, rows, columns])])

  // One filter for each tap, 1 at its place: the transposed convolution puts every part back and adds what meets.
  const places = new Float32Array(channels * taps * taps)
  for (let channel = 0; channel < channels; channel++)
    for (let tap = 0; tap < taps; tap++) places[(channel * taps + tap) * taps + tap] = 1
  const filters = graph.constant([channels * taps, 1, kernel, kernel], places)
  const attributes = spreadAttributes({ ...layer, dilation: 1, groups: channels }, shape.inputShapes[0] ?? [])
  return { inputs: [graph.op('ConvTranspose', [perTap, filters], attributes)], parameters: {} }
}

/**
 * Gradient of a maximum over all places of a map, or over the orientations of a field, without the place of the maximum:
 * of the candidates that equal it the first takes the gradient. Each candidate that does gets a rank, the first the
 * highest:
 *
 *   rank[k] = [x[k] = max] · (candidates − k)      ∂loss/∂x[k] = gradient · [rank[k] = max rank]
 */
export function comparedLargestGradient(backward: Backward): LayerGradients {
  const { graph, batch, shape, inputs, output, gradient } = backward
  const [channels = 1, rows = 1, columns = 1] = shape.inputShapes[0] ?? []
  // Candidates lie along the third axis of [batch, field, candidate, place].
  const isMapWide = shape.layer.kind === 'global-max-pool'
  const candidates = isMapWide ? rows * columns : channels / shape.shape[0]
  const places = isMapWide ? 1 : rows * columns
  const fields = shape.shape[0]
  const each = graph.op('Reshape', [inputs[0] ?? '', graph.integers([batch, fields, candidates, places])])
  const one = (value: string) => graph.op('Reshape', [value, graph.integers([batch, fields, 1, places])])
  const holds = (left: string, right: string) =>
    graph.op('Cast', [graph.op('Equal', [left, right])], [intAttribute('to', FLOAT)])

  const falling = Float32Array.from({ length: candidates }, (_, k) => candidates - k)
  const rank = graph.op('Mul', [holds(each, one(output)), graph.constant([candidates, 1], falling)])
  const highest = graph.op('ReduceMax', [rank], [intsAttribute('axes', [2]), intAttribute('keepdims', 1)])
  const spread = graph.op('Mul', [one(gradient), holds(rank, highest)])
  return {
    inputs: [graph.op('Reshape', [spread, graph.integers([batch, ...(shape.inputShapes[0] ?? [])])])],
    parameters: {},
  }
}

/** ONNX's number for float32 as the target of a Cast. */
const FLOAT = 1
