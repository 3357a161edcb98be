/** What a layer's backward pass is given and what it answers, as names of values in the training graph. */
import { isMap, type Shape } from '../../../../src-shared/network/layerShape.ts'
import type { LayerShape } from '../../../../src-shared/network/shapes.ts'
import type { GraphWriter } from '../graphWriter.ts'
import type { ParameterNames } from '../layerOps.ts'

export type Backward = {
  graph: GraphWriter
  /** patches in a batch: shapes in a training graph are fixed */
  batch: number
  shape: LayerShape
  inputs: readonly string[]
  output: string
  parameters: ParameterNames
  /** What the forward pass kept for this: batch statistics, places of maxima, the dropout mask. */
  kept: Readonly<Record<string, string>>
  /** ∂loss/∂output */
  gradient: string
  /** For each input: whether anything trained lies before it. What needs no gradient gets none. */
  needed: readonly boolean[]
}

export type LayerGradients = {
  /** ∂loss/∂input of each input; null where none was needed */
  inputs: (string | null)[]
  parameters: ParameterNames
}

/** @throws {Error} when the forward pass kept no such value: a bug of the graph's writer */
export function kept(backward: Backward, what: string): string {
  const value = backward.kept[what]
  if (value === undefined) throw new Error(`The forward pass of “${backward.shape.layer.id}” kept no ${what}.`)
  return value
}

/** Σ over batch, height and width: one number for each channel. */
export const sumPerChannel = (graph: GraphWriter, maps: string): string =>
  graph.op('ReduceSum', [maps, graph.integers([0, 2, 3])], [DROP_AXES])

/** Σ over the batch, and over height and width where there are any: one number for each channel or feature. */
export const sumPer = (graph: GraphWriter, values: string, shape: Shape): string =>
  isMap(shape) ? sumPerChannel(graph, values) : graph.op('ReduceSum', [values, graph.integers([0])], [DROP_AXES])

export const DROP_AXES = { name: 'keepdims', type: 2, i: 0 }
export const KEEP_AXES = { ...DROP_AXES, i: 1 }
