/**
 * How unsure a model is of one patch, in the three ways of the field. Larger = less sure; 0 = certain.
 *
 *   least confidence   1 − p₁                          0 … 1 − 1/K
 *   margin             1 − (p₁ − p₂)                   0 … 1
 *   entropy            −Σ p_k ln p_k / ln K            0 … 1
 *
 * p₁ ≥ p₂ are the two largest of K probabilities. With two classes all three put patches in the same order.
 *
 * @see Settles, Active Learning Literature Survey (2009), section 3.1
 * @see Lewis and Gale (1994), Scheffer, Decomain and Wrobel (2001), Shannon (1948)
 */
import { uncertainty as margin } from './predictions.ts'

export const UNCERTAINTIES = ['confidence', 'margin', 'entropy'] as const
export type Uncertainty = (typeof UNCERTAINTIES)[number]

type Measure = (probabilities: Float32Array, row: number, classes: number) => number

const leastConfidence: Measure = (probabilities, row, classes) => {
  let first = 0
  for (let k = 0; k < classes; k++) first = Math.max(first, probabilities[row * classes + k]!)
  return 1 - first
}

const entropy: Measure = (probabilities, row, classes) => {
  if (classes < 2) return 0
  let sum = 0
  for (let k = 0; k < classes; k++) {
    const p = probabilities[row * classes + k]!
    if (p > 0) sum -= p * Math.log(p)
  }
  return Math.max(0, sum / Math.log(classes))
}

const measures: Record<Uncertainty, Measure> = { confidence: leastConfidence, margin, entropy }

/** @param probabilities [patch, class], float32 @returns of one patch; NaN where it is not predicted */
export function uncertaintyOf(by: Uncertainty, probabilities: Float32Array, patch: number, classes: number): number {
  if (Number.isNaN(probabilities[patch * classes])) return Number.NaN
  return Math.max(0, measures[by](probabilities, patch, classes))
}
