/**
 * Whether a training has lost its way: a loss or gradient that is no number, or a loss that has grown far above where it
 * began and stays there.
 *
 *   start = mean loss of the first 20 steps, at least ln(classes), what knowing nothing costs
 *   recent ← 0.9 · recent + 0.1 · loss        lost when recent > 4 · start
 *
 * A single bad batch does not end a training: with a loss of ten times the start it takes four of them in a row.
 */
import { type TesseraError, tesseraError } from '../../src-shared/errors.ts'

const FIRST_STEPS = 20
const MEMORY = 0.9
const TIMES = 4

/** What must be remembered from step to step; part of a checkpoint. */
export type LossWatch = { steps: number; start: number; recent: number }

export const freshWatch = (): LossWatch => ({ steps: 0, start: 0, recent: 0 })

export function watchLoss(watch: LossWatch, loss: number): LossWatch {
  const steps = watch.steps + 1
  if (steps <= FIRST_STEPS) {
    const start = watch.start + (loss - watch.start) / steps
    return { steps, start, recent: start }
  }
  return { steps, start: watch.start, recent: MEMORY * watch.recent + (1 - MEMORY) * loss }
}

export const hasExploded = ({ steps, start, recent }: LossWatch, classes: number): boolean =>
  steps > FIRST_STEPS && recent > TIMES * Math.max(start, Math.log(classes))

/** @param what happened to the loss, in words */
export function divergedError(
  step: number,
  loss: number,
  what: string,
  learningRate: number,
  clipped: boolean,
): TesseraError<'TRAINING_DIVERGED'> {
  const smaller = Number((learningRate / 3).toPrecision(1))
  const clip = clipped ? '' : ', or clip the gradient'
  return tesseraError(
    'TRAINING_DIVERGED',
    `Training lost its way at step ${step}: ${what}. The learning rate ${learningRate} is probably too large; try ${smaller}${clip}.`,
    { step, loss: String(loss) },
  )
}
