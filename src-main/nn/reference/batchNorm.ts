/**
 * Batch norm: brings every channel to mean 0 and variance 1, then scales and shifts it by learned numbers.
 *
 *   y = γ · x̂ + β,   x̂ = (x − μ) / √(σ² + ε)
 *
 * In training μ and σ² are those of the batch, over all patches and places of a channel (σ² divided by their number M);
 * afterwards they are running averages, so that a patch's result does not depend on its neighbours in the batch.
 *
 * Channels that stand for the orientations of one field (`orientations` of them side by side) share μ, σ², γ and β: a
 * turned patch then gives the same numbers, turned.
 *
 * Backward in training, because μ and σ² depend on every x themselves:
 *
 *   ∂loss/∂β = Σ gradient     ∂loss/∂γ = Σ gradient · x̂
 *   ∂loss/∂x = γ / √(σ² + ε) · (gradient − mean(gradient) − x̂ · mean(gradient · x̂))
 *
 * @see Ioffe, Szegedy, Batch Normalization, ICML (2015), section 3
 */
import { zeros, type Tensor } from './tensor.ts'

/** Mean and variance of each channel, or of each field where orientations share them. */
export type Statistics = { mean: Float64Array; variance: Float64Array }

/** Of a batch: the variance is divided by the number of values. @param x [batch, channel, row, column] or [batch, feature] */
export function batchStatistics(x: Tensor, orientations = 1): Statistics {
  const { fields, values, fieldOf } = layoutOf(x, orientations)
  const mean = new Float64Array(fields)
  const variance = new Float64Array(fields)
  for (const [place, value] of x.data.entries()) mean[fieldOf(place)]! += value / values
  for (const [place, value] of x.data.entries()) {
    const field = fieldOf(place)
    variance[field]! += (value - mean[field]!) ** 2 / values
  }
  return { mean, variance }
}

/** @param statistics of the batch in training; running averages afterwards */
export function batchNorm(
  x: Tensor,
  scale: Tensor,
  shift: Tensor,
  statistics: Statistics,
  epsilon: number,
  orientations = 1,
): Tensor {
  const { fieldOf } = layoutOf(x, orientations)
  const normal = normalised(x, statistics, epsilon, fieldOf)
  return {
    dims: x.dims,
    data: normal.map((value, place) => scale.data[fieldOf(place)]! * value + shift.data[fieldOf(place)]!),
  }
}

/** Of the training form: `statistics` are those of `x` itself. */
export function batchNormBackward(
  x: Tensor,
  scale: Tensor,
  statistics: Statistics,
  epsilon: number,
  gradient: Tensor,
  orientations = 1,
): { x: Tensor; scale: Tensor; shift: Tensor } {
  const { fields, values, fieldOf } = layoutOf(x, orientations)
  const normal = normalised(x, statistics, epsilon, fieldOf)
  const toScale = zeros([fields])
  const toShift = zeros([fields])
  for (const [place, arrived] of gradient.data.entries()) {
    toShift.data[fieldOf(place)]! += arrived
    toScale.data[fieldOf(place)]! += arrived * normal[place]!
  }
  const toX = gradient.data.map((arrived, place) => {
    const field = fieldOf(place)
    const slope = scale.data[field]! / Math.sqrt(statistics.variance[field]! + epsilon)
    return slope * (arrived - toShift.data[field]! / values - (normal[place]! * toScale.data[field]!) / values)
  })
  return { x: { dims: x.dims, data: toX }, scale: toScale, shift: toShift }
}

/** x̂ */
const normalised = (
  x: Tensor,
  { mean, variance }: Statistics,
  epsilon: number,
  fieldOf: (place: number) => number,
): Float64Array =>
  x.data.map((value, place) => {
    const field = fieldOf(place)
    return (value - mean[field]!) / Math.sqrt(variance[field]! + epsilon)
  })

/** How many fields there are, how many values each has in a batch, and which one a value belongs to. */
function layoutOf({ dims, data }: Tensor, orientations: number) {
  const [batch = 1, channels = 1] = dims
  const area = data.length / (batch * channels)
  return {
    fields: channels / orientations,
    values: batch * orientations * area,
    fieldOf: (place: number) => Math.floor((Math.floor(place / area) % channels) / orientations),
  }
}
