/**
 * Dropout: in training a random share of the values is set to 0 and the others are enlarged, so that no value can rely on
 * another being there. After training it does nothing.
 *
 *   y = x · mask,  mask = 0 with chance `rate`, else 1 / (1 − rate)        ∂loss/∂x = gradient · mask
 *
 * The mask is given from outside, so that a step can be repeated.
 * @see Srivastava et al., Dropout, JMLR (2014)
 */
import type { Tensor } from './tensor.ts'

export const dropout = (x: Tensor, mask: Tensor): Tensor => ({
  dims: x.dims,
  data: x.data.map((value, place) => value * mask.data[place]!),
})

export const dropoutBackward = (mask: Tensor, gradient: Tensor): Tensor => dropout(gradient, mask)
