/**
 * A value from the inside of a network as its result: how a trained network becomes an encoder.
 *
 * Tessera's own files are cut: what only led to the probabilities is left out. Files of other programs may use parts of the
 * format that are not read here, so they are only added to: two protocol buffers one after the other are read as one in
 * which the lists are joined, so operators and a result are appended and every byte that was there stays.
 */
import { INPUT } from '../../../src-shared/network/shapes.ts'
import { PROBABILITIES } from './forwardGraph.ts'
import {
  appendedModel,
  encodeModel,
  FLOAT32,
  intAttribute,
  tensorOfAnyShape,
  type OnnxGraph,
  type OnnxModel,
  type OnnxNode,
} from './onnx.ts'

/** The name of the result that is added. */
export const FEATURES = 'tessera_features'

/** What is done with a value before it is a result: a map becomes the mean over its places, one number for each channel. */
export type Pooling = 'none' | 'mean'

/** Whether Tessera wrote the file, so that it holds nothing that is not read here. */
export const isOwnModel = ({ producerName, graph }: OnnxModel): boolean =>
  producerName === 'tessera' &&
  graph.input.some(({ name }) => name === INPUT) &&
  graph.output.some(({ name }) => name === PROBABILITIES)

/** What a layer's output is called in a file of Tessera's own. */
const ENDING = '.output'

/** The layers of one of Tessera's own files by name, in their order; of an ensemble `m1_…`, `m2_…`. */
export const layersOf = ({ graph }: OnnxModel): string[] =>
  graph.node.flatMap(({ output: [name = ''] }) => (name.endsWith(ENDING) ? [name.slice(0, -ENDING.length)] : []))

export const valueOfLayer = (layer: string): string => `${layer}${ENDING}`

/** A layer by its value. A dropout is gone in use, so what a layer reads may also be the patch itself. */
const layerOfValue = (value: string): string => (value.endsWith(ENDING) ? value.slice(0, -ENDING.length) : value)

/**
 * What the last dense layer reads; of an ensemble what that of each member reads.
 * @throws {Error} when the probabilities do not come from dense layers: the file is none of Tessera's own
 */
export function beforeLastDense({ graph }: OnnxModel): string[] {
  const makers = makersIn(graph)
  const dense = (value: string): string[] => {
    const maker = makers.get(value)
    if (maker?.opType === 'Gemm') return [layerOfValue(maker.input[0] ?? '')]
    if (!maker || !PASSES_ON.has(maker.opType)) throw new Error('its probabilities do not come from a dense layer')
    return maker.input.flatMap(dense)
  }
  return dense(PROBABILITIES)
}

/** Between the last dense layer and the probabilities. */
const PASSES_ON = new Set(['Identity', 'Softmax', 'Mean'])

/**
 * One of Tessera's own files that answers with layers side by side, [batch, dimension], and nothing else.
 * @param layers as `layersOf` names them; `input` is the patch
 */
export function cutModel(model: OnnxModel, layers: readonly string[], pooling: Pooling): Uint8Array {
  const values = layers.map((layer) => (layer === INPUT ? INPUT : valueOfLayer(layer)))
  const added = resultNodes(values, pooling)
  const graph = { ...model.graph, node: [...model.graph.node, ...added] }
  return encodeModel(cutGraph(graph, [FEATURES]), { text: model.docString })
}

/** A graph with these values as its results, and nothing in it that they do not depend on. */
export function cutGraph(graph: OnnxGraph, values: readonly string[]): OnnxGraph {
  const node = neededFor(values, graph.node)
  const read = new Set(node.flatMap(({ input }) => input))
  return {
    ...graph,
    node,
    initializer: graph.initializer.filter(({ name }) => read.has(name)),
    output: values.map((name) => tensorOfAnyShape(name, FLOAT32)),
  }
}

/** Any other file with one of its values as a further result. @param onnx the bytes of the file */
export const withResult = (onnx: Uint8Array, value: string, pooling: Pooling): Uint8Array =>
  Buffer.concat([
    onnx,
    appendedModel({ node: resultNodes([value], pooling), output: [tensorOfAnyShape(FEATURES, FLOAT32)] }),
  ])

/** Any other file with more of its values as results. Which type each has, the runtime finds out. */
export const withValues = (onnx: Uint8Array, values: readonly string[]): Uint8Array =>
  Buffer.concat([onnx, appendedModel({ node: [], output: values.map((name) => ({ name })) })])

/** Values side by side; a single one as it is, so that a trial run tells a vector from a map. */
function resultNodes(values: readonly string[], pooling: Pooling): OnnxNode[] {
  const nodes: OnnxNode[] = []
  const add = (opType: string, input: string[], output: string, attribute: OnnxNode['attribute'] = []): string => {
    nodes.push({ name: output, opType, domain: '', input, output: [output], attribute })
    return output
  }
  const vectorOf = (value: string, i: number): string => {
    if (pooling === 'none') return value
    return add('Flatten', [add('GlobalAveragePool', [value], `${FEATURES}_mean${i}`)], `${FEATURES}_vector${i}`, [
      intAttribute('axis', 1),
    ])
  }
  const vectors = values.map(vectorOf)
  if (vectors.length === 1) add('Identity', vectors, FEATURES)
  else add('Concat', vectors, FEATURES, [intAttribute('axis', 1)])
  return nodes
}

const makersIn = ({ node }: Pick<OnnxGraph, 'node'>): Map<string, OnnxNode> =>
  new Map(node.flatMap((each) => each.output.map((value) => [value, each] as const)))

/** The operators some values depend on, in their order. */
function neededFor(values: readonly string[], node: OnnxNode[]): OnnxNode[] {
  const makers = makersIn({ node })
  const needed = new Set<OnnxNode>()
  const open = [...values]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const maker = makers.get(next)
    if (!maker || needed.has(maker)) continue
    needed.add(maker)
    open.push(...maker.input)
  }
  return node.filter((each) => needed.has(each))
}
