/** Gradient of the mean over a whole map: every value of the map gets gradient / (height · width). */
import type { Backward, LayerGradients } from './backward.ts'

export function globalAveragePoolGradient({ graph, batch, shape, gradient }: Backward): LayerGradients {
  const [channels = 1, height = 1, width = 1] = shape.inputShapes[0] ?? []
  const share = graph.op('Mul', [gradient, graph.scalar(1 / (height * width))])
  const asMaps = graph.op('Reshape', [share, graph.integers([batch, channels, 1, 1])])
  return { inputs: [graph.op('Expand', [asMaps, graph.integers([batch, channels, height, width])])], parameters: {} }
}
