/**
 * Exponential moving average of a network's weights: smoother than the last step's, and mostly better.
 *
 *   average ← d · average + (1 − d) · weights        d = min(decay, (1 + step) / (10 + step))
 *
 * The smaller share of the old average in the first steps forgets the random start. The running means and variances of
 * batch norms are averaged with the same shares: they are measured under the weights of each step, so to first order their
 * average is what would be measured under the average of the weights.
 *
 * @see Polyak, Juditsky, Acceleration of Stochastic Approximation by Averaging (1992); the first steps as in TensorFlow's
 * ExponentialMovingAverage
 */
import type { Stretch } from './blocks.ts'
import type { Weights } from './graph/parameters.ts'
import { sharedCopy } from './sharedFloats.ts'

export const copyOfWeights = ({ parameters, mean, variance }: Weights): Weights => ({
  parameters: sharedCopy(parameters),
  mean: mean.slice(),
  variance: variance.slice(),
})

/** d, the share of the average that is kept. @param step steps done before this one */
export const keptShare = (decay: number, step: number): number => Math.min(decay, (1 + step) / (10 + step))

/** average ← kept · average + (1 − kept) · now, in place. */
export function mixIn(
  average: Float32Array,
  now: Float32Array,
  kept: number,
  { start, end }: Stretch = { start: 0, end: average.length },
): void {
  for (let i = start; i < end; i++) average[i] = kept * average[i]! + (1 - kept) * now[i]!
}
