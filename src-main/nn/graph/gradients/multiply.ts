/**
 * Gradients of a product y = a · b: each factor's is the gradient times the other. A gate, one number for each channel of
 * the other's maps, gets the sum over the places it was used at.
 */
import { isMap } from '../../../../src-shared/network/layerShape.ts'
import { withGatesAcross } from '../layerOps.ts'
import { DROP_AXES, type Backward, type LayerGradients } from './backward.ts'

export function multiplyGradient({ graph, shape, inputs, gradient, needed }: Backward): LayerGradients {
  const factors = withGatesAcross(graph, inputs, shape.inputShapes)
  const onMaps = isMap(shape.shape)
  const parts = factors.map((_, place) => {
    if (needed[place] !== true) return null
    const part = graph.op('Mul', [gradient, factors[1 - place] ?? ''])
    const isGate = onMaps && !isMap(shape.inputShapes[place] ?? [1])
    return isGate ? graph.op('ReduceSum', [part, graph.integers([2, 3])], [DROP_AXES]) : part
  })
  return { inputs: parts, parameters: {} }
}
