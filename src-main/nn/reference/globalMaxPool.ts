/**
 * Global max pooling: the largest value of each whole map.
 *
 *   y[n, c] = max over all places of x[n, c, place]       its gradient goes to that place, the first of equals
 */
import { maps, zeros, type Tensor } from './tensor.ts'

/** @param x [batch, channel, row, column] @returns [batch, channel], and the place in `x.data` each came from */
export function globalMaxPool(x: Tensor): { y: Tensor; from: Uint32Array } {
  const { batch, channels, height, width, data } = maps(x)
  const area = height * width
  const y = zeros([batch, channels])
  const from = new Uint32Array(y.data.length)
  for (const map of y.data.keys()) {
    let best = map * area
    for (let at = best; at < (map + 1) * area; at++) if (data[at]! > data[best]!) best = at
    from[map] = best
    y.data[map] = data[best]!
  }
  return { y, from }
}
