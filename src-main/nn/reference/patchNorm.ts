/**
 * Group norm and layer norm: every patch by itself is brought to mean 0 and variance 1, in groups of channels, so that
 * training and use are the same and the size of a batch does not matter. Then each channel has a scale and a shift.
 *
 *   y = γ[c] · x̂ + β[c],   x̂ = (x − μ) / √(σ² + ε)       μ, σ² over the channels of one group and all places of one patch
 *
 * Layer norm has one group: all channels. (PyTorch: nn.GroupNorm(groups, channels); on features nn.LayerNorm.)
 *
 * Backward, with g = gradient · γ, because μ and σ² depend on every x of the group:
 *
 *   ∂loss/∂β = Σ gradient     ∂loss/∂γ = Σ gradient · x̂      over patches and places, for each channel
 *   ∂loss/∂x = (g − mean(g) − x̂ · mean(g · x̂)) / √(σ² + ε)   means over the group
 *
 * @see Wu, He, Group Normalization, ECCV (2018); Ba, Kiros, Hinton, Layer Normalization (2016)
 */
import { zeros, type Tensor } from './tensor.ts'

/** @param x [batch, channel, …] */
export function patchNorm(x: Tensor, groups: number, scale: Tensor, shift: Tensor, epsilon: number): Tensor {
  const { normal } = normalised(x, groups, epsilon)
  return {
    dims: x.dims,
    data: normal.map((value, place) => scale.data[channelOf(x, place)]! * value + shift.data[channelOf(x, place)]!),
  }
}

export function patchNormBackward(
  x: Tensor,
  groups: number,
  scale: Tensor,
  epsilon: number,
  gradient: Tensor,
): { x: Tensor; scale: Tensor; shift: Tensor } {
  const { normal, spread, length } = normalised(x, groups, epsilon)
  const [toX, toScale, toShift] = [zeros(x.dims), zeros(scale.dims), zeros(scale.dims)]
  const atNormal = gradient.data.map((arrived, place) => arrived * scale.data[channelOf(x, place)]!)
  for (const [place, arrived] of gradient.data.entries()) {
    toShift.data[channelOf(x, place)]! += arrived
    toScale.data[channelOf(x, place)]! += arrived * normal[place]!
  }
  for (let start = 0; start < x.data.length; start += length) {
    const g = atNormal.subarray(start, start + length)
    const n = normal.subarray(start, start + length)
    const mean = meanOf(g)
    const along = meanOf(g.map((value, at) => value * n[at]!))
    for (let at = 0; at < length; at++)
      toX.data[start + at] = (g[at]! - mean - n[at]! * along) / spread[start / length]!
  }
  return { x: toX, scale: toScale, shift: toShift }
}

/** x̂, and √(σ² + ε) of each group; the numbers of a group lie beside each other, `length` of them. */
function normalised(x: Tensor, groups: number, epsilon: number) {
  const length = x.data.length / (x.dims[0]! * groups)
  const normal = new Float64Array(x.data.length)
  const spread: number[] = []
  for (let start = 0; start < x.data.length; start += length) {
    const values = x.data.subarray(start, start + length)
    const mean = meanOf(values)
    const root = Math.sqrt(meanOf(values.map((value) => (value - mean) ** 2)) + epsilon)
    spread.push(root)
    normal.set(
      values.map((value) => (value - mean) / root),
      start,
    )
  }
  return { normal, spread, length }
}

const meanOf = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0) / values.length

function channelOf({ dims }: Tensor, place: number): number {
  const [, channels = 1, ...places] = dims
  return Math.floor(place / places.reduce((product, length) => product * length, 1)) % channels
}
