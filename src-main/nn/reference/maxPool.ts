/**
 * Max pooling: of each window only the largest value goes on. Makes maps smaller and forgets exactly where a pattern was.
 *
 *   y[n, c, window] = max over the window's places of x[n, c, place]
 *
 * Padding never wins: it counts as −∞. Backward, the gradient goes to the one place that was the maximum; of equal values
 * it is the first in reading order (left to right, top to bottom). Windows that overlap add up.
 */
import { maps, placeIn, zeros, type Tensor } from './tensor.ts'
import { eachWindow, placesOn, windowsAlong, type Window } from './windows.ts'

/** @returns the pooled maps, and for each of their values the place in `x.data` it came from */
export function maxPool(x: Tensor, window: Window): { y: Tensor; from: Uint32Array } {
  const input = maps(x)
  const y = zeros([input.batch, input.channels, windowsAlong(input.height, window), windowsAlong(input.width, window)])
  const output = maps(y)
  const from = new Uint32Array(y.data.length)
  for (const { n, channel, windowRow, windowColumn } of eachWindow(output)) {
    let largest = Number.NEGATIVE_INFINITY
    const at = placeIn(output, n, channel, windowRow, windowColumn)
    for (const { row, column } of placesOn(input, window, windowRow, windowColumn)) {
      const place = placeIn(input, n, channel, row, column)
      if (input.data[place]! <= largest) continue
      largest = input.data[place]!
      from[at] = place
    }
    y.data[at] = largest
  }
  return { y, from }
}

export function maxPoolBackward(dimsOfX: readonly number[], from: Uint32Array, gradient: Tensor): Tensor {
  const toX = zeros(dimsOfX)
  for (const [at, place] of from.entries()) toX.data[place]! += gradient.data[at]!
  return toX
}
