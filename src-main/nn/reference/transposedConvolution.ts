/**
 * Transposed convolution: every value of the input paints a k × k window of the output, in the colours of the filters;
 * windows lie `stride` apart and add up. It makes maps larger.
 *
 *   y[n, o, r·stride − padding + i, c·stride − padding + j]  gets, from every r, c, channel, i and j,
 *       w[channel, o, i, j] · x[n, channel, r, c]             and then b[o] once
 *
 * What would lie outside the output is left out. Rows and columns of the output: (H − 1) · stride − 2 · padding + k +
 * output padding. The same sum of products as a convolution that reads y and makes x, hence the name.
 *
 * @see Zeiler et al., Deconvolutional Networks, CVPR (2010); Dumoulin, Visin, A guide to convolution arithmetic (2016)
 */
import { maps, placeIn, zeros, type Tensor } from './tensor.ts'
import { eachWindow, placesOn, type Window } from './windows.ts'

type Spread = Window & { outputPadding: number }

/** @param x [batch, channel, row, column] @param weight [channel, filter, i, j] @returns [batch, filter, row, column] */
export function transposedConvolution(x: Tensor, weight: Tensor, bias: Tensor | null, window: Spread): Tensor {
  const input = maps(x)
  const filters = maps(weight)
  const along = (length: number) =>
    (length - 1) * window.stride - 2 * window.padding + window.kernel + window.outputPadding
  const y = zeros([input.batch, filters.channels, along(input.height), along(input.width)])
  const output = maps(y)
  if (bias !== null)
    for (const place of y.data.keys())
      y.data[place] = bias.data[Math.floor(place / (output.height * output.width)) % output.channels]!
  for (const { v, w, to } of products(x, weight, y, window)) y.data[to]! += weight.data[w]! * x.data[v]!
  return y
}

export function transposedConvolutionBackward(
  x: Tensor,
  weight: Tensor,
  window: Spread,
  gradient: Tensor,
): { x: Tensor; weight: Tensor; bias: Tensor } {
  const { channels, height, width } = maps(gradient)
  const [toX, toWeight, toBias] = [zeros(x.dims), zeros(weight.dims), zeros([channels])]
  for (const { v, w, to } of products(x, weight, gradient, window)) {
    toX.data[v]! += gradient.data[to]! * weight.data[w]!
    toWeight.data[w]! += gradient.data[to]! * x.data[v]!
  }
  for (const [place, arrived] of gradient.data.entries())
    toBias.data[Math.floor(place / (height * width)) % channels]! += arrived
  return { x: toX, weight: toWeight, bias: toBias }
}

/** Every product of the sum: places in x, in the weights, and in y. */
function* products(x: Tensor, weight: Tensor, y: Tensor, window: Window) {
  const [input, filters, output] = [maps(x), maps(weight), maps(y)]
  for (const { n, channel, windowRow, windowColumn } of eachWindow(input))
    for (const { i, j, row, column } of placesOn(output, window, windowRow, windowColumn))
      for (let filter = 0; filter < filters.channels; filter++)
        yield {
          v: placeIn(input, n, channel, windowRow, windowColumn),
          w: placeIn(filters, channel, filter, i, j),
          to: placeIn(output, n, filter, row, column),
        }
}
