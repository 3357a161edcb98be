/**
 * Gradient of average pooling: each output gives an equal share to every input of its window. Padding has no part in
 * the average, so a window at the border shares among fewer.
 *
 *   ∂loss/∂x[i] = Σ over windows w that hold i   gradient[w] / (inputs in w)
 */
import type { Layer } from '../../../../src-shared/networks.ts'
import { windowAttributes } from '../layerOps.ts'
import { intAttribute } from '../onnx.ts'
import type { Backward, LayerGradients } from './backward.ts'
import { spreadAttributes } from './convolution.ts'

type AveragePool = Extract<Layer, { kind: 'average-pool' }>

export function averagePoolGradient(layer: AveragePool, { graph, shape, gradient }: Backward): LayerGradients {
  const { kernel, stride, padding } = layer
  const [channels = 1, height = 1, width = 1] = shape.inputShapes[0] ?? []
  const [, rows = 1, columns = 1] = shape.shape
  const inRows = inputsInWindows(height, rows, layer)
  const inColumns = inputsInWindows(width, columns, layer)
  const share = Float32Array.from(
    { length: rows * columns },
    (_, at) => 1 / ((inRows[Math.floor(at / columns)] ?? 1) * (inColumns[at % columns] ?? 1)),
  )
  const shared = graph.op('Mul', [gradient, graph.constant([1, 1, rows, columns], share)])

  if (stride === 1 && 2 * padding === kernel - 1) {
    // Windows that hold an input are the inputs of a window around it: the sum is a pool again.
    const attributes = [...windowAttributes(layer), intAttribute('count_include_pad', 1)]
    const averaged = graph.op('AveragePool', [shared], attributes)
    return { inputs: [graph.op('Mul', [averaged, graph.scalar(kernel * kernel)])], parameters: {} }
  }
  const ones = graph.constant([channels, 1, kernel, kernel], new Float32Array(channels * kernel * kernel).fill(1))
  const attributes = spreadAttributes({ ...layer, dilation: 1, groups: channels }, shape.inputShapes[0] ?? [])
  return { inputs: [graph.op('ConvTranspose', [shared, ones], attributes)], parameters: {} }
}

/** For each window along one axis: how many of its places lie on the map. */
function inputsInWindows(length: number, windows: number, { kernel, stride, padding }: AveragePool): number[] {
  return Array.from({ length: windows }, (_, window) => {
    const start = window * stride - padding
    return Math.min(length, start + kernel) - Math.max(0, start)
  })
}
