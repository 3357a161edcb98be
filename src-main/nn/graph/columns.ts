/**
 * A convolution over the whole batch as one matrix product, for maps so small that one product for each patch would read
 * the filters from memory once a patch:
 *
 *   columns [channel · tap, position · patch]    the input under each tap of every window
 *   output  [filter, position · patch]           = filters [filter, channel · tap] × columns
 *
 * The filters lie as they are stored, so neither the forward nor the backward pass turns or copies them, and the filter
 * gradient reads the columns of the forward pass again.
 *
 * @see Chellapilla, Puri, Simard, High Performance Convolutional Neural Networks for Document Processing (2006)
 */
import type { MapShape } from '../../../src-shared/network/layerShape.ts'
import type { LayerOf } from '../../../src-shared/networks.ts'
import type { GraphWriter } from './graphWriter.ts'
import { intAttribute, intsAttribute } from './onnx.ts'

/**
 * Where columns are faster, measured on two cores (2026-11-25, docs/performance.md). Maps of up to 36 positions, whose
 * filters outweigh them: ResNet-18 at 96 px takes 16 % less time. And maps of few channels, where the runtime's own
 * convolution has too narrow a matrix for the way back: LeNet takes 20 % less. Elsewhere the columns no longer fit the
 * cache, and everything gets slower. On graphics devices nothing has been measured, and their own convolution is used.
 */
const SMALL_MAP = 36
const FEW_NUMBERS = 1000

export type Columned = {
  graph: GraphWriter
  layer: LayerOf<'convolution'>
  batch: number
  /** [channel, row, column] of the input and of the output */
  from: MapShape
  to: MapShape
}

export const isColumned = ({ graph, layer, from, to }: Columned): boolean =>
  graph.operators === 'processor' &&
  layer.groups === 1 &&
  (to[1] * to[2] <= SMALL_MAP || from[0] * to[1] * to[2] <= FEW_NUMBERS)

// Patches are the last axis inside this file: they lie side by side, so shifting a map by a row moves whole stretches.

/** [patch, channel, row, column] → [channel, row, column, patch] */
const patchesLast = (graph: GraphWriter, value: string): string =>
  graph.op('Transpose', [value], [intsAttribute('perm', [1, 2, 3, 0])])

/** [channel, row, column, patch] → [patch, channel, row, column] */
const patchesFirst = (graph: GraphWriter, value: string): string =>
  graph.op('Transpose', [value], [intsAttribute('perm', [3, 0, 1, 2])])

/** @returns columns [channel · tap, position · patch] of an input [patch, channel, row, column] */
export function columnsOf({ graph, layer, batch, from, to }: Columned, input: string): string {
  const { kernel, stride, padding, dilation } = layer
  const [channels, height, width] = from
  const [, rows, columns] = to
  const byChannel = patchesLast(graph, input)
  const p = padding
  const padded = p === 0 ? byChannel : graph.op('Pad', [byChannel, graph.integers([0, p, p, 0, 0, p, p, 0])])
  const whole = kernel === 1 && stride === 1 && p === 0 && height === rows && width === columns
  const taps = whole
    ? [padded]
    : Array.from({ length: kernel * kernel }, (_, tap) => {
        const i = Math.floor(tap / kernel) * dilation
        const j = (tap % kernel) * dilation
        return graph.op('Slice', [
          padded,
          graph.integers([i, j]),
          graph.integers([i + (rows - 1) * stride + 1, j + (columns - 1) * stride + 1]),
          graph.integers([1, 2]),
          graph.integers([stride, stride]),
        ])
      })
  const positions = batch * rows * columns
  const flat = taps.map((tap) => graph.op('Reshape', [tap, graph.integers([channels, 1, positions])]))
  const [only = ''] = flat
  const all = flat.length === 1 ? only : graph.op('Concat', flat, [intAttribute('axis', 1)])
  return graph.op('Reshape', [all, graph.integers([channels * kernel ** 2, positions])])
}

/** Filters as they are stored, [filter, channel · tap]. */
const flatFilters = ({ graph, layer, from: [channels] }: Columned, weight: string): string =>
  graph.op('Reshape', [weight, graph.integers([layer.filters, channels * layer.kernel ** 2])])

/** @returns the output [patch, filter, row, column] */
export function convolvedColumns(of: Columned, columns: string, weight: string, bias: string | undefined): string {
  const { graph, layer, batch, to } = of
  const product = graph.op('MatMul', [flatFilters(of, weight), columns])
  const withBias =
    bias === undefined
      ? product
      : graph.op('Add', [product, graph.op('Reshape', [bias, graph.integers([layer.filters, 1])])])
  return patchesFirst(graph, graph.op('Reshape', [withBias, graph.integers([layer.filters, to[1], to[2], batch])]))
}

/** ∂loss/∂output as [filter, position · patch]. */
const gradientRows = ({ graph, layer, batch, to }: Columned, gradient: string): string =>
  graph.op('Reshape', [patchesLast(graph, gradient), graph.integers([layer.filters, batch * to[1] * to[2]])])

/** ∂loss/∂filters = ∂loss/∂output × columnsᵀ, [filter, channel, row, column]. */
export function columnFilterGradient(of: Columned, columns: string, gradient: string): string {
  const { graph, layer, from } = of
  const product = graph.runtimeOp('FusedMatMul', [gradientRows(of, gradient), columns], [intAttribute('transB', 1)])
  return graph.op('Reshape', [product, graph.integers([layer.filters, from[0], layer.kernel, layer.kernel])])
}

/**
 * ∂loss/∂input: filtersᵀ × ∂loss/∂output gives what each tap of each window sends back; every tap's part is put where the
 * tap had read, and the parts add up.
 *
 * With a stride s, rows of one remainder modulo s get their parts from the same taps: the parts are added up for each
 * remainder (of rows and of columns), and the s · s sums then interleaved.
 */
export function columnInputGradient(of: Columned, gradient: string, weight: string): string {
  const { graph, layer, batch, from, to } = of
  const { kernel, stride, padding, dilation } = layer
  const [channels, height, width] = from
  const [, rows, columns] = to
  const taps = kernel * kernel
  const sent = graph.runtimeOp(
    'FusedMatMul',
    [flatFilters(of, weight), gradientRows(of, gradient)],
    [intAttribute('transA', 1)],
  )
  const byTap = graph.op('Reshape', [sent, graph.integers([channels, taps, rows * columns * batch])])
  const apart = taps === 1 ? [byTap] : graph.ops('Split', [byTap], [intAttribute('axis', 1)], taps)

  // Of the padded input, rows and columns of one remainder.
  const planeRows = Math.ceil((height + 2 * padding) / stride)
  const planeColumns = Math.ceil((width + 2 * padding) / stride)
  const planes = new Map<number, string[]>()
  for (const [tap, part] of apart.entries()) {
    const i = Math.floor(tap / kernel) * dilation
    const j = (tap % kernel) * dilation
    const [down, right] = [Math.floor(i / stride), Math.floor(j / stride)]
    const map = graph.op('Reshape', [part, graph.integers([channels, rows, columns, batch])])
    const placed = padded(graph, map, [down, right, planeRows - rows - down, planeColumns - columns - right])
    const plane = (i % stride) * stride + (j % stride)
    planes.set(plane, [...(planes.get(plane) ?? []), placed])
  }
  const dims = [channels, planeRows, planeColumns, batch] as const
  const whole = interleaved(graph, planes, dims, stride)
  const cut = [
    -padding,
    -padding,
    height + padding - planeRows * stride,
    width + padding - planeColumns * stride,
  ] as const
  return patchesFirst(graph, padded(graph, whole, cut))
}

/** Zeros around the rows and columns of [channel, row, column, patch]; negative = cut off. */
function padded(
  graph: GraphWriter,
  map: string,
  [above, left, below, right]: readonly [number, number, number, number],
): string {
  if (above === 0 && left === 0 && below === 0 && right === 0) return map
  return graph.op('Pad', [map, graph.integers([0, above, left, 0, 0, below, right, 0])])
}

/** @param planes parts of each remainder, row remainder · stride + column remainder; a missing one is zeros */
function interleaved(
  graph: GraphWriter,
  planes: ReadonlyMap<number, readonly string[]>,
  [channels, rows, columns, batch]: readonly [number, number, number, number],
  stride: number,
): string {
  const sum = (parts: readonly string[] | undefined): string => {
    if (!parts) return graph.op('ConstantOfShape', [graph.integers([channels, rows, columns, batch])])
    const [only = ''] = parts
    return parts.length === 1 ? only : graph.op('Sum', parts)
  }
  if (stride === 1) return sum(planes.get(0))
  const remainders = Array.from({ length: stride }, (_, at) => at)
  const byRow = remainders.map((row) => {
    const byColumn = remainders.map((column) =>
      graph.op('Reshape', [
        sum(planes.get(row * stride + column)),
        graph.integers([channels, rows, 1, columns, 1, batch]),
      ]),
    )
    return graph.op('Concat', byColumn, [intAttribute('axis', 4)])
  })
  const all = graph.op('Concat', byRow, [intAttribute('axis', 2)])
  return graph.op('Reshape', [all, graph.integers([channels, rows * stride, columns * stride, batch])])
}
