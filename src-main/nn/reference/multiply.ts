/**
 * Multiply: y = a · b, place by place. One of the two may be a gate: one number for each patch and channel of the other's
 * maps, used at every place of a map.
 *
 *   ∂loss/∂a = gradient · b      ∂loss/∂b = gradient · a; of a gate the sum over the places it was used at
 */
import { sizeOf } from '../../../src-shared/network/layerShape.ts'
import { zeros, type Tensor } from './tensor.ts'

export function multiply(a: Tensor, b: Tensor): Tensor {
  const y = zeros(a.dims.length >= b.dims.length ? a.dims : b.dims)
  for (const place of y.data.keys()) y.data[place] = a.data[placeOf(a, y, place)]! * b.data[placeOf(b, y, place)]!
  return y
}

export function multiplyBackward(a: Tensor, b: Tensor, gradient: Tensor): [Tensor, Tensor] {
  const [toA, toB] = [zeros(a.dims), zeros(b.dims)]
  for (const [place, arrived] of gradient.data.entries()) {
    const [inA, inB] = [placeOf(a, gradient, place), placeOf(b, gradient, place)]
    toA.data[inA]! += arrived * b.data[inB]!
    toB.data[inB]! += arrived * a.data[inA]!
  }
  return [toA, toB]
}

/** Where in a factor the number for a place of the product lies: there, or at its channel. */
const placeOf = (factor: Tensor, product: Tensor, place: number): number =>
  factor.dims.length === product.dims.length ? place : Math.floor(place / sizeOf(product.dims.slice(2)))
