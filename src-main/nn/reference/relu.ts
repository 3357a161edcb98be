/**
 * ReLU, the rectified linear unit: what is negative becomes 0.
 *
 *   y = max(0, x)        ∂loss/∂x = gradient where x > 0, else 0
 *
 * At x = 0 there is no slope; 0 is chosen.
 * @see Nair, Hinton, Rectified Linear Units Improve Restricted Boltzmann Machines, ICML (2010)
 */
import type { Tensor } from './tensor.ts'

export const relu = (x: Tensor): Tensor => ({ dims: x.dims, data: x.data.map((value) => Math.max(0, value)) })

export const reluBackward = (x: Tensor, gradient: Tensor): Tensor => ({
  dims: x.dims,
  data: gradient.data.map((arrived, place) => (x.data[place]! > 0 ? arrived : 0)),
})
