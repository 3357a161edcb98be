/**
 * Softmax as a layer: at every place of a map the channels, or of a row the features, become shares that add up to 1.
 *
 *   y[k] = exp(x[k]) / Σ_j exp(x[j])        ∂loss/∂x[k] = y[k] · (gradient[k] − Σ_j gradient[j] · y[j])
 */
import { zeros, type Tensor } from './tensor.ts'

/** @param x [batch, channel, …] */
export function softmaxOverChannels(x: Tensor): Tensor {
  const y = zeros(x.dims)
  for (const places of stacks(x)) {
    const largest = Math.max(...places.map((place) => x.data[place]!)) // so that exp never overflows
    const powers = places.map((place) => Math.exp(x.data[place]! - largest))
    const sum = powers.reduce((total, power) => total + power, 0)
    for (const [k, place] of places.entries()) y.data[place] = powers[k]! / sum
  }
  return y
}

/** @param y what softmax made */
export function softmaxOverChannelsBackward(y: Tensor, gradient: Tensor): Tensor {
  const toX = zeros(y.dims)
  for (const places of stacks(y)) {
    const agreement = places.reduce((sum, place) => sum + gradient.data[place]! * y.data[place]!, 0)
    for (const place of places) toX.data[place] = y.data[place]! * (gradient.data[place]! - agreement)
  }
  return toX
}

/** The places of all channels at one place of one patch, for each. */
function* stacks({ dims, data }: Tensor): Generator<number[]> {
  const [batch = 1, channels = 1] = dims
  const area = data.length / (batch * channels)
  for (let n = 0; n < batch; n++)
    for (let at = 0; at < area; at++)
      yield Array.from({ length: channels }, (_, channel) => (n * channels + channel) * area + at)
}
