/**
 * Gradient of max pooling: what arrives at an output goes to the one input that was its maximum, the first in reading
 * order where several are equal; windows that overlap add up.
 *
 * By the places the forward pass kept, not by comparing values: slides have wide areas of one white, and a comparison
 * would send the gradient to every one of the equal values.
 */
import { textAttribute, intAttribute } from '../onnx.ts'
import { sizeOf } from '../../../../src-shared/network/layerShape.ts'
import { kept, type Backward, type LayerGradients } from './backward.ts'

export function maxPoolGradient(backward: Backward): LayerGradients {
  const { graph, batch, shape, gradient } = backward
  const dims = [batch, ...(shape.inputShapes[0] ?? [])]
  const flat = graph.integers([-1])
  const spread = graph.op(
    'ScatterElements',
    [
      graph.op('ConstantOfShape', [graph.integers([sizeOf(dims)])]),
      graph.op('Reshape', [kept(backward, 'places'), flat]),
      graph.op('Reshape', [gradient, flat]),
    ],
    [intAttribute('axis', 0), textAttribute('reduction', 'add')],
  )
  return { inputs: [graph.op('Reshape', [spread, graph.integers(dims)])], parameters: {} }
}
