/**
 * The layers of a network that Tessera has no description of: the operators of its ONNX graph, with the shapes that a
 * trial run gave.
 */
import type { InspectedLayer, LayerWindow } from '../../../src-shared/inspection.ts'
import { denseWeights } from '../../../src-shared/network/describedLayers.ts'
import { sizeOf } from '../../../src-shared/network/layerShape.ts'
import { INPUT } from '../../../src-shared/network/shapes.ts'
import { dimsOfStored, intOf, nodeWindow } from './nodeWindow.ts'
import type { OnnxGraph, OnnxNode } from './onnx.ts'

/** Operators whose every value is made of the one at the same place of what they read. */
const PLACE_BY_PLACE = new Set(
  'Relu LeakyRelu PRelu Elu Selu Celu Gelu Clip Sigmoid HardSigmoid HardSwish Tanh Erf Sqrt Exp Log Neg Abs Softplus BatchNormalization InstanceNormalization LayerNormalization Dropout Identity Cast Add Sub Mul Div Sum Max Min Pow Concat Pad'.split(
    ' ',
  ),
)

type Field = InspectedLayer['receptiveField']

/**
 * @param input the name of the value the patch goes into
 * @param shapes of the values that are numbers, for one patch, without the batch axis; operators without one are left out
 */
export function graphLayers(
  graph: OnnxGraph,
  input: { name: string; shape: readonly number[] },
  shapes: ReadonlyMap<string, readonly number[]>,
): InspectedLayer[] {
  const fields = new Map<string, Field>([[input.name, { size: 1, jump: 1 }]])
  const known = new Map(shapes).set(input.name, input.shape)
  return graph.node.flatMap((node): InspectedLayer[] => {
    const [name = ''] = node.output
    const shape = shapes.get(name)
    if (!shape) return []
    const inputs = node.input.filter((each) => known.has(each))
    const read = known.get(inputs[0] ?? '') ?? []
    const window = nodeWindow(graph, node, read)
    const receptiveField = fieldOf(node, window, inputs, fields, read)
    fields.set(name, receptiveField)
    return [
      {
        name,
        kind: node.opType,
        inputs: inputs.map((each) => (each === input.name ? INPUT : each)),
        shape: [...shape],
        window,
        parameters: node.input.reduce((sum, each) => sum + sizeOfStored(graph, each), 0),
        multiplyAdds: multiplyAdds(graph, node, shape, read),
        receptiveField,
        fullyConnected:
          node.opType === 'Conv' || node.opType === 'ConvTranspose'
            ? denseWeights(sizeOf(read), sizeOf(shape), node.input.length > 2)
            : null,
      },
    ]
  })
}

/** Single numbers, such as the 0.5 of a GELU, are no weights. */
function sizeOfStored(graph: OnnxGraph, name: string): number {
  const dims = dimsOfStored(graph, name)
  const size = dims ? sizeOf(dims) : 0
  return dims && dims.length > 0 && size > 1 ? size : 0
}

function fieldOf(
  { opType }: OnnxNode,
  window: LayerWindow | null,
  inputs: readonly string[],
  fields: ReadonlyMap<string, Field>,
  read: readonly number[],
): Field {
  const all = inputs.map((each) => fields.get(each) ?? null)
  if (all.length === 0 || all.includes(null)) return null
  const size = Math.max(...all.map((each) => each!.size))
  const jump = Math.max(...all.map((each) => each!.jump))
  if (window && opType !== 'ConvTranspose') {
    const [kernel, , stride] = [window.kernel[0], window.kernel[1], window.stride[0]]
    return { size: size + window.dilation[0] * (kernel - 1) * jump, jump: jump * stride }
  }
  if (opType === 'GlobalAveragePool' || opType === 'GlobalMaxPool')
    return { size: size + (Math.max(read[1] ?? 1, read[2] ?? 1) - 1) * jump, jump }
  return PLACE_BY_PLACE.has(opType) ? { size, jump } : null
}

/** Of convolutions and products with stored matrices; of others it is not worth counting (0) or not known (null). */
function multiplyAdds(
  graph: OnnxGraph,
  node: OnnxNode,
  shape: readonly number[],
  read: readonly number[],
): number | null {
  const weights = dimsOfStored(graph, node.input[1])
  switch (node.opType) {
    case 'Conv':
      return weights ? sizeOf(weights) * (shape[1] ?? 1) * (shape[2] ?? 1) : null
    case 'ConvTranspose':
      return weights ? sizeOf(weights) * (read[1] ?? 1) * (read[2] ?? 1) : null
    case 'Gemm':
    case 'MatMul': {
      if (!weights) return null
      const units = intOf(node, 'transB', 0) === 1 ? weights[0] : weights.at(-1)
      return sizeOf(weights) * (sizeOf(shape) / (units ?? 1))
    }
    default:
      return PLACE_BY_PLACE.has(node.opType) || node.opType.includes('Pool') ? 0 : null
  }
}
