/** One step of a training, and one look at the held-out patches: what the loop and the timing before it both do. */
import type { Normalisation } from '../../src-shared/models.ts'
import type { Backend, Trainer } from '../nn/backend.ts'
import type { TrainingOrder } from '../nn/engineContract.ts'
import type { Weights } from '../nn/graph/parameters.ts'
import { decayRanges, type Optimiser, type OptimiserState } from '../nn/optimiser.ts'
import type { Batches, LabelledPixels } from './batches.ts'
import { updateRunningAverages } from './runningAverages.ts'
import { validate, type Validated } from './validate.ts'

export type TrainingData = { training: LabelledPixels; validation: LabelledPixels | null }

/** What stays the same throughout a run. */
export type Run = {
  order: TrainingOrder
  data: TrainingData
  backend: Backend
  trainer: Trainer
  batches: Batches
  normalisation: Normalisation
  optimiser: Optimiser
  /** seconds; only differences count */
  now: () => number
}

/** What a step changes. `weights` and the moments of `optimiser` change in place. */
export type Learned = { weights: Weights; optimiser: OptimiserState }

/** @param step number of the step, from 0: it decides which patches are seen and how they are augmented */
export async function trainStep(
  { trainer, batches, optimiser }: Run,
  learned: Learned,
  step: number,
  learningRate: number,
): Promise<{ loss: number; correct: number }> {
  const { weights } = learned
  const result = await trainer.step(weights, batches.of(step))
  updateRunningAverages(weights, result, trainer.layout, trainer.batch, step)
  const { loss, correct, gradient } = result
  const ranges = decayRanges(trainer.layout)
  learned.optimiser = optimiser.update(weights.parameters, gradient, learned.optimiser, learningRate, ranges)
  return { loss, correct }
}

export const validateNow = (
  { backend, order, normalisation }: Run,
  weights: Weights,
  held: LabelledPixels,
): Promise<Validated> => validate(backend, order.network, weights, held, order.classes, normalisation)
