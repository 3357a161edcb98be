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
import type { Weights } from './graph/parameters.ts'

export const copyOfWeights = ({ parameters, mean, variance }: Weights): Weights => ({
  parameters: parameters.slice(),
  mean: mean.slice(),
  variance: variance.slice(),
})

/** @param step steps done before this one */
export function updateAverage(average: Weights, weights: Weights, decay: number, step: number): void {
  const kept = Math.min(decay, (1 + step) / (10 + step))
  for (const part of ['parameters', 'mean', 'variance'] as const) {
    const [old, now] = [average[part], weights[part]]
    for (let i = 0; i < old.length; i++) old[i] = kept * old[i]! + (1 - kept) * now[i]!
  }
}
