/**
 * Gradients of y = x Wᵀ + b, with x [batch, feature], W [unit, feature], b [unit]:
 *
 *   ∂loss/∂x = gradient · W      ∂loss/∂W = gradientᵀ · x      ∂loss/∂b = Σ over the batch of gradient
 */
import { parameterName } from '../layerOps.ts'
import { intAttribute } from '../onnx.ts'
import { DROP_AXES, type Backward, type LayerGradients } from './backward.ts'

export function denseGradient({ graph, inputs, gradient, parameters, needed }: Backward): LayerGradients {
  const [input = ''] = inputs
  return {
    inputs: [needed[0] === true ? graph.op('Gemm', [gradient, parameterName(parameters, 'weight')]) : null],
    parameters: {
      weight: graph.op('Gemm', [gradient, input], [intAttribute('transA', 1)]),
      bias: graph.op('ReduceSum', [gradient, graph.integers([0])], [DROP_AXES]),
    },
  }
}
