/**
 * Global average pooling: one mean for each whole map, so that a patch of any size becomes one number for each channel.
 *
 *   y[n, c] = mean over all places of x[n, c, place]        each place gets gradient / (height · width)
 *
 * @see Lin, Chen, Yan, Network In Network, ICLR (2014)
 */
import { maps, zeros, type Tensor } from './tensor.ts'

/** @param x [batch, channel, row, column] @returns [batch, channel] */
export function globalAveragePool(x: Tensor): Tensor {
  const { batch, channels, height, width, data } = maps(x)
  const area = height * width
  const y = zeros([batch, channels])
  for (const [place, value] of data.entries()) y.data[Math.floor(place / area)]! += value / area
  return y
}

export function globalAveragePoolBackward(dimsOfX: readonly number[], gradient: Tensor): Tensor {
  const toX = zeros(dimsOfX)
  const { height, width, data } = maps(toX)
  for (const place of data.keys()) data[place] = gradient.data[Math.floor(place / (height * width))]! / (height * width)
  return toX
}
