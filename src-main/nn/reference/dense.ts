/**
 * Dense layer: every output is a weighted sum of all inputs, plus a bias.
 *
 *   y[n, u] = b[u] + Σ_f  w[u, f] · x[n, f]
 *   ∂loss/∂x[n, f] = Σ_u gradient[n, u] · w[u, f]     ∂loss/∂w[u, f] = Σ_n gradient[n, u] · x[n, f]     ∂loss/∂b[u] = Σ_n gradient[n, u]
 */
import { rows, zeros, type Tensor } from './tensor.ts'

/** @param x [batch, feature] @param weight [unit, feature] @param bias [unit], or null for none @returns [batch, unit] */
export function dense(x: Tensor, weight: Tensor, bias: Tensor | null): Tensor {
  const { batch, features } = rows(x)
  const { batch: units } = rows(weight)
  const y = zeros([batch, units])
  for (let n = 0; n < batch; n++)
    for (let unit = 0; unit < units; unit++) {
      let sum = bias === null ? 0 : bias.data[unit]!
      for (let f = 0; f < features; f++) sum += weight.data[unit * features + f]! * x.data[n * features + f]!
      y.data[n * units + unit] = sum
    }
  return y
}

export function denseBackward(
  x: Tensor,
  weight: Tensor,
  gradient: Tensor,
): { x: Tensor; weight: Tensor; bias: Tensor } {
  const { batch, features } = rows(x)
  const { batch: units } = rows(weight)
  const toX = zeros(x.dims)
  const toWeight = zeros(weight.dims)
  const toBias = zeros([units])
  for (let n = 0; n < batch; n++)
    for (let unit = 0; unit < units; unit++) {
      const arrived = gradient.data[n * units + unit]!
      toBias.data[unit]! += arrived
      for (let f = 0; f < features; f++) {
        toX.data[n * features + f]! += arrived * weight.data[unit * features + f]!
        toWeight.data[unit * features + f]! += arrived * x.data[n * features + f]!
      }
    }
  return { x: toX, weight: toWeight, bias: toBias }
}
