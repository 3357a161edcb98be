/** The points of the training curve: the mean of the steps since the last point, at most two a second. */
import type { TrainingPoint } from '../../src-shared/training.ts'
import type { StepResult } from './step.ts'

/** Seconds between two points, at least; and points in a run, at most. */
const POINT_EVERY = 0.5
const MOST_POINTS = 2000

type Means = Required<
  Pick<Extract<TrainingPoint, { kind: 'training' }>, 'loss' | 'accuracy' | 'imagesPerSecond' | 'gradientNorm'>
>

/** @returns takes the result of each step; gives a point when it is time for one, and always when it is `due` */
export function lossCurve(
  batchSize: number,
  steps: number,
  now: () => number,
): (result: StepResult, due: boolean) => Means | null {
  const least = Math.ceil(steps / MOST_POINTS)
  let last = now()
  let count = 0
  let losses = 0
  let found = 0
  let norms = 0
  return ({ loss, correct, gradientNorm }, due) => {
    count++
    losses += loss
    found += correct
    norms += gradientNorm
    const elapsed = now() - last
    if (!due && (elapsed < POINT_EVERY || count < least)) return null
    const patches = count * batchSize
    const means = {
      loss: losses / count,
      accuracy: found / patches,
      imagesPerSecond: patches / Math.max(elapsed, 1e-3),
      gradientNorm: norms / count,
    }
    last = now()
    count = losses = found = norms = 0
    return means
  }
}
