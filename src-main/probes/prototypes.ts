/**
 * Nearest class mean: a patch is of the class whose mean is nearest to it.
 *
 *   z = (x − training mean) / ‖x − training mean‖      m_c = mean of z over the training patches of class c
 *   logit_c = −‖z − m_c‖²
 *
 * @see Wang, Chao, Weinberger, van der Maaten, SimpleShot, arXiv:1911.04623 (2019), section 3: nearest centroid, CL2N
 */
import type { Matrix } from './matrix.ts'

/** @param unit centred, L2-normalised features @returns [class, column]; NaN for a class without a patch */
export function classMeans(
  { values, rows, columns }: Matrix,
  classOf: ArrayLike<number>,
  classes: number,
): Float64Array {
  const means = new Float64Array(classes * columns)
  const counts = new Float64Array(classes)
  for (let row = 0; row < rows; row++) {
    const c = classOf[row]!
    counts[c]!++
    for (let j = 0; j < columns; j++) means[c * columns + j]! += values[row * columns + j]!
  }
  return means.map((sum, at) => sum / counts[Math.floor(at / columns)]!)
}

/** Negative squared distance to each class mean, [row, class]. */
export function prototypeLogits({ values, rows, columns }: Matrix, means: Float64Array, classes: number): Float64Array {
  const logits = new Float64Array(rows * classes)
  for (let row = 0; row < rows; row++)
    for (let c = 0; c < classes; c++) {
      let squares = 0
      for (let j = 0; j < columns; j++) squares += (values[row * columns + j]! - means[c * columns + j]!) ** 2
      logits[row * classes + c] = -squares
    }
  return logits
}
