/**
 * Optimisers as pairs of functions over one flat vector: `init` makes the state, `update` changes parameters and state in
 * place. Everything an optimiser remembers is in the state, so that a checkpoint can hold it.
 */
import { isWeight } from '../../src-shared/network/layerParameters.ts'
import type { ParameterLayout } from './graph/parameters.ts'

export type OptimiserState = {
  /** updates done */
  step: number
  /** Running vectors as long as the parameters: AdamW's two moments, SGD's momentum. */
  moments: readonly Float32Array[]
}

/** A stretch of the flat vector that weight decay pulls on, or not: it does on weights, not on biases, scales and shifts. */
export type DecayRange = { start: number; end: number; decays: boolean }

export interface Optimiser {
  init(length: number): OptimiserState
  update(
    parameters: Float32Array,
    gradient: Float32Array,
    state: OptimiserState,
    learningRate: number,
    ranges: readonly DecayRange[],
  ): OptimiserState
}

export const decayRanges = (layout: ParameterLayout): DecayRange[] =>
  layout.parameters.map(({ offset, length, role }) => ({
    start: offset,
    end: offset + length,
    decays: isWeight(role),
  }))

/**
 * Adam with weight decay apart from the gradient:
 *
 *   m ← β₁ m + (1 − β₁) g      v ← β₂ v + (1 − β₂) g²
 *   p ← p − lr · decay · p − lr · (m / (1 − β₁ᵗ)) / (√(v / (1 − β₂ᵗ)) + ε)
 *
 * @see Loshchilov, Hutter, Decoupled Weight Decay Regularization, ICLR (2019), algorithm 2
 */
export function adamW({ weightDecay = 0.05, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 } = {}): Optimiser {
  return {
    init: (length) => ({ step: 0, moments: [new Float32Array(length), new Float32Array(length)] }),
    update(parameters, gradient, state, learningRate, ranges) {
      const [m, v] = twoMoments(state)
      const step = state.step + 1
      const rate = learningRate / (1 - beta1 ** step)
      const perSpread = 1 / Math.sqrt(1 - beta2 ** step)
      for (const { start, end, decays } of ranges) {
        const keep = decays ? 1 - learningRate * weightDecay : 1
        for (let i = start; i < end; i++) {
          const g = gradient[i]!
          const first = (m[i] = beta1 * m[i]! + (1 - beta1) * g)
          const second = (v[i] = beta2 * v[i]! + (1 - beta2) * g * g)
          parameters[i] = keep * parameters[i]! - (rate * first) / (Math.sqrt(second) * perSpread + epsilon)
        }
      }
      return { step, moments: state.moments }
    },
  }
}

function twoMoments(state: OptimiserState): readonly [Float32Array, Float32Array] {
  const [first, second] = state.moments
  if (!first || !second) throw new Error('The state is not one of AdamW.')
  return [first, second]
}

/**
 * Stochastic gradient descent with Nesterov's momentum, weight decay added to the gradient:
 *
 *   g' = g + decay · p      u ← momentum · u + g'      p ← p − lr · (g' + momentum · u)
 *
 * @see Sutskever, Martens, Dahl, Hinton, On the importance of initialization and momentum, ICML (2013)
 */
export function nesterov({ momentum = 0.9, weightDecay = 5e-4 } = {}): Optimiser {
  return {
    init: (length) => ({ step: 0, moments: [new Float32Array(length)] }),
    update(parameters, gradient, state, learningRate, ranges) {
      const [u] = state.moments
      if (!u) throw new Error('The state is not one of SGD.')
      for (const { start, end, decays } of ranges) {
        const decay = decays ? weightDecay : 0
        for (let i = start; i < end; i++) {
          const g = gradient[i]! + decay * parameters[i]!
          const moving = (u[i] = momentum * u[i]! + g)
          parameters[i] = parameters[i]! - learningRate * (g + momentum * moving)
        }
      }
      return { step: state.step + 1, moments: state.moments }
    },
  }
}
