/** Which held-out patches of a training a figure is about: one cell of its confusion matrix, or all that were misread. Pure. */
import { mostProbable, uncertainty } from '../../src-shared/predictions.ts'
import type { HeldOutPatches } from '../../src-shared/training.ts'
import type { Candidate } from './reviewOrder.ts'

/** Indices among the classes of the training. */
export type HeldOutChoice = 'misread' | { truth: number; predicted: number }

/** The chosen patches of one source; those the model was surest of rank first. */
export function heldOutCandidates(
  { patch, truth, probabilities }: HeldOutPatches,
  classes: number,
  choice: HeldOutChoice,
): Candidate[] {
  const found: Candidate[] = []
  for (const [row, of] of truth.entries()) {
    const predicted = mostProbable(probabilities, row, classes)
    if (choice === 'misread' ? predicted === of : of !== choice.truth || predicted !== choice.predicted) continue
    const own = probabilities.slice(row * classes, (row + 1) * classes)
    found.push({
      patch: patch[row]!,
      probabilities: own,
      predicted,
      uncertainty: uncertainty(probabilities, row, classes),
      why: 'held-out',
      truth: of,
      rank: own[predicted]!,
    })
  }
  return found
}
