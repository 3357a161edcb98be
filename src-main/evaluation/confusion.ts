/** Predictions set against the truth: which class was taken for which, and what follows from the counts. */

/** Place of the largest probability of a patch; the first of equals. @param probabilities [patch, class] */
function predictedClass(probabilities: Float32Array, patch: number, classes: number): number {
  let best = 0
  for (let k = 1; k < classes; k++)
    if (probabilities[patch * classes + k]! > probabilities[patch * classes + best]!) best = k
  return best
}

/** Counts, [truth][prediction]. */
export function confusionMatrix(probabilities: Float32Array, truth: ArrayLike<number>, classes: number): number[][] {
  const counts = Array.from({ length: classes }, () => new Array<number>(classes).fill(0))
  for (let patch = 0; patch < truth.length; patch++)
    counts[truth[patch]!]![predictedClass(probabilities, patch, classes)]!++
  return counts
}

/** One class: how many patches are of it, and how many of those were found. */
export type Recall = { patches: number; found: number }

/** Of the classes that occur. */
export const recalls = (confusion: readonly (readonly number[])[]): Recall[] =>
  confusion
    .map((row, truth) => ({ patches: row.reduce((sum, count) => sum + count, 0), found: row[truth] ?? 0 }))
    .filter(({ patches }) => patches > 0)

/** Mean recall over the classes that occur. */
export const balancedAccuracy = (classes: readonly Recall[]): number =>
  classes.reduce((sum, { patches, found }) => sum + found / patches, 0) / classes.length
