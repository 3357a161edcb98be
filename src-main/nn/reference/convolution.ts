/**
 * Convolution: each output value is a weighted average (a weighted sum, to be exact) of a small window of the input, over
 * all its channels. The weights are the same wherever the window stands, so a filter finds its pattern anywhere; each
 * filter has its own weights and one bias.
 *
 *   y[n, o, r, c] = b[o] + Σ_channel Σ_i Σ_j  w[o, channel, i, j] · x[n, channel, r·stride − padding + i·dilation, c·stride − padding + j·dilation]
 *
 * The sum is over the channels of the filter's own group: with G groups the first filters/G filters read the first
 * channels/G channels, and so on. As many groups as channels: depthwise, each channel by itself.
 *
 * Beyond its border x counts as 0 (zero padding). The window is not turned over: strictly a cross-correlation, as in all
 * of machine learning.
 *
 * Backward, by the product rule: every product w · x above passes the output's gradient on to w (times x) and to x (times
 * w); the bias gets the sum.
 *
 * @see Dumoulin, Visin, A guide to convolution arithmetic for deep learning (2016); Yu, Koltun, Multi-Scale Context
 * Aggregation by Dilated Convolutions, ICLR (2016); Xie et al., Aggregated Residual Transformations, CVPR (2017), for
 * groups
 */
import { maps, placeIn, zeros, type Maps, type Tensor } from './tensor.ts'
import { eachWindow, placesOn, windowsAlong, type Window } from './windows.ts'

type GroupedWindow = Window & { groups?: number }

/**
 * @param x [batch, channel, row, column]
 * @param weight [filter, channel of its group, i, j]
 * @param bias [filter], or null for none
 * @returns [batch, filter, row, column]
 */
export function convolution(x: Tensor, weight: Tensor, bias: Tensor | null, window: GroupedWindow): Tensor {
  const input = maps(x)
  const filters = maps(weight)
  const y = zeros([input.batch, filters.batch, windowsAlong(input.height, window), windowsAlong(input.width, window)])
  const output = maps(y)
  for (const { n, channel: filter, windowRow, windowColumn } of eachWindow(output)) {
    let sum = bias === null ? 0 : bias.data[filter]!
    const first = firstChannel(filter, filters, window)
    for (let channel = 0; channel < filters.channels; channel++)
      for (const { i, j, row, column } of placesOn(input, window, windowRow, windowColumn))
        sum +=
          filters.data[placeIn(filters, filter, channel, i, j)]! *
          input.data[placeIn(input, n, first + channel, row, column)]!
    output.data[placeIn(output, n, filter, windowRow, windowColumn)] = sum
  }
  return y
}

/** @param gradient ∂loss/∂y @returns ∂loss/∂x, ∂loss/∂weight and ∂loss/∂bias, each in the shape of its own */
export function convolutionBackward(
  x: Tensor,
  weight: Tensor,
  window: GroupedWindow,
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
    const first = firstChannel(filter, filters, window)
    for (let channel = 0; channel < filters.channels; channel++)
      for (const { i, j, row, column } of placesOn(input, window, windowRow, windowColumn)) {
        const w = placeIn(filters, filter, channel, i, j)
        const v = placeIn(input, n, first + channel, row, column)
        toWeight.data[w]! += arrived * input.data[v]!
        toX.data[v]! += arrived * filters.data[w]!
      }
  }
  return { x: toX, weight: toWeight, bias: toBias }
}

/** The first channel of the input that a filter reads. */
const firstChannel = (filter: number, filters: Omit<Maps, 'data'>, { groups = 1 }: GroupedWindow): number =>
  Math.floor((filter * groups) / filters.batch) * filters.channels
