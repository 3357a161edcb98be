/** A batch cut into equal parts, and the steps of its parts put together: see parallelTrainer.ts and trainerInTurn.ts. */
import type { Trainer, TrainerInput, TrainerStep } from './backend.ts'
import type { ParameterLayout } from './graph/parameters.ts'
import type { MaskInput } from './graph/trainingOps.ts'
import type { Sum } from './vectorWork.ts'

/** Where the results of a step lie. @param gradient that of the first part, to which the others are added */
export const stepResults = (
  { length, runningLength }: ParameterLayout,
  gradient: Float32Array = new Float32Array(length),
): Trainer['results'] => ({
  gradient,
  mean: new Float32Array(runningLength),
  variance: new Float32Array(runningLength),
})

/** The masks of the whole batch, from those of one part. */
export const masksOfWhole = (masks: readonly MaskInput[], batch: number): MaskInput[] =>
  masks.map((mask) => ({ ...mask, dims: [batch, ...mask.dims.slice(1)] }))

/** The gradient of the whole batch, in the place of that of its first part. @param steps of all parts, in their order */
export const sumOfGradients = ([first, ...others]: readonly TrainerStep[]): Sum => ({
  kind: 'sum',
  into: first!.gradient,
  more: others.map(({ gradient }) => gradient),
})

/**
 * The step of the whole batch, but for the sum of its gradients.
 * @param steps of its parts, in their order @param results are filled
 */
export function together(steps: readonly TrainerStep[], results: Trainer['results']): TrainerStep {
  pool(steps, results.mean, results.variance)
  return {
    loss: steps.reduce((sum, { loss }) => sum + loss, 0),
    correct: steps.reduce((sum, { correct }) => sum + correct, 0),
    ...results,
  }
}

const slice = (whole: Float32Array, place: number, parts: number): Float32Array => {
  const length = whole.length / parts
  return whole.subarray(place * length, (place + 1) * length)
}

export const partOf = (input: TrainerInput, place: number, parts: number): TrainerInput => ({
  patches: slice(input.patches, place, parts),
  target: slice(input.target, place, parts),
  masks: input.masks.map((mask) => slice(mask, place, parts)),
})

/** Mean and variance of all parts together, which are equally large: σ² = mean of (σₚ² + (μₚ − μ)²). */
function pool(steps: readonly TrainerStep[], mean: Float32Array, variance: Float32Array): void {
  for (let i = 0; i < mean.length; i++) {
    let sum = 0
    for (const step of steps) sum += step.mean[i]!
    const whole = sum / steps.length
    let spread = 0
    for (const step of steps) spread += step.variance[i]! + (step.mean[i]! - whole) ** 2
    mean[i] = whole
    variance[i] = spread / steps.length
  }
}
