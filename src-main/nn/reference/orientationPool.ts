/**
 * Orientation pooling: of the channels that stand for the orientations of one field, their mean or the largest goes on.
 * What comes out turns with the picture and does not care how the pattern was turned.
 *
 *   y[n, o, place] = mean or max over s of x[n, (o, s), place]
 *
 * Backward, a mean gives each orientation an equal share; a maximum gives all to where it was, the first of equals.
 */
import { maps, placeIn, zeros, type Tensor } from './tensor.ts'

/** @param x [batch, field · orientation, row, column] @returns [batch, field, row, column] */
export function orientationPool(x: Tensor, orientations: number, take: 'mean' | 'max'): Tensor {
  const { batch, channels, height, width } = maps(x)
  const y = zeros([batch, channels / orientations, height, width])
  for (const [place, stack] of stacks(y, x, orientations)) {
    const values = stack.map((at) => x.data[at]!)
    y.data[place] = take === 'max' ? Math.max(...values) : values.reduce((sum, value) => sum + value, 0) / orientations
  }
  return y
}

export function orientationPoolBackward(
  x: Tensor,
  orientations: number,
  take: 'mean' | 'max',
  gradient: Tensor,
): Tensor {
  const toX = zeros(x.dims)
  for (const [place, stack] of stacks(gradient, x, orientations)) {
    const arrived = gradient.data[place]!
    if (take === 'mean') for (const at of stack) toX.data[at] = arrived / orientations
    else toX.data[stack.reduce((best, at) => (x.data[at]! > x.data[best]! ? at : best))] = arrived
  }
  return toX
}

/** Each place of the pooled maps with the places of its orientations. */
function* stacks(y: Tensor, x: Tensor, orientations: number): Generator<[number, number[]]> {
  const [pooled, oriented] = [maps(y), maps(x)]
  for (let n = 0; n < pooled.batch; n++)
    for (let field = 0; field < pooled.channels; field++)
      for (let row = 0; row < pooled.height; row++)
        for (let column = 0; column < pooled.width; column++)
          yield [
            placeIn(pooled, n, field, row, column),
            Array.from({ length: orientations }, (_, s) => placeIn(oriented, n, field * orientations + s, row, column)),
          ]
}
