/**
 * Gradients of a group convolution: those of the plain convolution with all orientations written out, where each shared
 * weight gets the sum over its copies.
 */
import { orientationsOf, type MapShape } from '../../../../src-shared/network/layerShape.ts'
import type { LayerOf } from '../../../../src-shared/networks.ts'
import { asPlainConvolution } from '../layerOps.ts'
import { intAttribute, intsAttribute } from '../onnx.ts'
import { copiesOf } from '../symmetries.ts'
import { DROP_AXES, kept, type Backward, type LayerGradients } from './backward.ts'
import { convolutionGradient } from './convolution.ts'

export function groupConvolutionGradient(layer: LayerOf<'group-convolution'>, backward: Backward): LayerGradients {
  const { graph, shape } = backward
  const { filters: fields, kernel, group } = layer
  const outputs = orientationsOf(group)
  const inputs = orientationsOf(shape.inputSymmetry)
  const fieldsRead = (shape.inputShapes[0] as MapShape)[0] / inputs
  const block = inputs * kernel ** 2
  const plain = convolutionGradient(asPlainConvolution(layer), {
    ...backward,
    parameters: { weight: kept(backward, 'weight') },
  })

  const places = graph.integers(copiesOf({ group, oriented: shape.inputSymmetry !== null, kernel }))
  const apart = graph.op('Reshape', [
    plain.parameters.weight ?? '',
    graph.integers([fields, outputs, fieldsRead, block]),
  ])
  const byFields = graph.op('Transpose', [apart], [intsAttribute('perm', [0, 2, 1, 3])])
  const copies = graph.op(
    'Gather',
    [graph.op('Reshape', [byFields, graph.integers([fields * fieldsRead, outputs * block])]), places],
    [intAttribute('axis', 1)],
  )
  const summed = (values: string, weights: number) =>
    graph.op(
      'ReduceSum',
      [graph.op('Reshape', [values, graph.integers([weights, outputs])]), graph.integers([1])],
      [DROP_AXES],
    )
  return {
    inputs: plain.inputs,
    parameters: {
      weight: summed(copies, fields * fieldsRead * block),
      ...(plain.parameters.bias === undefined ? {} : { bias: summed(plain.parameters.bias, fields) }),
    },
  }
}
