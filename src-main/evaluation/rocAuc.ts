/**
 * Area under the ROC curve: the chance that a random patch of the class gets a higher score than a random patch of
 * another, ties counting half (Mann and Whitney's U, divided by the number of pairs).
 *
 *   AUC = (Σ ranks of the class's patches − m (m + 1) / 2) / (m n)     m of the class, n others, equal scores share ranks
 *
 * Its interval for two classes is DeLong's, on the logit scale so that it stays within 0 and 1:
 *
 *   variance = S²(shares of others below each patch of the class) / m + S²(shares of the class above each other) / n
 *   logit(AUC) ± z · √variance / (AUC (1 − AUC))
 *
 * Where DeLong's variance is 0 or not defined (the classes are apart: AUC 0 or 1; or one has a single patch), Newcombe's
 * score-like interval takes its place, which is [lower, 1] with lower < 1 for a perfect AUC.
 *
 * @see DeLong, DeLong, Clarke-Pearson, Biometrics (1988); Sun, Xu, IEEE Signal Processing Letters (2014) for the ranks;
 * Pepe, The Statistical Evaluation of Medical Tests (2003), section 5.2.3 for the logit scale;
 * Newcombe, Statistics in Medicine 25:559–573 (2006), method 5
 */
import type { Interval } from '../../src-shared/evaluation.ts'
import { Z95 } from './intervals.ts'

export type Auc = {
  auc: number
  interval: Interval
  /** patches of the class, and others */
  m: number
  n: number
}

/** null when either side is empty. @param ofClass 1 for patches of the class, else 0 */
export function rocAuc(scores: ArrayLike<number>, ofClass: Uint8Array): Auc | null {
  const [own, others] = [1, 0].map((side) =>
    Float64Array.from(scores)
      .filter((_, patch) => ofClass[patch] === side)
      .toSorted(),
  )
  const m = own?.length ?? 0
  const n = others?.length ?? 0
  if (!own || !others || m === 0 || n === 0) return null
  const below = sharesBelow(own, others)
  const above = sharesBelow(others, own).map((share) => 1 - share)
  const auc = below.reduce((sum, share) => sum + share, 0) / m
  const variance = sampleVariance(below, auc) / m + sampleVariance(above, auc) / n
  const usable = variance > 0 && auc > 0 && auc < 1
  return { auc, interval: usable ? logitInterval(auc, Math.sqrt(variance)) : newcombeInterval(auc, m, n), m, n }
}

/** For each score of `scores` the share of `others` below it, equal ones counting half. Both sorted. */
function sharesBelow(scores: Float64Array, others: Float64Array): Float64Array {
  let less = 0
  let notMore = 0
  return scores.map((score) => {
    while (less < others.length && others[less]! < score) less++
    while (notMore < others.length && others[notMore]! <= score) notMore++
    return (less + notMore) / 2 / others.length
  })
}

/** NaN for a single value: it has no variance. */
const sampleVariance = (values: Float64Array, mean: number): number =>
  values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1)

function logitInterval(auc: number, deviation: number): Interval {
  const logit = Math.log(auc / (1 - auc))
  const half = (Z95 * deviation) / (auc * (1 - auc))
  const back = (value: number) => 1 / (1 + Math.exp(-value))
  return [back(logit - half), back(logit + half)]
}

/** Halvings of [0, 1] until a bound is exact to double precision. */
const HALVINGS = 60

/**
 * All areas θ whose distance from the found one is at most z standard deviations of θ itself:
 *
 *   |AUC − θ| ≤ z √V(θ),  V(θ) = θ(1 − θ) · (1 + (N − 1) · ((1 − θ)/(2 − θ) + θ/(1 + θ))) / (m n),  N = (m + n) / 2
 */
export function newcombeInterval(auc: number, m: number, n: number): Interval {
  const half = (m + n) / 2 - 1
  const deviation = (area: number) =>
    Math.sqrt((area * (1 - area) * (1 + half * ((1 - area) / (2 - area) + area / (1 + area)))) / (m * n))
  const reach = (end: 0 | 1): number => {
    let [near, far] = [auc, end as number]
    for (let i = 0; i < HALVINGS; i++) {
      const middle = (near + far) / 2
      if (Math.abs(auc - middle) <= Z95 * deviation(middle)) near = middle
      else far = middle
    }
    return near
  }
  return [reach(0), reach(1)]
}
