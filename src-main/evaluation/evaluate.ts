/**
 * How good predictions are, as one record: every figure with its count and a 95 % interval.
 *
 * Two classes: the AUC is that of the second class's probability; as the two add up to 1, the first class's is the same.
 * More: the mean of each class against the rest (macro).
 */
import { tesseraError } from '../../src-shared/errors.ts'
import type { Evaluation } from '../../src-shared/evaluation.ts'
import { balancedAccuracyInterval, macroAucInterval, meanOfBounds } from './bootstrap.ts'
import { balancedAccuracy, confusionMatrix, recalls } from './confusion.ts'
import { wilsonInterval } from './intervals.ts'
import { rocAuc } from './rocAuc.ts'

/** The same patches always get the same interval. */
const SEED = 1

/**
 * @param probabilities [patch, class]
 * @param truth class of each patch, 0 … classes − 1
 * @throws {TesseraError} EVALUATION_NOT_POSSIBLE without patches, with numbers that do not fit together, or with NaN
 */
export function evaluate(
  probabilities: Float32Array,
  truth: ArrayLike<number>,
  classes: readonly string[],
): Evaluation {
  const n = truth.length
  check(probabilities, truth, classes)
  const confusion = confusionMatrix(probabilities, truth, classes.length)
  const found = recalls(confusion)
  const correct = confusion.reduce((sum, row, k) => sum + (row[k] ?? 0), 0)
  return {
    n,
    classes: [...classes],
    accuracy: correct / n,
    accuracyInterval: wilsonInterval(correct, n),
    balancedAccuracy: balancedAccuracy(found),
    balancedAccuracyInterval: balancedAccuracyInterval(found, SEED),
    ...aucFigures(probabilities, truth, classes.length),
    confusion,
    majorityBaseline: Math.max(...found.map(({ patches }) => patches)) / n,
  }
}

function check(probabilities: Float32Array, truth: ArrayLike<number>, classes: readonly string[]): void {
  const refuse = (reason: string) =>
    tesseraError('EVALUATION_NOT_POSSIBLE', `The predictions can not be evaluated: ${reason}.`, { reason })
  if (truth.length === 0) throw refuse('there are no patches whose true class is known')
  if (probabilities.length !== truth.length * classes.length)
    throw refuse(
      `${truth.length} patches and ${classes.length} classes need ${truth.length * classes.length} probabilities, but ${probabilities.length} came`,
    )
  for (let patch = 0; patch < truth.length; patch++)
    if (!(truth[patch]! < classes.length))
      throw refuse(`patch ${patch} is of class ${truth[patch]}, which does not exist`)
  if (probabilities.some(Number.isNaN)) throw refuse('some probabilities are not numbers')
}

function aucFigures(
  probabilities: Float32Array,
  truth: ArrayLike<number>,
  classes: number,
): Pick<Evaluation, 'auc' | 'aucInterval'> {
  const scoreOf = (k: number) =>
    Float32Array.from({ length: truth.length }, (_, patch) => probabilities[patch * classes + k]!)
  const against = (k: number) =>
    rocAuc(
      scoreOf(k),
      Uint8Array.from(truth, (of) => Number(of === k)),
    )
  if (classes === 2) {
    const second = against(1)
    return { auc: second?.auc ?? null, aucInterval: second?.interval ?? null }
  }
  const occurs = new Set(Array.from(truth))
  if (occurs.size < 2) return { auc: null, aucInterval: null }
  const present = [...occurs].toSorted((a, b) => a - b)
  const each = present.flatMap((k) => against(k) ?? [])
  return {
    auc: each.reduce((sum, { auc }) => sum + auc, 0) / each.length,
    // Entirely apart: each class's own interval, and their mean, which is on the safe side.
    aucInterval:
      macroAucInterval(probabilities, truth, classes, present, SEED) ??
      meanOfBounds(each.map(({ interval }) => interval)),
  }
}
