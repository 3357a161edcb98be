/**
 * Temperature: one number that the logits of a classifier are divided by, so that its probabilities mean what they say.
 * It changes how sure the classifier is and never which class is most probable.
 *
 *   T = argmin 1/n · Σ −Σ_c t_c log softmax(logits / T)_c
 *
 * The targets t are not quite 0 and 1, as Platt has it: 1 − 1/(n + 2) for the true class and the rest shared out. On logits
 * that make no mistake T would otherwise be 0, and the first mistake afterwards infinitely surprising.
 *
 * @see Guo, Pleiss, Sun, Weinberger, On Calibration of Modern Neural Networks, ICML (2017), section 4.2;
 * Platt, Probabilistic outputs for support vector machines (1999), section 2.2, for the targets
 */

/** T is looked for between 1 / MOST and MOST. */
const MOST = 1e4
/** Halvings of the logarithm of that range: T to nine digits. */
const HALVINGS = 36

/** @param logits [row, class], of patches the classifier was not fitted on */
export function fitTemperature(logits: Float64Array, classOf: ArrayLike<number>, classes: number): number {
  // The loss is convex in 1 / T, and its slope is the mean of Σ (p − t) · logit: below 0 = 1 / T is too small.
  let [low, high] = [-Math.log(MOST), Math.log(MOST)]
  for (let i = 0; i < HALVINGS; i++) {
    const middle = (low + high) / 2
    if (slope(logits, classOf, classes, Math.exp(middle)) < 0) low = middle
    else high = middle
  }
  return Math.exp(-(low + high) / 2)
}

/** Of the loss, by the inverse temperature. */
function slope(logits: Float64Array, classOf: ArrayLike<number>, classes: number, inverse: number): number {
  const rows = classOf.length
  const doubt = 1 / (rows + 2)
  let sum = 0
  for (let row = 0; row < rows; row++) {
    const start = row * classes
    let largest = -Infinity
    for (let k = 0; k < classes; k++) largest = Math.max(largest, logits[start + k]!)
    let all = 0
    let expected = 0
    let target = 0
    for (let k = 0; k < classes; k++) {
      const logit = logits[start + k]! - largest
      const share = Math.exp(logit * inverse)
      all += share
      expected += share * logit
      target += (k === classOf[row] ? 1 - doubt : doubt / (classes - 1)) * logit
    }
    sum += expected / all - target
  }
  return sum / rows
}
