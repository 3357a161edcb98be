/**
 * How much a patch of each class counts in the loss. Scaled so that the mean over the patches drawn is 1: the learning rate
 * that suits a training without weights then suits one with them.
 *
 *   inverse: weight[k] ∝ 1 / patches of class k        given: as they are        w ← w / Σ share drawn[k] · w[k]
 */
import { tesseraError } from '../../src-shared/errors.ts'
import type { Recipe } from '../../src-shared/recipe.ts'

/**
 * @param balanced every class is drawn equally often
 * @returns [class]
 * @throws {TesseraError} TRAINING_NOT_READY when there are not as many weights as classes
 */
export function classWeights(
  choice: Recipe['classWeights'],
  classOf: Uint16Array,
  classes: number,
  balanced: boolean,
): number[] {
  if (choice === 'none') return new Array<number>(classes).fill(1)
  const counts = new Array<number>(classes).fill(0)
  for (const of of classOf) counts[of]!++
  if (choice !== 'inverse' && choice.length !== classes) {
    const reason = `There are ${choice.length} class weights for ${classes} classes. Give one for each, in the order of the classes.`
    throw tesseraError('TRAINING_NOT_READY', reason, { reasons: [reason] })
  }
  const present = counts.filter((count) => count > 0).length
  const weights = counts.map((count, k) => (choice === 'inverse' ? (count > 0 ? 1 / count : 0) : choice[k]!))
  const drawn = counts.map((count) => (balanced ? (count > 0 ? 1 / present : 0) : count / classOf.length))
  const mean = weights.reduce((sum, weight, k) => sum + weight * drawn[k]!, 0)
  return weights.map((weight) => weight / mean)
}
