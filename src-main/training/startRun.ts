/** Where a training begins: at fresh weights, or at the checkpoint it was stopped at. */
import { createHash } from 'node:crypto'
import type { Normalisation } from '../../src-shared/models.ts'
import { measureNormalisation } from '../features/normalisation.ts'
import type { Backend, Trainer } from '../nn/backend.ts'
import type { TrainingOrder } from '../nn/engineContract.ts'
import { initialWeights } from '../nn/initialise.ts'
import { decayRanges, optimiserOf } from '../nn/optimiser.ts'
import { copyOfWeights } from '../nn/weightAverage.ts'
import { batches } from './batches.ts'
import { checkpointBroken, checkpointFile, type Checkpoint } from './checkpoint.ts'
import { freshWatch } from './divergence.ts'
import { layerRates, takeOver } from './fineTuning.ts'
import { stepsOfEpochs, stepsPerEpoch } from './milestones.ts'
import { modelWeights, trainStep, validateNow, type Learned, type Run, type TrainingData } from './step.ts'
import { stepsThatFit, timeStep } from './timing.ts'

/** @param known normalisation of an earlier sitting; null = that of the order, or measured */
export function runOf(
  order: TrainingOrder,
  data: TrainingData,
  backend: Backend,
  trainer: Trainer,
  known: Normalisation | null,
  now: () => number,
): Run {
  const normalisation = known ?? order.normalisation ?? measureNormalisation(data.training.pixels)
  const rates = order.start ? layerRates(order.network, trainer.layout, order.start) : undefined
  return {
    order,
    data,
    backend,
    trainer,
    batches: batches(data.training, order.classes.length, order, normalisation, trainer.masks),
    normalisation,
    ranges: decayRanges(trainer.layout, rates),
    now,
  }
}

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
    watch: freshWatch(),
    heldOut: null,
    ...(await untrained(run)),
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

/** Weights before the first step: fresh ones, or those of an earlier model. */
export async function untrained({ order, trainer }: Run): Promise<Learned> {
  const weights = initialWeights(trainer.layout, order.seed)
  if (order.start) await takeOver(order.start, order.network, trainer.layout, weights)
  return {
    weights,
    optimiser: optimiserOf(order.recipe.optimiser).init(trainer.layout.length),
    average: order.recipe.averageDecay === null ? null : copyOfWeights(weights),
  }
}

/** What must be the same for a run to go on, as one hash. Its length is in the checkpoint, as steps. */
function fingerprint(order: TrainingOrder, data: TrainingData): string {
  const { network, classes, normalisation, learningRate, batchSize, balanced, seed, testTime } = order
  const { recipe } = order
  // Came later than checkpoints that are still to be gone on from: left out where it changes nothing.
  const { tilt, ...earlier } = order.augmentation
  const augmentation = tilt === 0 ? earlier : order.augmentation
  // The earlier model's file may have moved; its checksum says which it is.
  const start = order.start && { ...order.start, file: '' }
  const what = { network, classes, normalisation, learningRate, batchSize, balanced, seed, testTime }
  const hash = createHash('sha256').update(JSON.stringify({ ...what, recipe, augmentation, start }))
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
  const trial = await untrained(run)
  const tryStep = (step: number) => trainStep(run, trial, step, order.learningRate)
  const step = await timeStep(tryStep, minutes, now)
  const validating = now()
  if (data.validation) await validateNow(run, modelWeights(trial), data.validation)
  const validation = now() - validating
  return stepsThatFit(minutes * 60 - (now() - started), { step, validation }, perEpoch)
}
