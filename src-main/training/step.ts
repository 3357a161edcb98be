/** One step of a training, and one look at the held-out patches: what the loop and the timing before it both do. */
import type { Normalisation } from '../../src-shared/models.ts'
import type { Backend, Trainer } from '../nn/backend.ts'
import type { TrainingOrder } from '../nn/engineContract.ts'
import { blocksIn } from '../nn/blocks.ts'
import { normOf, shortening } from '../nn/gradientNorm.ts'
import type { Weights } from '../nn/graph/parameters.ts'
import { advanced, type DecayRange, type OptimiserState } from '../nn/optimiser.ts'
import { sharedDoubles } from '../nn/sharedFloats.ts'
import { keptShare, mixIn } from '../nn/weightAverage.ts'
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
    ranges,
  }: Pick<Run, 'trainer' | 'batches' | 'ranges'> & { order: Pick<TrainingOrder, 'recipe'> },
  learned: Learned,
  step: number,
  learningRate: number,
): Promise<StepResult> {
  const { weights, average } = learned
  const { clipNorm, averageDecay, optimiser } = order.recipe
  const result = await trainer.step(weights, batches.of(step))
  const { loss, correct, gradient } = result
  const norm = await gradientNorm(trainer, gradient, ranges)
  if (!Number.isFinite(loss) || !Number.isFinite(norm)) return { loss, correct, gradientNorm: norm }
  updateRunningAverages(weights, result, trainer.layout, trainer.batch, step)
  const kept = average && averageDecay !== null ? keptShare(averageDecay, step) : 1
  await trainer.share({
    kind: 'update',
    parameters: weights.parameters,
    gradient,
    shortening: shortening(norm, clipNorm),
    optimiser,
    state: learned.optimiser,
    learningRate,
    ranges,
    average: average && { parameters: average.parameters, kept },
  })
  learned.optimiser = advanced(learned.optimiser)
  if (average) for (const part of ['mean', 'variance'] as const) mixIn(average[part], weights[part], kept)
  return { loss, correct, gradientNorm: norm }
}

async function gradientNorm(trainer: Trainer, gradient: Float32Array, ranges: readonly DecayRange[]): Promise<number> {
  const ofBlocks = sharedDoubles(blocksIn(gradient.length))
  await trainer.share({ kind: 'squares', gradient, ranges, ofBlocks })
  return normOf(ofBlocks)
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
