/**
 * Gradients of batch norm over the batch's own mean μ and variance σ², with M values in each channel:
 *
 *   x̂ = (x − μ) / √(σ² + ε)      y = γ x̂ + β      r = 1 / √(σ² + ε)
 *   ∂loss/∂β = Σ gradient        ∂loss/∂γ = Σ gradient · x̂ = r · (Σ gradient · x − μ · ∂loss/∂β)
 *   ∂loss/∂x = γ r · (gradient − ∂loss/∂β / M − x̂ · ∂loss/∂γ / M)
 *
 * The last line is written as a · gradient + b · x + c with a, b, c one number for each channel: three passes over the
 * maps instead of six.
 * @see Ioffe, Szegedy, Batch Normalization, ICML (2015), section 3
 */
import type { Layer } from '../../../../src-shared/networks.ts'
import { parameterName } from '../layerOps.ts'
import { DROP_AXES, acrossMaps, kept, sumPerChannel, type Backward, type LayerGradients } from './backward.ts'

export function batchNormGradient(layer: Extract<Layer, { kind: 'batch-norm' }>, backward: Backward): LayerGradients {
  const { graph, batch, gradient, shape, inputs, parameters } = backward
  const [input = ''] = inputs
  const [channels, rows = 1, columns = 1] = shape.shape
  const perValue = graph.scalar(-1 / (batch * rows * columns))
  const mean = kept(backward, 'mean')

  const spread = graph.op('Sqrt', [graph.op('Add', [kept(backward, 'variance'), graph.scalar(layer.epsilon)])])
  const r = graph.op('Reciprocal', [spread])
  const shift = sumPerChannel(graph, gradient)
  const withInput = graph.op('ReduceSum', [graph.op('Mul', [gradient, input]), graph.integers([0, 2, 3])], [DROP_AXES])
  const scale = graph.op('Mul', [r, graph.op('Sub', [withInput, graph.op('Mul', [mean, shift])])])

  const a = graph.op('Mul', [parameterName(parameters, 'scale'), r])
  const b = graph.op('Mul', [graph.op('Mul', [a, graph.op('Mul', [r, scale])]), perValue])
  const c = graph.op('Sub', [graph.op('Mul', [graph.op('Mul', [a, shift]), perValue]), graph.op('Mul', [b, mean])])
  const fromInput = graph.op('Add', [
    graph.op('Mul', [input, acrossMaps(graph, b, channels)]),
    acrossMaps(graph, c, channels),
  ])
  return {
    inputs: [graph.op('Add', [graph.op('Mul', [gradient, acrossMaps(graph, a, channels)]), fromInput])],
    parameters: { scale, shift },
  }
}
