/**
 * A trained network as an encoder file: what its last dense layer reads, at any edge of the patch, as the mean over the
 * patch and its mirror image.
 *
 *   features(x) = ½ · (f(x) + f(mirrored x))        f: the network up to the mean over its last map
 *
 *   input     float32 [batch, channels, edge, edge], normalised as the encoder's card says; any batch, any edge
 *   features  float32 [batch, dimension]; of an ensemble those of its members side by side
 *
 * Two looks are worth what four and eight are, measured on patches of other slides (docs/performance.md), and cost the
 * least. Each look has operators of its own and all share the weights, so that the maps of one look can be given back
 * before the next.
 */
import { INPUT } from '../../../src-shared/network/shapes.ts'
import { type GraphWriter, graphWriter } from './graphWriter.ts'
import { beforeLastDense, cutModel, FEATURES, isOwnModel } from './innerValue.ts'
import { decodeModel, encodeModel, type OnnxGraph } from './onnx.ts'

/** The result of an encoder file. */
export const ENCODER_RESULT = 'features'

/** Operators that work on a map of any edge. */
const OF_ANY_EDGE = new Set(
  'Conv BatchNormalization Relu Clip Add Mul Concat MaxPool AveragePool GlobalAveragePool Flatten Identity'.split(' '),
)

/** Before the first number of an axis, for a slice that runs backwards. */
const BEFORE_ALL = -(2 ** 31)
/** The axis of columns. */
const WIDTH = 3

/**
 * @param onnx a model or an ensemble that Tessera wrote
 * @param metadata words kept in the file
 * @throws {Error} when it is no such model, or an operator needs patches of one edge: both are known when it is chosen
 */
export function encoderModel(onnx: Uint8Array, name: string, metadata: Record<string, string> = {}): Uint8Array {
  const model = decodeModel(onnx)
  if (!isOwnModel(model)) throw new Error('Only a model that Tessera wrote can be made an encoder file.')
  const { graph: network } = decodeModel(cutModel(model, beforeLastDense(model), 'none'))
  const fixed = network.node.find(({ opType }) => !OF_ANY_EDGE.has(opType))
  if (fixed) throw new Error(`“${fixed.name}” (${fixed.opType}) needs patches of one edge.`)
  const channels = network.input[0]?.type.tensorType.shape?.dim[1]?.dimValue
  if (channels === undefined) throw new Error('The model does not say how many channels its patches have.')

  const graph = graphWriter(name)
  graph.input(INPUT, ['batch', channels, 'edge', 'edge'])
  const whole = graph.graph()
  whole.initializer.push(...network.initializer)
  const looks = looksAt(graph, INPUT).map((look, i) => addNetwork(whole, network, `look${i + 1}_`, look))
  graph.output(ENCODER_RESULT, graph.op('Mean', looks), ['batch', 'dimension'])
  return encodeModel(whole, { text: `${name}, an encoder trained with Tessera`, metadata })
}

/** The patch, and the patch mirrored left to right. */
const looksAt = (graph: GraphWriter, patch: string): string[] => [
  patch,
  graph.op('Slice', [
    patch,
    graph.integers([-1]),
    graph.integers([BEFORE_ALL]),
    graph.integers([WIDTH]),
    graph.integers([-1]),
  ]),
]

/** Copies the operators of a network, which read weights by the names they have. @returns the name of its features */
function addNetwork(into: OnnxGraph, network: OnnxGraph, prefix: string, patch: string): string {
  const stored = new Set(network.initializer.map(({ name }) => name))
  const renamed = (name: string): string => {
    if (name === '' || stored.has(name)) return name
    return name === INPUT ? patch : prefix + name
  }
  into.node.push(
    ...network.node.map((node) => ({
      ...node,
      name: prefix + node.name,
      input: node.input.map(renamed),
      output: node.output.map(renamed),
    })),
  )
  return renamed(FEATURES)
}
