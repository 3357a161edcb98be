/**
 * A trained network as an ONNX file: standard operators only, weights inside, readable by other programs.
 *
 *   input          float32 [batch, channels, height, width], normalised as the card says; any batch
 *   probabilities  float32 [batch, classes], softmax: they add up to 1
 *
 * Batch norm uses the running mean and variance; dropout is gone, as it only acts in training.
 */
import type { NetworkDescription } from '../../../src-shared/networks.ts'
import { graphWriter } from './graphWriter.ts'
import { plainLayerOp, runningBatchNorm, type ParameterNames } from './layerOps.ts'
import { encodeModel, intAttribute } from './onnx.ts'
import { parameterLayout, parameterView, type Weights } from './parameters.ts'
import { INPUT, networkShapes } from '../../../src-shared/network/shapes.ts'

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

  const parametersOf = (layer: string): ParameterNames =>
    Object.fromEntries(
      layout.parameters
        .filter((parameter) => parameter.layer === layer)
        .map((parameter) => [
          parameter.role,
          graph.constant(parameter.dims, parameterView(weights.parameters, parameter), parameter.name),
        ]),
    )
  const runningOf = (layer: string) => {
    const range = layout.running.find((range) => range.layer === layer)
    const part = (all: Float32Array) => all.subarray(range?.offset, (range?.offset ?? 0) + (range?.channels ?? 0))
    const channels = [range?.channels ?? 0]
    return {
      mean: graph.constant(channels, part(weights.mean), `${layer}.mean`),
      variance: graph.constant(channels, part(weights.variance), `${layer}.variance`),
    }
  }

  const values = new Map([[INPUT, graph.input(INPUT, [BATCH_AXIS, ...network.input])]])
  let last = INPUT
  for (const { layer, inputs } of shapes.layers) {
    const read = inputs.map((name) => values.get(name) ?? name)
    const [first = INPUT] = read
    if (layer.kind === 'dropout') last = first
    else if (layer.kind === 'batch-norm')
      last = runningBatchNorm(graph, layer, first, parametersOf(layer.id), runningOf(layer.id))
    else last = plainLayerOp(graph, layer, read, parametersOf(layer.id))
    values.set(layer.id, last)
  }
  graph.output(PROBABILITIES, graph.op('Softmax', [last], [intAttribute('axis', 1)]), [BATCH_AXIS, shapes.classes])
  return encodeModel(graph.graph(), { text: `${network.name}, trained with Tessera`, metadata })
}
