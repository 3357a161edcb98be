/** What a layer's backward pass is given and what it answers, as names of values in the training graph. */
import type { GraphWriter } from '../graphWriter.ts'
import type { ParameterNames } from '../layerOps.ts'
import type { LayerShape } from '../../../../src-shared/network/shapes.ts'

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

/** A vector with one number for each channel, shaped to be broadcast over maps [batch, channel, height, width]. */
export const acrossMaps = (graph: GraphWriter, vector: string, channels: number): string =>
  graph.op('Reshape', [vector, graph.integers([channels, 1, 1])])

/** Σ over batch, height and width: one number for each channel. */
export const sumPerChannel = (graph: GraphWriter, maps: string): string =>
  graph.op('ReduceSum', [maps, graph.integers([0, 2, 3])], [DROP_AXES])

export const DROP_AXES = { name: 'keepdims', type: 2, i: 0 }
