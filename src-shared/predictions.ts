/**
 * Predictions: what a model says of each patch, always with its probabilities, never mixed with what people said.
 *
 * A prediction run is immutable: one model on one source. Retraining makes a new model and new runs; old ones keep the
 * name of the model that made them.
 */
import * as z from 'zod'
import { float32s, uint32s } from './arrays.ts'
import { JobId, ModelId, PredictionRunId, SlideId, SourceId, Timestamp } from './ids.ts'
import { Colour } from './labels.ts'
import { type GridGeometry, patchArea } from './patches.ts'
import { TestTime } from './recipe.ts'
import { type MicronPerPx, toSquareMillimetres } from './units.ts'
import { call, event, stream } from './wire/contract.ts'

export const PredictionRun = z.object({
  id: PredictionRunId,
  job: JobId,
  model: ModelId,
  modelName: z.string(),
  source: SourceId,
  slide: SlideId.nullable(),
  classes: z.array(z.object({ name: z.string(), colour: Colour })),
  /** how each patch was looked at */
  testTime: TestTime,
  /** patches to predict: those in the tissue mask, or all */
  total: z.number().int(),
  done: z.number().int(),
  /** patches among those done that lie where the slide is damaged: they have no probabilities; null until it is complete */
  unread: z.number().int().nullable(),
  /** [class] patches whose most probable class it is; null until the run is complete */
  counts: z.array(z.number().int()).nullable(),
  /** Every patch is done and the file is sealed with its checksum. */
  complete: z.boolean(),
  /** Why it no longer fits the project (µm/px corrected); null while it does. */
  stale: z.string().nullable(),
  createdAt: Timestamp,
})
export type PredictionRun = z.infer<typeof PredictionRun>

/** Some finished patches: patch[i] has probabilities[i * classes + class]. */
export const PredictionBlock = z.object({
  patch: uint32s,
  /** [patch, class], each row sums to 1 */
  probabilities: float32s,
  /** finished too, but they lie where the slide is damaged and have no probabilities */
  unread: uint32s,
})
export type PredictionBlock = z.infer<typeof PredictionBlock>

/** Patches with the probabilities of each: [patch, class]. */
export type PatchProbabilities = Pick<PredictionBlock, 'patch' | 'probabilities'>

export const predictionCalls = {
  'predictions.runs': call(z.void(), z.array(PredictionRun)),
  /**
   * Runs a model on slides and patch sets, one run for each. The grid is the one the model's card demands, made where it
   * is missing. @throws MODEL_SPACING_MISMATCH, MODEL_CLASSES_MISMATCH, SLIDE_MPP_NEEDED
   */
  'predictions.start': call(
    z.object({
      model: ModelId,
      slides: z.array(SlideId),
      sets: z.array(SourceId),
      /** absent = as the model's card says */
      testTime: TestTime.optional(),
    }),
    z.array(PredictionRun),
  ),
}

export const predictionStreams = {
  /** What is done so far, then each block as it is finished, until the run is complete or its job is over. */
  'predictions.follow': stream(z.object({ run: PredictionRunId }), PredictionBlock),
}

export const predictionEvents = {
  'predictions.changed': event(z.object({ changed: z.array(PredictionRun) })),
}

/** Index of the largest value of row `row` of [row, class]; the first of equals. */
export function mostProbable(probabilities: Float32Array, row: number, classes: number): number {
  let best = 0
  for (let k = 1; k < classes; k++)
    if (probabilities[row * classes + k]! > probabilities[row * classes + best]!) best = k
  return best
}

/**
 * How unsure the model is of one patch: 1 − (p₁ − p₂), the margin between its two most probable classes.
 * 1 = undecided, 0 = certain. Margin sampling: Scheffer, Decomain and Wrobel (2001).
 */
export function uncertainty(probabilities: Float32Array, row: number, classes: number): number {
  let first = 0
  let second = 0
  for (let k = 0; k < classes; k++) {
    const p = probabilities[row * classes + k]!
    if (p > first) {
      second = first
      first = p
    } else if (p > second) second = p
  }
  return 1 - (first - second)
}

export type PredictionSummary = {
  /** patches predicted */
  patches: number
  /** patches of each class, by the most probable class or the threshold */
  counts: number[]
  /** mm² of each class; null where the grid has no µm/px */
  areas: number[] | null
}

/**
 * Counts and areas of a run. With `threshold`, a patch counts for class `positive` when its probability reaches the
 * threshold, and otherwise for the most probable of the other classes.
 *
 * @param probabilities [patch, class]; rows of NaN are not predicted
 */
export function summarise(
  probabilities: Float32Array,
  classes: number,
  scale: { grid: GridGeometry; mppX: MicronPerPx; mppY: MicronPerPx } | null,
  decision: { positive: number; threshold: number } | null,
): PredictionSummary {
  const counts = new Array<number>(classes).fill(0)
  let patches = 0
  for (let row = 0; row * classes < probabilities.length; row++) {
    if (Number.isNaN(probabilities[row * classes]!)) continue
    patches++
    counts[decide(probabilities, row, classes, decision)]!++
  }
  const mm2 = scale && toSquareMillimetres(patchArea(scale.grid), scale.mppX, scale.mppY)
  return { patches, counts, areas: mm2 === null ? null : counts.map((count) => count * mm2) }
}

/** The class a patch counts for, see `summarise`. */
export function decide(
  probabilities: Float32Array,
  row: number,
  classes: number,
  decision: { positive: number; threshold: number } | null,
): number {
  if (!decision) return mostProbable(probabilities, row, classes)
  if (probabilities[row * classes + decision.positive]! >= decision.threshold) return decision.positive
  let best = -1
  for (let k = 0; k < classes; k++)
    if (
      k !== decision.positive &&
      (best < 0 || probabilities[row * classes + k]! > probabilities[row * classes + best]!)
    )
      best = k
  return best
}
