/** What no training can be made of, refused before its first step. */
import { tesseraError } from '../../src-shared/errors.ts'
import type { TrainingOrder } from '../nn/engineContract.ts'
import type { LabelledPixels } from './batches.ts'
import type { TrainingData } from './step.ts'

/**
 * @throws {TesseraError} TRAINING_NOT_READY: no patches on a side, fewer than two classes, a class that does not exist;
 * TRAINING_BATCH_TOO_LARGE
 */
export function checkData({ classes, batchSize }: TrainingOrder, { training, validation }: TrainingData): void {
  checkSide('train on', training, classes)
  if (validation) checkSide('hold out', validation, classes)
  const present = new Set(training.classOf)
  if (present.size < 2)
    throw refused(
      `All ${training.classOf.length} patches to train on are “${classes[training.classOf[0]!]}”. A network tells classes apart, so it needs patches of at least two.`,
    )
  if (batchSize > training.classOf.length)
    throw tesseraError(
      'TRAINING_BATCH_TOO_LARGE',
      `A batch of ${batchSize} patches was asked for, but there are ${training.classOf.length} to train on. Choose a smaller batch.`,
      { batch: batchSize, patches: training.classOf.length },
    )
}

function checkSide(what: string, { classOf }: LabelledPixels, classes: readonly string[]): void {
  if (classOf.length === 0) throw refused(`There are no patches to ${what}.`)
  const strange = classOf.find((of) => of >= classes.length)
  if (strange !== undefined)
    throw refused(`A patch to ${what} is of class ${strange}, but there are only ${classes.length} classes.`)
}

const refused = (reason: string) => tesseraError('TRAINING_NOT_READY', reason, { reasons: [reason] })
