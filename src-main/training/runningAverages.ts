/**
 * Running mean and variance of batch norms: what a network uses after training instead of a batch's own.
 *
 *   running ← (1 − momentum) · running + momentum · batch        momentum = 0.1, in the first steps 1 / (step + 1)
 *
 * The larger share of the first steps is the plain mean of what came so far; without it a short training would keep a part
 * of the made-up start (mean 0, variance 1). The batch's variance is divided by M − 1, as an estimate of all tissue's.
 * @see Ioffe, Szegedy, Batch Normalization, ICML (2015), algorithm 2
 */
import type { TrainerStep } from '../nn/backend.ts'
import type { ParameterLayout, Weights } from '../nn/graph/parameters.ts'

const MOMENTUM = 0.1

export function updateRunningAverages(
  weights: Weights,
  found: Pick<TrainerStep, 'mean' | 'variance'>,
  layout: ParameterLayout,
  batch: number,
  step: number,
): void {
  const share = Math.max(MOMENTUM, 1 / (step + 1))
  for (const { offset, channels, valuesPerChannel } of layout.running) {
    const values = batch * valuesPerChannel
    const unbiased = values > 1 ? values / (values - 1) : 1
    for (let i = offset; i < offset + channels; i++) {
      weights.mean[i] = (1 - share) * weights.mean[i]! + share * found.mean[i]!
      weights.variance[i] = (1 - share) * weights.variance[i]! + share * unbiased * found.variance[i]!
    }
  }
}
