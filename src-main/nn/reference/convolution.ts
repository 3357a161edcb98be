/**
 * Convolution: each output value is a weighted average (a weighted sum, to be exact) of a small window of the input, over
 * all its channels. The weights are the same wherever the window stands, so a filter finds its pattern anywhere; each
 * filter has its own weights and one bias.
 *
 *   y[n, o, r, c] = b[o] + Σ_channel Σ_i Σ_j  w[o, channel, i, j] · x[n, channel, r·stride − padding + i, c·stride − padding + j]
 *
 * Beyond its border x counts as 0 (zero padding). The window is not turned over: strictly a cross-correlation, as in all
 * of machine learning.
 *
 * Backward, by the product rule: every product w · x above passes the output's gradient on to w (times x) and to x (times
 * w); the bias gets the sum.
 *
 * @see Dumoulin, Visin, A guide to convolution arithmetic for deep learning (2016)
 */
import { maps, placeIn, zeros, type Tensor } from './tensor.ts'
import { eachWindow, placesOn, windowsAlong, type Window } from './windows.ts'

/**
 * @param x [batch, channel, row, column]
 * @param weight [filter, channel, i, j]
 * @param bias [filter], or null for none
 * @returns [batch, filter, row, column]
 */
export function convolution(x: Tensor, weight: Tensor, bias: Tensor | null, window: Window): Tensor {
  const input = maps(x)
  const filters = maps(weight)
  const y = zeros([input.batch, filters.batch, windowsAlong(input.height, window), windowsAlong(input.width, window)])
  const output = maps(y)
  for (const { n, channel: filter, windowRow, windowColumn } of eachWindow(output)) {
    let sum = bias === null ? 0 : bias.data[filter]!
    for (let channel = 0; channel < input.channels; channel++)
      for (const { i, j, row, column } of placesOn(input, window, windowRow, windowColumn))
        sum +=
          filters.data[placeIn(filters, filter, channel, i, j)]! * input.data[placeIn(input, n, channel, row, column)]!
    output.data[placeIn(output, n, filter, windowRow, windowColumn)] = sum
  }
  return y
}

/** @param gradient ∂loss/∂y @returns ∂loss/∂x, ∂loss/∂weight and ∂loss/∂bias, each in the shape of its own */
export function convolutionBackward(
  x: Tensor,
  weight: Tensor,
  window: Window,
  gradient: Tensor,
): { x: Tensor; weight: Tensor; bias: Tensor } {
  const input = maps(x)
  const filters = maps(weight)
  const output = maps(gradient)
  const toX = zeros(x.dims)
  const toWeight = zeros(weight.dims)
  const toBias = zeros([filters.batch])
  for (const { n, channel: filter, windowRow, windowColumn } of eachWindow(output)) {
    const arrived = output.data[placeIn(output, n, filter, windowRow, windowColumn)]!
    toBias.data[filter]! += arrived
    for (let channel = 0; channel < input.channels; channel++)
      for (const { i, j, row, column } of placesOn(input, window, windowRow, windowColumn)) {
        const w = placeIn(filters, filter, channel, i, j)
        const v = placeIn(input, n, channel, row, column)
        toWeight.data[w]! += arrived * input.data[v]!
        toX.data[v]! += arrived * filters.data[w]!
      }
  }
  return { x: toX, weight: toWeight, bias: toBias }
}
