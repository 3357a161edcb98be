/**
 * A trained network as an ONNX file: standard operators only, weights inside, readable by other programs.
 *
 *   input          float32 [batch, channels, height, width], normalised as the card says; any batch
 *   probabilities  float32 [batch, classes], softmax: they add up to 1
 *
 * Batch norm uses the running mean and variance; dropout is gone, as it only acts in training; the filters of a group
 * convolution are written out in all their orientations, as those of a plain one.
 */
import { INPUT, networkShapes } from '../../../src-shared/network/shapes.ts'
import type { NetworkDescription } from '../../../src-shared/networks.ts'
import { graphWriter } from './graphWriter.ts'
import { encodeModel, intAttribute } from './onnx.ts'
import { parameterLayout, parameterView, type ParameterLayout, type Weights } from './parameters.ts'
import { usedLayerOp, type LayerNumbers } from './usedOps.ts'

export const PROBABILITIES = 'probabilities'
const BATCH_AXIS = 'batch'

/**
 * @param metadata words kept in the file, such as the card as JSON
 * @returns the bytes of the file; the same weights and words give the same bytes
 * @throws {TesseraError} NETWORK_INVALID
 */
export function forwardModel(
  network: NetworkDescription,
  weights: Weights,
  metadata: Record<string, string> = {},
): Uint8Array {
  const shapes = networkShapes(network)
  const layout = parameterLayout(shapes)
  const graph = graphWriter(network.name)
  const values = new Map([[INPUT, graph.input(INPUT, [BATCH_AXIS, ...network.input])]])
  let last = INPUT
  for (const shape of shapes.layers) {
    const inputs = shape.inputs.map((name) => values.get(name) ?? name)
    last = usedLayerOp(graph, shape, inputs, numbersOf(layout, weights, shape.layer.id))
    values.set(shape.layer.id, last)
  }
  graph.output(PROBABILITIES, graph.op('Softmax', [last], [intAttribute('axis', 1)]), [BATCH_AXIS, shapes.classes])
  return encodeModel(graph.graph(), { text: `${network.name}, trained with Tessera`, metadata })
}

/** One layer's parameters by role, and the running mean and variance of a batch norm. */
function numbersOf(layout: ParameterLayout, weights: Weights, layer: string): LayerNumbers {
  const numbers = new Map<string, { dims: readonly number[]; data: Float32Array }>()
  for (const parameter of layout.parameters.filter((each) => each.layer === layer))
    numbers.set(parameter.role, { dims: parameter.dims, data: parameterView(weights.parameters, parameter) })
  const range = layout.running.find((each) => each.layer === layer)
  if (range)
    for (const what of ['mean', 'variance'] as const) {
      const data = weights[what].subarray(range.offset, range.offset + range.channels)
      numbers.set(what, { dims: [range.channels], data })
    }
  return numbers
}
