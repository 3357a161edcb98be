/**
 * Gradients of a transposed convolution. It is a convolution's way back, so its own way back is that convolution:
 *
 *   ∂loss/∂x           the gradient, convolved with the filters
 *   ∂loss/∂w[c,o,i,j]  the filter gradient of that convolution, which reads the gradient and whose output got x
 *   ∂loss/∂b[o]        Σ_n Σ_position  gradient[n,o,position]
 */
import type { LayerOf } from '../../../../src-shared/networks.ts'
import { convolutionAttributes, parameterName } from '../layerOps.ts'
import { sumPerChannel, type Backward, type LayerGradients } from './backward.ts'
import { filterGradient } from './filterGradient.ts'

export function transposedConvolutionGradient(
  layer: LayerOf<'transposed-convolution'>,
  { graph, batch, gradient, inputs, needed, parameters, shape }: Backward,
): LayerGradients {
  const [input = ''] = inputs
  const [channels = 0, rows = 1, columns = 1] = shape.inputShapes[0] ?? []
  const back = { ...layer, filters: channels, dilation: 1, groups: 1 }
  const weight = parameterName(parameters, 'weight')
  return {
    inputs: [needed[0] === true ? graph.op('Conv', [gradient, weight], convolutionAttributes(back)) : null],
    parameters: {
      weight: filterGradient({
        graph,
        layer: back,
        input: gradient,
        gradient: input,
        batch,
        channels: layer.filters,
        rows,
        columns,
      }),
      ...(layer.bias ? { bias: sumPerChannel(graph, gradient) } : {}),
    },
  }
}
