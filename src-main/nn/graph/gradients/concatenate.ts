/** Gradient of joined channels: each input gets back the channels it gave. */
import type { Backward, LayerGradients } from './backward.ts'

export function concatenateGradient({ graph, shape, gradient, needed }: Backward): LayerGradients {
  let end = 0
  const inputs = shape.inputShapes.map(([channels], place) => {
    const start = end
    end += channels
    if (needed[place] !== true) return null
    return graph.op('Slice', [gradient, graph.integers([start]), graph.integers([end]), graph.integers([1])])
  })
  return { inputs, parameters: {} }
}
