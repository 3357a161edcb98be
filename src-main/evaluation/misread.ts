/**
 * The patches a model took for another class than they are of, those it was surest of first: where a label may be wrong, or
 * where the model has something to learn. Pure.
 */
import { mostProbable } from '../../src-shared/predictions.ts'

export type Misread = {
  /** row of what was measured */
  row: number
  /** index of the class it is of, and of the one it was taken for */
  truth: number
  predicted: number
  /** [class], sums to 1 */
  probabilities: Float32Array
}

/**
 * @param probabilities [row, class]
 * @param truth [row], index of the class
 * @returns by the probability of the predicted class, largest first; equals in the order of the rows
 */
export function misreadPatches(probabilities: Float32Array, truth: Uint16Array, classes: number): Misread[] {
  const found: Misread[] = []
  for (const [row, of] of truth.entries()) {
    const predicted = mostProbable(probabilities, row, classes)
    if (predicted !== of)
      found.push({
        row,
        truth: of,
        predicted,
        probabilities: probabilities.subarray(row * classes, (row + 1) * classes),
      })
  }
  const sure = ({ probabilities: own, predicted }: Misread): number => own[predicted]!
  return found.toSorted((a, b) => sure(b) - sure(a) || a.row - b.row)
}
