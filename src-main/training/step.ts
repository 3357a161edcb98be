/** One step of a training, and one look at the held-out patches: what the loop and the timing before it both do. */
import type { Normalisation } from '../../src-shared/models.ts'
import type { Backend, Trainer } from '../nn/backend.ts'
import type { TrainingOrder } from '../nn/engineContract.ts'
import { clipGradient, gradientNorm } from '../nn/gradientNorm.ts'
import type { Weights } from '../nn/graph/parameters.ts'
import type { DecayRange, Optimiser, OptimiserState } from '../nn/optimiser.ts'
import { updateAverage } from '../nn/weightAverage.ts'
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
  /** how each stretch of the parameters is trained */
  ranges: readonly DecayRange[]
  /** seconds; only differences count */
  now: () => number
}

/** What a step changes. All arrays change in place. `average` is null when weights are not averaged. */
export type Learned = { weights: Weights; optimiser: OptimiserState; average: Weights | null }

/** The weights that are measured and become the model. */
export const modelWeights = ({ weights, average }: Pick<Learned, 'weights' | 'average'>): Weights => average ?? weights

export type StepResult = { loss: number; correct: number; gradientNorm: number }

/**
 * A loss or gradient that is no number changes nothing: the weights stay those that could still be used.
 *
 * @param step number of the step, from 0: it decides which patches are seen and how they are augmented
 */
export async function trainStep(
  {
    order,
    trainer,
    batches,
    optimiser,
    ranges,
  }: Pick<Run, 'trainer' | 'batches' | 'optimiser' | 'ranges'> & { order: Pick<TrainingOrder, 'recipe'> },
  learned: Learned,
  step: number,
  learningRate: number,
): Promise<StepResult> {
  const { weights, average } = learned
  const { clipNorm, averageDecay } = order.recipe
  const result = await trainer.step(weights, batches.of(step))
  const { loss, correct, gradient } = result
  const norm = gradientNorm(gradient, ranges)
  if (!Number.isFinite(loss) || !Number.isFinite(norm)) return { loss, correct, gradientNorm: norm }
  updateRunningAverages(weights, result, trainer.layout, trainer.batch, step)
  if (clipNorm !== null) clipGradient(gradient, norm, clipNorm)
  learned.optimiser = optimiser.update(weights.parameters, gradient, learned.optimiser, learningRate, ranges)
  if (average && averageDecay !== null) updateAverage(average, weights, averageDecay, step)
  return { loss, correct, gradientNorm: norm }
}

/**
 * Each patch is looked at once, whatever the model does later: eight looks would often take longer than the steps between
 * two measurements, and hardly ever choose other weights. How the model looks is measured once, at the end.
 */
export const validateNow = (
  { backend, order, normalisation }: Run,
  weights: Weights,
  held: LabelledPixels,
): Promise<Validated> =>
  validate(backend, order.network, weights, held, order.classes, { normalisation, testTime: 'none' })
