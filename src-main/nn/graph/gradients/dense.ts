/**
 * Gradients of y = x Wᵀ + b, with x [batch, feature], W [unit, feature], b [unit]:
 *
 *   ∂loss/∂x = gradient · W      ∂loss/∂W = gradientᵀ · x      ∂loss/∂b = Σ over the batch of gradient
 */
import type { LayerOf } from '../../../../src-shared/networks.ts'
import type { GraphWriter } from '../graphWriter.ts'
import { parameterName } from '../layerOps.ts'
import { intAttribute } from '../onnx.ts'
import { DROP_AXES, type Backward, type LayerGradients } from './backward.ts'

export function denseGradient(
  layer: LayerOf<'dense'>,
  { graph, inputs, gradient, parameters, needed }: Backward,
): LayerGradients {
  const { input, weight, bias } = denseGradients(graph, inputs[0] ?? '', parameterName(parameters, 'weight'), gradient)
  return {
    inputs: [needed[0] === true ? input() : null],
    parameters: { weight, ...(layer.bias ? { bias } : {}) },
  }
}

/** @returns the gradients; that of the input is written only when it is asked for */
export const denseGradients = (graph: GraphWriter, input: string, weight: string, gradient: string) => ({
  input: () => graph.op('Gemm', [gradient, weight]),
  weight: graph.op('Gemm', [gradient, input], [intAttribute('transA', 1)]),
  bias: graph.op('ReduceSum', [gradient, graph.integers([0])], [DROP_AXES]),
})
