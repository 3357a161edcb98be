/**
 * Gradients of a convolution, y[n,o] = Σ_c w[o,c] ⋆ x[n,c] + b[o], as matrix products and convolutions of the runtime.
 *
 *   ∂loss/∂x        the gradient, convolved with the filters turned by 180° (stride 1) or spread out (stride > 1)
 *   ∂loss/∂w[o,c,i,j] = Σ_n Σ_position  gradient[n,o,position] · x[n,c, position · stride + (i,j) − padding]
 *   ∂loss/∂b[o]     = Σ_n Σ_position  gradient[n,o,position]
 *
 * For one tap (i, j) the filter gradient is a matrix product of the gradient with the input, shifted. Which layout makes
 * it fast depends on the shape; the three below were measured against each other.
 */
import type { Layer } from '../../../../src-shared/networks.ts'
import type { GraphWriter } from '../graphWriter.ts'
import { windowAttributes, parameterName } from '../layerOps.ts'
import { intAttribute, intsAttribute } from '../onnx.ts'
import { DROP_AXES, sumPerChannel, type Backward, type LayerGradients } from './backward.ts'

type Convolution = Extract<Layer, { kind: 'convolution' }>

/** Numbers in a filter up to which gathering all taps into one matrix beats one product for each tap. */
const GATHER_UP_TO = 64
/** Positions of an output map up to which one product over the whole batch beats one for each patch. */
const SMALL_MAP = 196

/** Starts and ends of a reversing slice: from the last place to before the first. */
const LAST = -1
const BEFORE_FIRST = -1000

export function convolutionGradient(layer: Convolution, backward: Backward): LayerGradients {
  const { needed, gradient, graph } = backward
  return {
    inputs: [needed[0] === true ? inputGradient(layer, backward) : null],
    parameters: {
      weight: filterGradient(layer, backward),
      ...(layer.bias ? { bias: sumPerChannel(graph, gradient) } : {}),
    },
  }
}

function inputGradient(layer: Convolution, { graph, gradient, parameters, shape }: Backward): string {
  const { kernel, stride, padding } = layer
  const weight = parameterName(parameters, 'weight')
  const around = kernel - 1 - padding
  if (stride === 1 && around >= 0) {
    const swapped = graph.op('Transpose', [weight], [intsAttribute('perm', [1, 0, 2, 3])])
    const backwards = graph.integers([LAST, LAST])
    const turned =
      kernel === 1
        ? swapped
        : graph.op('Slice', [
            swapped,
            backwards,
            graph.integers([BEFORE_FIRST, BEFORE_FIRST]),
            graph.integers([2, 3]),
            backwards,
          ])
    return graph.op('Conv', [gradient, turned], windowAttributes({ kernel, stride: 1, padding: around }))
  }
  return graph.op('ConvTranspose', [gradient, weight], spreadAttributes(layer, shape))
}

/**
 * Attributes of the transposed convolution that undoes a window's steps; rows and columns of the input that no window
 * reached come out as zeros.
 */
export function spreadAttributes(
  layer: { kernel: number; stride: number; padding: number },
  shape: Backward['shape'],
): ReturnType<typeof windowAttributes> {
  const { kernel, stride, padding } = layer
  const [, height = 1, width = 1] = shape.inputShapes[0] ?? []
  const unreached = (length: number) => (length + 2 * padding - kernel) % stride
  return [...windowAttributes(layer), intsAttribute('output_padding', [unreached(height), unreached(width)])]
}

/** A convolution's forward pass as its filter gradient sees it. */
type Seen = {
  graph: GraphWriter
  layer: Convolution
  input: string
  gradient: string
  batch: number
  /** of the input */
  channels: number
  /** of the output */
  rows: number
  columns: number
}

function filterGradient(layer: Convolution, { graph, batch, gradient, shape, inputs }: Backward): string {
  const [input = ''] = inputs
  const [channels = 0] = shape.inputShapes[0] ?? []
  const [, rows = 1, columns = 1] = shape.shape
  const seen = { graph, layer, input, gradient, batch, channels, rows, columns }
  if (rows * columns <= SMALL_MAP) return overWholeBatch(seen)
  return layer.kernel > 1 && channels * layer.kernel ** 2 <= GATHER_UP_TO ? gathered(seen) : tapByTap(seen)
}

/** For each tap and patch [filter, position] × [position, channel], added up over the batch. */
function tapByTap(seen: Seen): string {
  const { graph, layer, batch, channels, rows, columns, gradient } = seen
  const left = graph.op('Reshape', [gradient, graph.integers([batch, layer.filters, rows * columns])])
  const products = tapsOf(seen, zeroPadded(seen, seen.input, 2), 2).map((tap) => {
    const right = graph.op('Reshape', [tap, graph.integers([batch, channels, rows * columns])])
    const product = graph.runtimeOp('FusedMatMul', [left, right], [intAttribute('transB', 1)])
    return graph.op('ReduceSum', [product, graph.integers([0])], [DROP_AXES])
  })
  return joined(seen, products)
}

/** For each tap [filter, patch · position] × [patch · position, channel]: for small maps, channels last. */
function overWholeBatch(seen: Seen): string {
  const { graph, layer, batch, channels, rows, columns, gradient, input } = seen
  const positions = batch * rows * columns
  const channelsLast = zeroPadded(seen, graph.op('Transpose', [input], [intsAttribute('perm', [0, 2, 3, 1])]), 1)
  const filtersFirst = graph.op('Transpose', [gradient], [intsAttribute('perm', [1, 0, 2, 3])])
  const left = graph.op('Reshape', [filtersFirst, graph.integers([layer.filters, positions])])
  const products = tapsOf(seen, channelsLast, 1).map((tap) =>
    graph.op('MatMul', [left, graph.op('Reshape', [tap, graph.integers([positions, channels])])]),
  )
  return joined(seen, products)
}

/** All taps of a few channels side by side, one product for each patch. */
function gathered(seen: Seen): string {
  const { graph, layer, batch, channels, rows, columns, gradient } = seen
  const { filters, kernel } = layer
  const taps = kernel * kernel
  const all = graph.op('Concat', tapsOf(seen, zeroPadded(seen, seen.input, 2), 2), [intAttribute('axis', 1)])
  const left = graph.op('Reshape', [gradient, graph.integers([batch, filters, rows * columns])])
  const right = graph.op('Reshape', [all, graph.integers([batch, taps * channels, rows * columns])])
  const product = graph.runtimeOp('FusedMatMul', [left, right], [intAttribute('transB', 1)])
  const summed = graph.op('ReduceSum', [product, graph.integers([0])], [DROP_AXES])
  const byTap = graph.op('Reshape', [summed, graph.integers([filters, taps, channels])])
  const byChannel = graph.op('Transpose', [byTap], [intsAttribute('perm', [0, 2, 1])])
  return graph.op('Reshape', [byChannel, graph.integers([filters, channels, kernel, kernel])])
}

/** The input under each tap (i, j) of every window. @param rowAxis the place of the rows among the axes */
function tapsOf({ graph, layer, rows, columns }: Seen, padded: string, rowAxis: 1 | 2): string[] {
  const { kernel, stride, padding } = layer
  if (kernel === 1 && stride === 1 && padding === 0) return [padded]
  return Array.from({ length: kernel * kernel }, (_, tap) => {
    const i = Math.floor(tap / kernel)
    const j = tap % kernel
    return graph.op('Slice', [
      padded,
      graph.integers([i, j]),
      graph.integers([i + (rows - 1) * stride + 1, j + (columns - 1) * stride + 1]),
      graph.integers([rowAxis, rowAxis + 1]),
      graph.integers([stride, stride]),
    ])
  })
}

function zeroPadded({ graph, layer: { padding: p } }: Seen, value: string, rowAxis: 1 | 2): string {
  if (p === 0) return value
  return graph.op('Pad', [value, graph.integers(rowAxis === 2 ? [0, 0, p, p, 0, 0, p, p] : [0, p, p, 0, 0, p, p, 0])])
}

/** Products of one tap each, [filter, channel], put side by side as the filters [filter, channel, row, column]. */
function joined({ graph, layer, channels }: Seen, products: readonly string[]): string {
  const { filters, kernel } = layer
  const apart = products.map((product) => graph.op('Unsqueeze', [product, graph.integers([2])]))
  const [only = ''] = apart
  const all = apart.length === 1 ? only : graph.op('Concat', apart, [intAttribute('axis', 2)])
  return graph.op('Reshape', [all, graph.integers([filters, channels, kernel, kernel])])
}
