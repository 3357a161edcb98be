/** Flatten: [batch, channel, row, column] → [batch, feature], the numbers in the same order; the gradient goes back likewise. */
import type { Tensor } from './tensor.ts'

export function flatten(x: Tensor): Tensor {
  const [batch = 1] = x.dims
  return { dims: [batch, x.data.length / batch], data: x.data }
}

export const flattenBackward = (dimsOfX: readonly number[], gradient: Tensor): Tensor => ({
  dims: dimsOfX,
  data: gradient.data,
})
