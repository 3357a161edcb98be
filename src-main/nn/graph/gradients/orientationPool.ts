/** Gradient of orientation pooling: a mean gives every orientation an equal share, a maximum all to where it was. */
import { orientationsOf } from '../../../../src-shared/network/layerShape.ts'
import type { LayerOf } from '../../../../src-shared/networks.ts'
import { comparedLargestGradient } from '../standardOperators.ts'
import type { Backward, LayerGradients } from './backward.ts'
import { maxPoolGradient } from './maxPool.ts'

export function orientationPoolGradient(layer: LayerOf<'orientation-pool'>, backward: Backward): LayerGradients {
  if (layer.take === 'max')
    return backward.graph.operators === 'standard' ? comparedLargestGradient(backward) : maxPoolGradient(backward)
  const { graph, batch, gradient, shape } = backward
  const [fields, height = 1, width = 1] = shape.shape
  const orientations = orientationsOf(shape.inputSymmetry)
  const share = graph.op('Mul', [gradient, graph.scalar(1 / orientations)])
  const ofFields = graph.op('Reshape', [share, graph.integers([batch, fields, 1, height * width])])
  const ofAll = graph.op('Expand', [ofFields, graph.integers([batch, fields, orientations, height * width])])
  return {
    inputs: [graph.op('Reshape', [ofAll, graph.integers([batch, ...(shape.inputShapes[0] ?? [])])])],
    parameters: {},
  }
}
