/** Where a training begins: at fresh weights, or at the checkpoint it was stopped at. */
import { createHash } from 'node:crypto'
import type { TrainingOrder } from '../nn/engineContract.ts'
import { initialWeights } from '../nn/initialise.ts'
import { checkpointBroken, checkpointFile, type Checkpoint } from './checkpoint.ts'
import { stepsOfEpochs, stepsPerEpoch } from './milestones.ts'
import { trainStep, validateNow, type Learned, type Run, type TrainingData } from './step.ts'
import { stepsThatFit, timeStep } from './timing.ts'

export async function freshStart(run: Run): Promise<Checkpoint> {
  const { order, data, normalisation } = run
  return {
    network: order.network,
    normalisation,
    fingerprint: fingerprint(order, data),
    step: 0,
    steps: await stepsOf(run),
    seconds: 0,
    best: null,
    history: [],
    trainedOn: [],
    ...untrained(run),
  }
}

/** @throws {TesseraError} CHECKPOINT_BROKEN when it is of another run */
export function takenUp(found: Checkpoint, order: TrainingOrder, data: TrainingData): Checkpoint {
  const file = checkpointFile(order.folder, 'latest')
  if (found.fingerprint !== fingerprint(order, data))
    throw checkpointBroken(file, 'it is of a training with other labels or settings')
  if (order.length.kind === 'steps' && order.length.steps !== found.steps)
    throw checkpointBroken(file, `it is of a training of ${found.steps} steps, not of ${order.length.steps}`)
  return found
}

const untrained = ({ order, trainer, optimiser }: Run): Learned => ({
  weights: initialWeights(trainer.layout, order.seed),
  optimiser: optimiser.init(trainer.layout.length),
})

/** What must be the same for a run to go on, as one hash. Its length is in the checkpoint, as steps. */
function fingerprint(order: TrainingOrder, data: TrainingData): string {
  const { network, classes, learningRate, weightDecay, labelSmoothing, batchSize, augmentation, balanced, seed } = order
  const settings = {
    network,
    classes,
    learningRate,
    weightDecay,
    labelSmoothing,
    batchSize,
    augmentation,
    balanced,
    seed,
  }
  const hash = createHash('sha256').update(JSON.stringify(settings))
  for (const side of [data.training, data.validation])
    hash.update(side ? new Uint8Array(side.classOf.buffer, side.classOf.byteOffset, side.classOf.byteLength) : 'none')
  return hash.digest('hex')
}

async function stepsOf(run: Run): Promise<number> {
  const { length, batchSize } = run.order
  const patches = run.data.training.classOf.length
  switch (length.kind) {
    case 'steps':
      return length.steps
    case 'epochs':
      return stepsOfEpochs(length.epochs, patches, batchSize)
    case 'minutes':
      return stepsOfMinutes(run, length.minutes, stepsPerEpoch(patches, batchSize))
  }
}

/** Times a few steps and a validation on weights that are then thrown away. */
async function stepsOfMinutes(run: Run, minutes: number, perEpoch: number): Promise<number> {
  const { order, data, now } = run
  const started = now()
  const trial = untrained(run)
  const tryStep = (step: number) => trainStep(run, trial, step, order.learningRate)
  const step = await timeStep(tryStep, minutes, now)
  const validating = now()
  if (data.validation) await validateNow(run, trial.weights, data.validation)
  const validation = now() - validating
  return stepsThatFit(minutes * 60 - (now() - started), { step, validation }, perEpoch)
}
