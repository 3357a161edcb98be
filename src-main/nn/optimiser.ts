/**
 * Optimisers as pairs of functions over one flat vector: `init` makes the state, `update` changes parameters and state in
 * place. Everything an optimiser remembers is in the state, so that a checkpoint can hold it.
 */
import type { OptimiserChoice } from '../../src-shared/recipe.ts'
import { isWeight } from '../../src-shared/network/layerParameters.ts'
import { overlap, type Stretch } from './blocks.ts'
import type { ParameterLayout } from './graph/parameters.ts'
import { sharedFloats } from './sharedFloats.ts'

export type OptimiserState = {
  /** updates done */
  step: number
  /** Running vectors as long as the parameters: Adam's two moments, SGD's momentum. Threads share them. */
  moments: readonly Float32Array[]
}

/** A stretch of the flat vector that is treated alike. */
export type DecayRange = Stretch & {
  /** whether weight decay pulls on it: on weights it does, on biases, scales and shifts not */
  decays: boolean
  /** its learning rate as a share of the run's; absent = 1, 0 = it is left as it is */
  rate?: number
}

export interface Optimiser {
  init(length: number): OptimiserState
  /** @param within changes only these places, so that threads can share an update out; everything by default */
  update(
    parameters: Float32Array,
    gradient: Float32Array,
    state: OptimiserState,
    learningRate: number,
    ranges: readonly DecayRange[],
    within?: Stretch,
  ): OptimiserState
}

/** The state after an update: its vectors have changed in place. */
export const advanced = (state: OptimiserState): OptimiserState => ({ ...state, step: state.step + 1 })

/** @param rateOf share of the learning rate of each layer */
export const decayRanges = (layout: ParameterLayout, rateOf: (layer: string) => number = () => 1): DecayRange[] =>
  layout.parameters.map(({ offset, length, role, layer }) => ({
    start: offset,
    end: offset + length,
    decays: isWeight(role),
    rate: rateOf(layer),
  }))

export function optimiserOf(choice: OptimiserChoice): Optimiser {
  switch (choice.kind) {
    case 'adamw':
      return adamW(choice)
    case 'adam':
      return adam(choice)
    case 'sgd':
      return nesterov(choice)
  }
}

/**
 * Adam with weight decay apart from the gradient:
 *
 *   m ← β₁ m + (1 − β₁) g      v ← β₂ v + (1 − β₂) g²
 *   p ← p − lr · decay · p − lr · (m / (1 − β₁ᵗ)) / (√(v / (1 − β₂ᵗ)) + ε)
 *
 * @see Loshchilov, Hutter, Decoupled Weight Decay Regularization, ICLR (2019), algorithm 2
 */
export const adamW = ({ weightDecay = 0.05, ...betas }: AdamSettings = {}): Optimiser =>
  adaptive({ ...betas, apart: weightDecay, added: 0 })

/**
 * Adam, weight decay added to the gradient: g' = g + decay · p, and then as AdamW without decay.
 *
 * @see Kingma, Ba, Adam: A Method for Stochastic Optimization, ICLR (2015), algorithm 1
 */
export const adam = ({ weightDecay = 0, ...betas }: AdamSettings = {}): Optimiser =>
  adaptive({ ...betas, apart: 0, added: weightDecay })

type AdamSettings = { weightDecay?: number; beta1?: number; beta2?: number; epsilon?: number }

function adaptive({
  apart,
  added,
  beta1 = 0.9,
  beta2 = 0.999,
  epsilon = 1e-8,
}: Omit<AdamSettings, 'weightDecay'> & { apart: number; added: number }): Optimiser {
  return {
    init: (length) => ({ step: 0, moments: [sharedFloats(length), sharedFloats(length)] }),
    update(parameters, gradient, state, learningRate, ranges, within = allOf(parameters)) {
      const [m, v] = twoMoments(state)
      const step = state.step + 1
      const perSpread = 1 / Math.sqrt(1 - beta2 ** step)
      for (const range of ranges) {
        const { decays, rate: share = 1 } = range
        if (share === 0) continue
        adaptWithin(overlap(range, within), parameters, gradient, m, v, {
          beta1,
          beta2,
          epsilon,
          perSpread,
          rate: (share * learningRate) / (1 - beta1 ** step),
          keep: decays ? 1 - share * learningRate * apart : 1,
          pull: decays ? added : 0,
        })
      }
      return advanced(state)
    },
  }
}

/** A function of its own, whose numbers are its own: taken from around it, they are fetched anew at every place. */
function adaptWithin(
  { start, end }: Stretch,
  parameters: Float32Array,
  gradient: Float32Array,
  m: Float32Array,
  v: Float32Array,
  { beta1, beta2, epsilon, perSpread, rate, keep, pull }: Adaptation,
): void {
  for (let i = start; i < end; i++) {
    const p = parameters[i]!
    const g = gradient[i]! + pull * p
    const first = (m[i] = beta1 * m[i]! + (1 - beta1) * g)
    const second = (v[i] = beta2 * v[i]! + (1 - beta2) * g * g)
    parameters[i] = keep * p - (rate * first) / (Math.sqrt(second) * perSpread + epsilon)
  }
}

type Adaptation = {
  beta1: number
  beta2: number
  epsilon: number
  /** 1 / √(1 − β₂ᵗ) */
  perSpread: number
  /** the learning rate / (1 − β₁ᵗ) */
  rate: number
  /** what decay apart from the gradient leaves of a parameter */
  keep: number
  /** what decay adds to the gradient of a parameter of 1 */
  pull: number
}

const allOf = (vector: Float32Array): Stretch => ({ start: 0, end: vector.length })

function twoMoments(state: OptimiserState): readonly [Float32Array, Float32Array] {
  const [first, second] = state.moments
  if (!first || !second) throw new Error('The state is not one of Adam.')
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
    init: (length) => ({ step: 0, moments: [sharedFloats(length)] }),
    update(parameters, gradient, state, learningRate, ranges, within = allOf(parameters)) {
      const [u] = state.moments
      if (!u) throw new Error('The state is not one of SGD.')
      for (const range of ranges) {
        const { decays, rate: share = 1 } = range
        if (share === 0) continue
        const settings = { momentum, rate: share * learningRate, decay: decays ? weightDecay : 0 }
        moveWithin(overlap(range, within), parameters, gradient, u, settings)
      }
      return advanced(state)
    },
  }
}

function moveWithin(
  { start, end }: Stretch,
  parameters: Float32Array,
  gradient: Float32Array,
  u: Float32Array,
  { momentum, rate, decay }: { momentum: number; rate: number; decay: number },
): void {
  for (let i = start; i < end; i++) {
    const p = parameters[i]!
    const g = gradient[i]! + decay * p
    const moving = (u[i] = momentum * u[i]! + g)
    parameters[i] = p - rate * (g + momentum * moving)
  }
}
