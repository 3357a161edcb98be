/**
 * Squeeze and excitation: looks at the whole patch, then turns channels up and down. The mean of every map goes through
 * two dense layers, narrow in between, and becomes a gate between 0 and 1 for each channel.
 *
 *   m[n, c] = mean over all places of x[n, c, place]            squeeze
 *   g = sigmoid(E · ReLU(S · m + s) + e)                        excite: [batch, channel]
 *   y[n, c, place] = g[n, c] · x[n, c, place]
 *
 * Backward, its parts' own ways back in the opposite order; x is read twice, so its two gradients add up.
 * @see Hu, Shen, Sun, Squeeze-and-Excitation Networks, CVPR (2018), section 3
 */
import { activation, activationBackward } from './activations.ts'
import { add } from './add.ts'
import { dense, denseBackward } from './dense.ts'
import { globalAveragePool, globalAveragePoolBackward } from './globalAveragePool.ts'
import { multiply, multiplyBackward } from './multiply.ts'
import type { Tensor } from './tensor.ts'

/** squeeze [unit, channel] and [unit]; excite [channel, unit] and [channel] */
export type GateWeights = Record<'squeeze-weight' | 'squeeze-bias' | 'excite-weight' | 'excite-bias', Tensor>

const relu = { kind: 'relu', id: 'squeezed' } as const
const sigmoid = { kind: 'sigmoid', id: 'gates' } as const

export const squeezeExcitation = (x: Tensor, weights: GateWeights): Tensor => multiply(x, parts(x, weights).gates)

export function squeezeExcitationBackward(
  x: Tensor,
  weights: GateWeights,
  gradient: Tensor,
): { x: Tensor } & GateWeights {
  const { means, narrow, hidden, wide, gates } = parts(x, weights)
  const [direct, toGates] = multiplyBackward(x, gates, gradient)
  const excite = denseBackward(hidden, weights['excite-weight'], activationBackward(sigmoid, wide, toGates))
  const squeeze = denseBackward(means, weights['squeeze-weight'], activationBackward(relu, narrow, excite.x))
  return {
    x: add([direct, globalAveragePoolBackward(x.dims, squeeze.x)]),
    'squeeze-weight': squeeze.weight,
    'squeeze-bias': squeeze.bias,
    'excite-weight': excite.weight,
    'excite-bias': excite.bias,
  }
}

function parts(x: Tensor, weights: GateWeights) {
  const means = globalAveragePool(x)
  const narrow = dense(means, weights['squeeze-weight'], weights['squeeze-bias'])
  const hidden = activation(relu, narrow)
  const wide = dense(hidden, weights['excite-weight'], weights['excite-bias'])
  return { means, narrow, hidden, wide, gates: activation(sigmoid, wide) }
}
