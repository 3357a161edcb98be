/**
 * A search for a learning rate: a short training whose rate grows exponentially from step to step. Where the rate is too
 * small the loss stands still, where it is good it falls, where it is too large it rises; the fall says what to train with.
 *
 *   rate[i] = 10⁻⁶ · (3 · 10⁶) ^ (i / 79)          smoothed = exponential mean of the losses, 0.9, corrected for its start
 *   suggestion = where smoothed falls fastest over log rate, at most a third of where it is least
 *
 * It changes nothing: weights and optimiser are its own, and it writes no checkpoint.
 * @see Smith, Cyclical Learning Rates for Training Neural Networks, WACV (2017), section 3.3
 */
import type { RateSearchNews } from '../../src-shared/training.ts'
import type { TrainingOrder } from '../nn/engineContract.ts'
import { checkData } from './checkData.ts'
import { runOf, untrained } from './startRun.ts'
import { trainStep, type TrainingData } from './step.ts'
import type { LoopOptions } from './trainLoop.ts'

export const SEARCH_STEPS = 80
const FIRST_RATE = 1e-6
const LAST_RATE = 3
const SMOOTHING = 0.9
/** The search ends when the smoothed loss is so many times its least: nothing good comes after. */
const TOO_HIGH = 3
/** Rates so small that nothing changes: what the loss does in these first steps is chance, and its mean the start. */
const FIRST_POINTS = 10
/** A fall of less than this share of the start is chance, too. */
const LEAST_FALL = 0.02
/** Slopes are taken over so many points to either side. */
const REACH = 3
const MOST_OF_LEAST = 1 / 3

type Point = Extract<RateSearchNews, { kind: 'point' }>

/** @throws {TesseraError} TRAINING_NOT_READY, TRAINING_BATCH_TOO_LARGE, MODEL_WEIGHTS_MISMATCH, ENGINE_FAILED */
export async function* searchRate(
  order: TrainingOrder,
  data: TrainingData,
  { backend, signal, now = () => performance.now() / 1000 }: LoopOptions,
): AsyncGenerator<RateSearchNews> {
  checkData(order, data)
  const trainer = await backend.createTrainer(order.network, order.batchSize)
  try {
    const run = runOf(order, data, backend, trainer, null, now)
    const learned = await untrained(run)
    const points: Point[] = []
    let mean = 0
    for (let step = 0; step < SEARCH_STEPS && !signal.aborted; step++) {
      const rate = FIRST_RATE * (LAST_RATE / FIRST_RATE) ** (step / (SEARCH_STEPS - 1))
      const { loss, gradientNorm } = await trainStep(run, learned, step, rate)
      if (!Number.isFinite(loss) || !Number.isFinite(gradientNorm)) break
      mean = SMOOTHING * mean + (1 - SMOOTHING) * loss
      const point: Point = { kind: 'point', rate, loss, smoothed: mean / (1 - SMOOTHING ** (step + 1)) }
      points.push(point)
      yield point
      if (point.smoothed > TOO_HIGH * Math.min(...points.map(({ smoothed }) => smoothed))) break
    }
    if (!signal.aborted && points.length > 0) yield suggestRate(points)
  } finally {
    await trainer.dispose()
  }
}

/** What a curve of falling and rising loss says. @param points by growing rate, at least one */
export function suggestRate(points: readonly Point[]): Extract<RateSearchNews, { kind: 'found' }> {
  const smoothed = points.map((point) => point.smoothed)
  const bottom = smoothed.indexOf(Math.min(...smoothed))
  const least = points[bottom]!.rate
  const steepest = steepestBefore(points, bottom)
  const first = points.slice(0, FIRST_POINTS)
  const start = first.reduce((sum, { loss }) => sum + loss, 0) / first.length
  if (steepest === null || smoothed[bottom]! > (1 - LEAST_FALL) * start)
    return {
      kind: 'found',
      suggestion: null,
      steepest: null,
      least,
      sentence:
        'The loss did not fall at any rate, so none can be suggested. Look at the labels, or try another network or a larger batch.',
    }
  const suggestion = Number(Math.min(steepest, MOST_OF_LEAST * least).toPrecision(2))
  return {
    kind: 'found',
    suggestion,
    steepest,
    least,
    sentence: `The loss falls fastest at ${steepest.toPrecision(2)} and is least at ${least.toPrecision(2)}: ${suggestion} is a good highest rate to train with.`,
  }
}

/** null when the curve never falls before its least. */
function steepestBefore(points: readonly Point[], bottom: number): number | null {
  let best: { rate: number; slope: number } | null = null
  for (let i = FIRST_POINTS; i + REACH < points.length && i <= bottom; i++) {
    const [before, after] = [points[i - REACH]!, points[i + REACH]!]
    const slope = (after.smoothed - before.smoothed) / Math.log(after.rate / before.rate)
    if (slope < 0 && (best === null || slope < best.slope)) best = { rate: points[i]!.rate, slope }
  }
  return best?.rate ?? null
}
