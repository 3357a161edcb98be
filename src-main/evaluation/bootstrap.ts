/**
 * Stratified bootstrap: each class's patches are drawn anew with replacement, as many as there were, 2,000 times; the
 * middle 95 % of the figures is the interval.
 *
 * @see Efron, Tibshirani, An Introduction to the Bootstrap (1993), chapter 13
 */
import type { Interval } from '../../src-shared/evaluation.ts'
import { seeded, type Random } from '../nn/random.ts'
import { binomial } from './binomial.ts'
import type { Recall } from './confusion.ts'
import { percentileInterval, wilsonInterval } from './intervals.ts'

const RESAMPLES = 2000

/**
 * Interval of the mean recall. When resampling can change nothing (every class found entirely, or not at all), the mean of
 * Wilson's bounds of the recalls is given instead: it is on the safe side, as not all classes are at their bound at once.
 */
export function balancedAccuracyInterval(classes: readonly Recall[], seed: number): Interval {
  if (classes.every(({ patches, found }) => found === 0 || found === patches))
    return meanOfBounds(classes.map(({ patches, found }) => wilsonInterval(found, patches)))
  const random = seeded(seed, 1)
  const draws = classes.map(({ patches, found }) => binomial(patches, found / patches))
  const figures = new Float64Array(RESAMPLES).map(
    () => draws.reduce((sum, draw, place) => sum + draw(random) / (classes[place]?.patches ?? 1), 0) / classes.length,
  )
  return percentileInterval(figures)
}

export const meanOfBounds = (intervals: readonly Interval[]): Interval => [
  intervals.reduce((sum, [lower]) => sum + lower, 0) / intervals.length,
  intervals.reduce((sum, [, upper]) => sum + upper, 0) / intervals.length,
]

/**
 * Interval of the macro mean of one-against-the-rest AUCs. Scores are sorted once for each class; a resample then only
 * changes how often each patch counts.
 *
 * @param scores [patch, class]
 * @param present classes that occur
 * @returns null when no resample differed from another: the classes are entirely apart
 */
export function macroAucInterval(
  scores: Float32Array,
  truth: ArrayLike<number>,
  classes: number,
  present: readonly number[],
  seed: number,
): Interval | null {
  const random = seeded(seed, 2)
  const byClass = present.map((k) => patchesOf(truth, k))
  const rankings = present.map((k) => ranking(scores, truth, classes, k))
  const counts = new Uint16Array(truth.length)
  const figures = new Float64Array(RESAMPLES).map(() => {
    drawAnew(byClass, counts, random)
    return rankings.reduce((sum, each) => sum + weightedAuc(each, counts), 0) / rankings.length
  })
  const [lower, upper] = percentileInterval(figures)
  return lower === upper ? null : [lower, upper]
}

const patchesOf = (truth: ArrayLike<number>, k: number): Uint32Array =>
  Uint32Array.from(Array.from(truth).flatMap((of, patch) => (of === k ? [patch] : [])))

function drawAnew(byClass: readonly Uint32Array[], counts: Uint16Array, random: Random): void {
  counts.fill(0)
  for (const patches of byClass)
    for (let drawn = 0; drawn < patches.length; drawn++) counts[patches[random.below(patches.length)]!]!++
}

/**
 * Patches from the lowest score of a class to the highest, and for each patch of the class, where in that order the run of
 * scores equal to its own begins and ends.
 */
type Ranking = { order: Uint32Array; own: Uint32Array; runStart: Uint32Array; runEnd: Uint32Array; below: Float64Array }

function ranking(scores: Float32Array, truth: ArrayLike<number>, classes: number, k: number): Ranking {
  const score = Float32Array.from({ length: truth.length }, (_, patch) => scores[patch * classes + k]!)
  const order = Uint32Array.from(score, (_, patch) => patch).toSorted((a, b) => score[a]! - score[b]!)
  const own: number[] = []
  const runStart: number[] = []
  const runEnd: number[] = []
  for (let start = 0, end = 0; start < order.length; start = end) {
    while (end < order.length && score[order[end]!] === score[order[start]!]) end++
    for (const patch of order.subarray(start, end)) {
      if (truth[patch] !== k) continue
      own.push(patch)
      runStart.push(start)
      runEnd.push(end)
    }
  }
  return {
    order,
    own: Uint32Array.from(own),
    runStart: Uint32Array.from(runStart),
    runEnd: Uint32Array.from(runEnd),
    below: new Float64Array(order.length + 1),
  }
}

/**
 * AUC with every patch counted `counts` times. All patches below each of the class are added up, equal ones half; pairs
 * within the class come to half of their number whatever the order, and are taken off again.
 */
function weightedAuc({ order, own, runStart, runEnd, below }: Ranking, counts: Uint16Array): number {
  let all = 0
  for (let place = 0; place < order.length; place++) {
    all += counts[order[place]!]!
    below[place + 1] = all
  }
  let pairs = 0
  let ofClass = 0
  for (let i = 0; i < own.length; i++) {
    const count = counts[own[i]!]!
    ofClass += count
    pairs += (count * (below[runStart[i]!]! + below[runEnd[i]!]!)) / 2
  }
  return (pairs - (ofClass * ofClass) / 2) / (ofClass * (all - ofClass))
}
