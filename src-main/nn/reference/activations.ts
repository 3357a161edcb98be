/**
 * Activations: a curve that every value goes through by itself. Without one, two layers in a row would be no more than one.
 *
 *   ReLU         y = max(0, x), at most c      y' = 1 where 0 < x (< c), else 0; at the corners 0
 *   leaky ReLU   y = x above 0, a·x below      y' = 1 above 0, else a
 *   sigmoid      y = 1 / (1 + exp(−x))         y' = y · (1 − y)
 *   tanh         y = tanh(x)                   y' = 1 − y²
 *   SiLU         y = x · sigmoid(x)            y' = s · (1 + x · (1 − s)),  s = sigmoid(x)
 *   GELU         y = x · Φ(x)                  y' = Φ(x) + x · φ(x)
 *
 * Φ is the share of a normal distribution below x, φ its density: Φ(x) = (1 + erf(x / √2)) / 2, φ(x) = exp(−x²/2) / √(2π).
 * Backward, ∂loss/∂x = gradient · y'.
 *
 * @see Nair, Hinton, Rectified Linear Units Improve Restricted Boltzmann Machines, ICML (2010); Maas, Hannun, Ng,
 * Rectifier Nonlinearities, ICML (2013); Hendrycks, Gimpel, Gaussian Error Linear Units (2016); Sandler et al.,
 * MobileNetV2, CVPR (2018), for the ceiling of 6
 */
import type { LayerOf } from '../../../src-shared/networks.ts'
import { erf } from './erf.ts'
import type { Tensor } from './tensor.ts'

type Curve = { at: (x: number) => number; slope: (x: number) => number }

const sigmoidAt = (x: number): number => 1 / (1 + Math.exp(-x))
const shareBelow = (x: number): number => (1 + erf(x / Math.SQRT2)) / 2
const density = (x: number): number => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI)

export type Activation = LayerOf<'relu' | 'leaky-relu' | 'gelu' | 'silu' | 'sigmoid' | 'tanh'>

function curveOf(layer: Activation): Curve {
  switch (layer.kind) {
    case 'relu': {
      const { ceiling = Number.POSITIVE_INFINITY } = layer
      return { at: (x) => Math.min(Math.max(0, x), ceiling), slope: (x) => (x > 0 && x < ceiling ? 1 : 0) }
    }
    case 'leaky-relu':
      return { at: (x) => (x > 0 ? x : layer.slope * x), slope: (x) => (x > 0 ? 1 : layer.slope) }
    case 'sigmoid':
      return { at: sigmoidAt, slope: (x) => sigmoidAt(x) * (1 - sigmoidAt(x)) }
    case 'tanh':
      return { at: Math.tanh, slope: (x) => 1 - Math.tanh(x) ** 2 }
    case 'silu':
      return { at: (x) => x * sigmoidAt(x), slope: (x) => sigmoidAt(x) * (1 + x * (1 - sigmoidAt(x))) }
    case 'gelu':
      return { at: (x) => x * shareBelow(x), slope: (x) => shareBelow(x) + x * density(x) }
  }
}

export const activation = (layer: Activation, x: Tensor): Tensor => ({
  dims: x.dims,
  data: x.data.map(curveOf(layer).at),
})

export function activationBackward(layer: Activation, x: Tensor, gradient: Tensor): Tensor {
  const { slope } = curveOf(layer)
  return { dims: x.dims, data: gradient.data.map((arrived, place) => arrived * slope(x.data[place]!)) }
}
