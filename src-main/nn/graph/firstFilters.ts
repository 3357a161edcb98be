/** The filters of the convolution that sees the patch itself. */
import type { FirstFilters } from '../../../src-shared/inspection.ts'
import { FLOAT32, floatsOf, type OnnxGraph } from './onnx.ts'

/**
 * @param channels of a patch
 * @param nameOf what a value is called on the screen
 * @returns null when there is no such convolution, as in a network of dense layers
 */
export function firstFilters(
  { node, initializer }: OnnxGraph,
  channels: number,
  nameOf: (value: string) => string,
): FirstFilters | null {
  const first = node.find(({ opType }) => opType === 'Conv')
  const weights = initializer.find(({ name }) => name === first?.input[1])
  if (!first || !weights || weights.dataType !== FLOAT32) return null
  const [filters = 0, read = 0, height = 0, width = 0] = weights.dims
  if (read !== channels || weights.dims.length !== 4) return null
  const numbers = floatsOf(weights)
  // Numbers may lie in a form, or a file, that is not read here.
  if (numbers.length !== filters * read * height * width) return null
  return { layer: nameOf(first.output[0] ?? ''), filters, channels: read, height, width, weights: numbers }
}
