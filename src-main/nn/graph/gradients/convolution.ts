/**
 * Gradients of a convolution, y[n,o] = Σ_c w[o,c] ⋆ x[n,c] + b[o], as matrix products and convolutions of the runtime.
 *
 *   ∂loss/∂x        the gradient, convolved with the filters turned by 180° (stride 1) or spread out (stride > 1)
 *   ∂loss/∂w        see filterGradient.ts
 *   ∂loss/∂b[o]     = Σ_n Σ_position  gradient[n,o,position]
 */
import type { Layer } from '../../../../src-shared/networks.ts'
import { spanOf, type MapShape, type Shape } from '../../../../src-shared/network/layerShape.ts'
import { columnFilterGradient, columnInputGradient } from '../columns.ts'
import type { GraphWriter } from '../graphWriter.ts'
import { convolutionAttributes, parameterName } from '../layerOps.ts'
import { intsAttribute, type OnnxAttribute } from '../onnx.ts'
import { sumPerChannel, type Backward, type LayerGradients } from './backward.ts'
import { filterGradient, type Filters } from './filterGradient.ts'

type Convolution = Extract<Layer, { kind: 'convolution' }>

/** Starts and ends of a reversing slice: from the last place to before the first. */
const LAST = -1
const BEFORE_FIRST = -1000

export function convolutionGradient(layer: Convolution, backward: Backward): LayerGradients {
  const { needed, gradient, graph, batch, shape, inputs, parameters } = backward
  const [input = ''] = inputs
  const [inputShape = []] = shape.inputShapes
  const [channels = 0] = inputShape
  const [, rows = 1, columns = 1] = shape.shape
  const weight = parameterName(parameters, 'weight')
  const bias = layer.bias ? { bias: sumPerChannel(graph, gradient) } : {}
  const { columns: kept } = backward.kept
  if (kept !== undefined) {
    const of = { graph, layer, batch, from: inputShape as MapShape, to: shape.shape as MapShape }
    return {
      inputs: [needed[0] === true ? columnInputGradient(of, gradient, weight) : null],
      parameters: { weight: columnFilterGradient(of, kept, gradient), ...bias },
    }
  }
  return {
    inputs: [needed[0] === true ? convolvedBack(graph, layer, gradient, weight, inputShape) : null],
    parameters: {
      weight: filterGradient({ graph, layer, input, gradient, batch, channels, rows, columns }),
      ...bias,
    },
  }
}

/** ∂loss/∂x of a convolution. @param inputShape of x, [channel, row, column] */
export function convolvedBack(
  graph: GraphWriter,
  layer: Filters,
  gradient: string,
  weight: string,
  inputShape: Shape | readonly [],
): string {
  const { stride, padding } = layer
  const around = spanOf(layer) - 1 - padding
  if (stride > 1 || around < 0)
    return graph.op('ConvTranspose', [gradient, weight], spreadAttributes(layer, inputShape))
  const [channels = 1] = inputShape
  const turned = turnedFilters(graph, layer, weight, channels)
  return graph.op('Conv', [gradient, turned], convolutionAttributes({ ...layer, padding: around }))
}

/** Filters [filter, channel of its group, i, j] → [channel, filter of its group, −i, −j]. */
function turnedFilters(graph: GraphWriter, layer: Filters, weight: string, channels: number): string {
  const { filters, kernel, groups } = layer
  const byGroup = graph.integers([groups, filters / groups, channels / groups, kernel, kernel])
  const swapped =
    groups === 1
      ? graph.op('Transpose', [weight], [intsAttribute('perm', [1, 0, 2, 3])])
      : graph.op('Reshape', [
          graph.op('Transpose', [graph.op('Reshape', [weight, byGroup])], [intsAttribute('perm', [0, 2, 1, 3, 4])]),
          graph.integers([channels, filters / groups, kernel, kernel]),
        ])
  if (kernel === 1) return swapped
  const backwards = graph.integers([LAST, LAST])
  return graph.op('Slice', [
    swapped,
    backwards,
    graph.integers([BEFORE_FIRST, BEFORE_FIRST]),
    graph.integers([2, 3]),
    backwards,
  ])
}

/**
 * Attributes of the transposed convolution that undoes a window's steps; rows and columns of the input that no window
 * reached come out as zeros.
 */
export function spreadAttributes(
  layer: Pick<Filters, 'kernel' | 'stride' | 'padding' | 'dilation' | 'groups'>,
  inputShape: Shape | readonly [],
): OnnxAttribute[] {
  const [, height = 1, width = 1] = inputShape
  const unreached = (length: number) => (length + 2 * layer.padding - spanOf(layer)) % layer.stride
  return [...convolutionAttributes(layer), intsAttribute('output_padding', [unreached(height), unreached(width)])]
}
