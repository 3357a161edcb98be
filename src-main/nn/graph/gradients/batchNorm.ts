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
import { sizeOf } from '../../../../src-shared/network/layerShape.ts'
import type { LayerOf } from '../../../../src-shared/networks.ts'
import { parameterName } from '../layerOps.ts'
import { acrossPlaces, joinedOrientations } from '../normOps.ts'
import { kept, sumPer, type Backward, type LayerGradients } from './backward.ts'

export function batchNormGradient(layer: LayerOf<'batch-norm'>, backward: Backward): LayerGradients {
  const { graph, batch, parameters } = backward
  const joined = joinedOrientations(layer, backward.shape.shape)
  const shape = joined ?? backward.shape.shape
  const inJoined = (value: string) =>
    joined ? graph.op('Reshape', [value, graph.integers([batch, ...joined])]) : value
  const gradient = inJoined(backward.gradient)
  const input = inJoined(backward.inputs[0] ?? '')
  const perValue = graph.scalar((-1 * shape[0]) / (batch * sizeOf(shape)))
  const mean = kept(backward, 'mean')

  const spread = graph.op('Sqrt', [graph.op('Add', [kept(backward, 'variance'), graph.scalar(layer.epsilon)])])
  const r = graph.op('Reciprocal', [spread])
  const shift = sumPer(graph, gradient, shape)
  const withInput = sumPer(graph, graph.op('Mul', [gradient, input]), shape)
  const scale = graph.op('Mul', [r, graph.op('Sub', [withInput, graph.op('Mul', [mean, shift])])])

  const a = graph.op('Mul', [parameterName(parameters, 'scale'), r])
  const b = graph.op('Mul', [graph.op('Mul', [a, graph.op('Mul', [r, scale])]), perValue])
  const c = graph.op('Sub', [graph.op('Mul', [graph.op('Mul', [a, shift]), perValue]), graph.op('Mul', [b, mean])])
  const fromInput = graph.op('Add', [
    graph.op('Mul', [input, acrossPlaces(graph, b, shape)]),
    acrossPlaces(graph, c, shape),
  ])
  const toInput = graph.op('Add', [graph.op('Mul', [gradient, acrossPlaces(graph, a, shape)]), fromInput])
  return {
    inputs: [joined ? graph.op('Reshape', [toInput, graph.integers([batch, ...backward.shape.shape])]) : toInput],
    parameters: { scale, shift },
  }
}
