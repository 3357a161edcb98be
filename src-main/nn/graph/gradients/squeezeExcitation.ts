/**
 * Gradients of squeeze and excitation, y[c] = g[c] · x[c] with gates g = sigmoid(E h + e), h = ReLU(S m + s) and m the
 * means of the maps x of height H and width W:
 *
 *   ∂loss/∂g[c] = Σ_place gradient · x           then back through sigmoid, dense, ReLU and dense to ∂loss/∂m
 *   ∂loss/∂x    = gradient · g + ∂loss/∂m / (H · W)
 *
 * @see Hu, Shen, Sun, Squeeze-and-Excitation Networks, CVPR (2018)
 */
import type { MapShape } from '../../../../src-shared/network/layerShape.ts'
import type { LayerOf } from '../../../../src-shared/networks.ts'
import { parameterName, withGatesAcross } from '../layerOps.ts'
import { activationGradient } from './activations.ts'
import { DROP_AXES, kept, type Backward, type LayerGradients } from './backward.ts'
import { denseGradients } from './dense.ts'

export function squeezeExcitationGradient(layer: LayerOf<'squeeze-excitation'>, backward: Backward): LayerGradients {
  const { graph, gradient, inputs, parameters, shape } = backward
  const [input = ''] = inputs
  const [channels, height, width] = shape.shape as MapShape
  const [hidden, gates] = [kept(backward, 'hidden'), kept(backward, 'gates')]

  const back = (kind: 'sigmoid' | 'relu', output: string, arrived: string) =>
    activationGradient({ kind, id: layer.id }, { ...backward, output, gradient: arrived }).inputs[0] ?? ''
  const toGates = graph.op('ReduceSum', [graph.op('Mul', [gradient, input]), graph.integers([2, 3])], [DROP_AXES])
  const excite = denseGradients(
    graph,
    hidden,
    parameterName(parameters, 'excite-weight'),
    back('sigmoid', gates, toGates),
  )
  const squeeze = denseGradients(
    graph,
    kept(backward, 'means'),
    parameterName(parameters, 'squeeze-weight'),
    back('relu', hidden, excite.input()),
  )
  return {
    inputs: [backward.needed[0] === true ? toInput() : null],
    parameters: {
      'squeeze-weight': squeeze.weight,
      'squeeze-bias': squeeze.bias,
      'excite-weight': excite.weight,
      'excite-bias': excite.bias,
    },
  }

  function toInput(): string {
    const share = graph.op('Mul', [squeeze.input(), graph.scalar(1 / (height * width))])
    const [scaled = '', acrossGates = ''] = withGatesAcross(graph, [gradient, gates], [shape.shape, [channels]])
    const [, acrossShare = ''] = withGatesAcross(graph, [gradient, share], [shape.shape, [channels]])
    return graph.op('Add', [graph.op('Mul', [scaled, acrossGates]), acrossShare])
  }
}
