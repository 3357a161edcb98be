/**
 * Gradient of softmax over channels or features: each value's rise takes from all others of its place.
 *
 *   ∂loss/∂x[k] = y[k] · (gradient[k] − Σ_j gradient[j] · y[j])
 */
import { KEEP_AXES, type Backward, type LayerGradients } from './backward.ts'

export function softmaxGradient({ graph, gradient, output }: Backward): LayerGradients {
  const agreement = graph.op('ReduceSum', [graph.op('Mul', [gradient, output]), graph.integers([1])], [KEEP_AXES])
  return { inputs: [graph.op('Mul', [output, graph.op('Sub', [gradient, agreement])])], parameters: {} }
}
