/**
 * Batch norm: brings every channel to mean 0 and variance 1, then scales and shifts it by learned numbers.
 *
 *   y = γ · x̂ + β,   x̂ = (x − μ) / √(σ² + ε)
 *
 * In training μ and σ² are those of the batch, over all patches and places of a channel (σ² divided by their number M);
 * afterwards they are running averages, so that a patch's result does not depend on its neighbours in the batch.
 *
 * Backward in training, because μ and σ² depend on every x themselves:
 *
 *   ∂loss/∂β = Σ gradient     ∂loss/∂γ = Σ gradient · x̂
 *   ∂loss/∂x = γ / √(σ² + ε) · (gradient − mean(gradient) − x̂ · mean(gradient · x̂))
 *
 * @see Ioffe, Szegedy, Batch Normalization, ICML (2015), section 3
 */
import { maps, zeros, type Tensor } from './tensor.ts'

/** Mean and variance of each channel, [channel]. */
export type Statistics = { mean: Float64Array; variance: Float64Array }

/** Of a batch: the variance is divided by the number of values. @param x [batch, channel, row, column] */
export function batchStatistics(x: Tensor): Statistics {
  const { channels, batch, height, width } = maps(x)
  const values = batch * height * width
  const mean = new Float64Array(channels)
  const variance = new Float64Array(channels)
  for (const [place, value] of x.data.entries()) mean[channelOf(x, place)]! += value / values
  for (const [place, value] of x.data.entries()) {
    const channel = channelOf(x, place)
    variance[channel]! += (value - mean[channel]!) ** 2 / values
  }
  return { mean, variance }
}

/** @param statistics of the batch in training; running averages afterwards */
export function batchNorm(x: Tensor, scale: Tensor, shift: Tensor, statistics: Statistics, epsilon: number): Tensor {
  const normal = normalised(x, statistics, epsilon)
  return {
    dims: x.dims,
    data: normal.map((value, place) => scale.data[channelOf(x, place)]! * value + shift.data[channelOf(x, place)]!),
  }
}

/** Of the training form: `statistics` are those of `x` itself. */
export function batchNormBackward(
  x: Tensor,
  scale: Tensor,
  statistics: Statistics,
  epsilon: number,
  gradient: Tensor,
): { x: Tensor; scale: Tensor; shift: Tensor } {
  const { batch, channels, height, width } = maps(x)
  const values = batch * height * width
  const normal = normalised(x, statistics, epsilon)
  const toScale = zeros([channels])
  const toShift = zeros([channels])
  for (const [place, arrived] of gradient.data.entries()) {
    toShift.data[channelOf(x, place)]! += arrived
    toScale.data[channelOf(x, place)]! += arrived * normal[place]!
  }
  const toX = gradient.data.map((arrived, place) => {
    const channel = channelOf(x, place)
    const slope = scale.data[channel]! / Math.sqrt(statistics.variance[channel]! + epsilon)
    return slope * (arrived - toShift.data[channel]! / values - (normal[place]! * toScale.data[channel]!) / values)
  })
  return { x: { dims: x.dims, data: toX }, scale: toScale, shift: toShift }
}

/** x̂ */
const normalised = (x: Tensor, { mean, variance }: Statistics, epsilon: number): Float64Array =>
  x.data.map((value, place) => {
    const channel = channelOf(x, place)
    return (value - mean[channel]!) / Math.sqrt(variance[channel]! + epsilon)
  })

function channelOf(x: Tensor, place: number): number {
  const { channels, height, width } = maps(x)
  return Math.floor(place / (height * width)) % channels
}
