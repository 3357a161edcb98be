/** Gradient of flatten: the same numbers in the shape they had. */
import type { Backward, LayerGradients } from './backward.ts'

export const flattenGradient = ({ graph, batch, shape, gradient }: Backward): LayerGradients => ({
  inputs: [graph.op('Reshape', [gradient, graph.integers([batch, ...(shape.inputShapes[0] ?? [])])])],
  parameters: {},
})
