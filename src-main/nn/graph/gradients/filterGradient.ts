/**
 * Gradient of a convolution's filters:
 *
 *   ∂loss/∂w[o,c,i,j] = Σ_n Σ_position  gradient[n,o,position] · x[n,c, position · stride + (i,j) · dilation − padding]
 *
 * For one tap (i, j) this is a matrix product of the gradient with the input, shifted. Which layout makes it fast depends
 * on the shape; the three for one group were measured against each other.
 */
import type { GraphWriter } from '../graphWriter.ts'
import { intAttribute, intsAttribute } from '../onnx.ts'
import { timesTransposed } from '../timesTransposed.ts'
import { DROP_AXES, sumPerChannel } from './backward.ts'

/** What a convolution and its like have in common. */
export type Filters = {
  filters: number
  kernel: number
  stride: number
  padding: number
  dilation: number
  groups: number
}

/** A convolution's forward pass as its filter gradient sees it. */
export type Seen = {
  graph: GraphWriter
  layer: Filters
  input: string
  gradient: string
  batch: number
  /** of the input */
  channels: number
  /** of the output */
  rows: number
  columns: number
}

/** Numbers in a filter up to which gathering all taps into one matrix beats one product for each tap. */
const GATHER_UP_TO = 160
/** Positions of an output map up to which one product over the whole batch beats one for each patch. */
const SMALL_MAP = 196

/** @returns [filter, channel of its group, row, column] */
export function filterGradient(seen: Seen): string {
  const { layer, channels, rows, columns } = seen
  if (layer.groups > 1)
    return layer.groups === channels && layer.groups === layer.filters ? depthwise(seen) : groupByGroup(seen)
  if (rows * columns <= SMALL_MAP) return overWholeBatch(seen)
  return layer.kernel > 1 && channels * layer.kernel ** 2 <= GATHER_UP_TO ? gathered(seen) : tapByTap(seen)
}

/** For each tap and patch [filter, position] × [position, channel], added up over the batch. */
function tapByTap(seen: Seen): string {
  const { graph, layer, batch, channels, rows, columns, gradient } = seen
  const left = graph.op('Reshape', [gradient, graph.integers([batch, layer.filters, rows * columns])])
  const products = tapsOf(seen, seen.input, 2).map((tap) => {
    const right = graph.op('Reshape', [tap, graph.integers([batch, channels, rows * columns])])
    return productOverBatch(graph, left, right, 3)
  })
  return joined(seen, products)
}

/** As tap by tap, but every group of filters meets its own channels only. */
function groupByGroup(seen: Seen): string {
  const { graph, layer, batch, channels, rows, columns, gradient } = seen
  const { filters, groups } = layer
  const left = graph.op('Reshape', [gradient, graph.integers([batch, groups, filters / groups, rows * columns])])
  const products = tapsOf(seen, seen.input, 2).map((tap) => {
    const right = graph.op('Reshape', [tap, graph.integers([batch, groups, channels / groups, rows * columns])])
    const product = productOverBatch(graph, left, right, 4)
    return graph.op('Reshape', [product, graph.integers([filters, channels / groups])])
  })
  return joined(seen, products)
}

/** One filter for each channel: for each tap a sum over batch and positions. */
function depthwise(seen: Seen): string {
  const { graph, layer, gradient } = seen
  const products = tapsOf(seen, seen.input, 2).map((tap) =>
    graph.op('Reshape', [sumPerChannel(graph, graph.op('Mul', [gradient, tap])), graph.integers([layer.filters, 1])]),
  )
  return joined(seen, products)
}

/** For each tap [filter, patch · position] × [patch · position, channel]: for small maps, channels last. */
function overWholeBatch(seen: Seen): string {
  const { graph, layer, batch, channels, rows, columns, gradient, input } = seen
  const positions = batch * rows * columns
  const channelsLast = graph.op('Transpose', [input], [intsAttribute('perm', [0, 2, 3, 1])])
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
  const all = graph.op('Concat', tapsOf(seen, seen.input, 2), [intAttribute('axis', 1)])
  const left = graph.op('Reshape', [gradient, graph.integers([batch, filters, rows * columns])])
  const right = graph.op('Reshape', [all, graph.integers([batch, taps * channels, rows * columns])])
  const product = productOverBatch(graph, left, right, 3)
  const byTap = graph.op('Reshape', [product, graph.integers([filters, taps, channels])])
  const byChannel = graph.op('Transpose', [byTap], [intsAttribute('perm', [0, 2, 1])])
  return graph.op('Reshape', [byChannel, graph.integers([filters, channels, kernel, kernel])])
}

/** Σ over the batch of left × rightᵀ; the last axis of both, of `axes`, is the positions. */
const productOverBatch = (graph: GraphWriter, left: string, right: string, axes: 3 | 4): string =>
  graph.op('ReduceSum', [timesTransposed(graph, left, right, axes), graph.integers([0])], [DROP_AXES])

/** The input under each tap (i, j) of every window. @param rowAxis the place of the rows among the axes */
function tapsOf(seen: Seen, input: string, rowAxis: 1 | 2): string[] {
  const { graph, layer, rows, columns } = seen
  const { kernel, stride, padding, dilation } = layer
  if (kernel === 1 && stride === 1 && padding === 0) return [input]
  const padded = zeroPadded(seen, input, rowAxis)
  const asLarge = stride === 1 && 2 * padding === (kernel - 1) * dilation
  return Array.from({ length: kernel * kernel }, (_, tap) => {
    const i = Math.floor(tap / kernel) * dilation
    const j = (tap % kernel) * dilation
    // The tap in the middle sees the input as it is.
    if (asLarge && i === padding && j === padding) return input
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
  const { filters, kernel, groups } = layer
  const apart = products.map((product) => graph.op('Unsqueeze', [product, graph.integers([2])]))
  const [only = ''] = apart
  const all = apart.length === 1 ? only : graph.op('Concat', apart, [intAttribute('axis', 2)])
  return graph.op('Reshape', [all, graph.integers([filters, channels / groups, kernel, kernel])])
}
