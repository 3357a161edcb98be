/**
 * The training loop. It runs in the engine process and tells what happens as it goes.
 *
 * A run is a function of its order: the same labels, pixels, settings, seed, steps and engine give the same weights to the
 * last bit, whether it ran through, was stopped and taken up again, or had its steps found by timing. What a step needs
 * from the past is in the checkpoint: weights, running averages, the optimiser's moments and the number of the step; all
 * random numbers follow from seed and step.
 *
 * The best weights are those with the least validation loss: unlike accuracy it uses every probability, and unlike AUC it
 * is defined for any number of classes. Without held-out patches they are the last.
 */
import { mkdir } from 'node:fs/promises'
import { isTesseraError, tesseraError } from '../../src-shared/errors.ts'
import type { TrainingPoint } from '../../src-shared/training.ts'
import { measureNormalisation } from '../features/normalisation.ts'
import { fileError } from '../files/fileErrors.ts'
import type { Backend, BackendInfo } from '../nn/backend.ts'
import type { TrainedOn, TrainingNews, TrainingOrder } from '../nn/engineContract.ts'
import { adamW } from '../nn/optimiser.ts'
import { cosineSchedule, learningRateAt } from '../nn/schedule.ts'
import { batches } from './batches.ts'
import { readCheckpoint, writeCheckpoint, type Checkpoint, type CheckpointName } from './checkpoint.ts'
import { lossCurve } from './lossCurve.ts'
import { isMilestone, stepsPerEpoch, validationInterval } from './milestones.ts'
import { freshStart, takenUp } from './startRun.ts'
import { trainStep, validateNow, type Run, type TrainingData } from './step.ts'

/** Seconds between checkpoints, at most. */
const CHECKPOINT_EVERY = 60

export type LoopOptions = {
  backend: Backend
  /** Aborting ends the run after a checkpoint. */
  signal: AbortSignal
  /** seconds; only differences count */
  now?: () => number
}

/**
 * @throws {TesseraError} TRAINING_DIVERGED when the loss is no number any more; CHECKPOINT_BROKEN when the folder holds a
 * checkpoint of another run; NETWORK_INVALID, ENGINE_FAILED, DISK_FULL; DEVICE_LOST after a checkpoint of where it stood
 */
export async function* trainLoop(
  order: TrainingOrder,
  data: TrainingData,
  { backend, signal, now = () => performance.now() / 1000 }: LoopOptions,
): AsyncGenerator<TrainingNews> {
  await mkdir(order.folder, { recursive: true }).catch((error: unknown) => {
    throw fileError(order.folder, error)
  })
  const trainer = await backend.createTrainer(order.network, order.batchSize)
  try {
    const found = await readCheckpoint(order.folder, 'latest')
    const normalisation = found?.normalisation ?? order.normalisation ?? measureNormalisation(data.training.pixels)
    const run: Run = {
      order,
      data,
      backend,
      trainer,
      batches: batches(data.training, order.classes.length, order, normalisation, trainer.masks),
      normalisation,
      optimiser: adamW({ weightDecay: order.weightDecay }),
      now,
    }
    yield* train(run, found ? takenUp(found, order, data) : await freshStart(run), signal)
  } finally {
    await trainer.dispose()
  }
}

async function* train(run: Run, found: Checkpoint, signal: AbortSignal): AsyncGenerator<TrainingNews> {
  const { order, data, now } = run
  const { steps } = found
  const patches = data.training.classOf.length
  const perEpoch = stepsPerEpoch(patches, order.batchSize)
  const interval = validationInterval(steps, perEpoch)
  const schedule = cosineSchedule(order.learningRate, steps)
  const curve = lossCurve(order.batchSize, steps, now)
  const trainedOn = continuedOn(found, run.backend.info)
  const state: Checkpoint = { ...found, history: [...found.history], trainedOn }
  const started = now() - found.seconds
  let saved = now()

  const save = async (name: CheckpointName = 'latest'): Promise<TrainingNews> => {
    state.seconds = now() - started
    await writeCheckpoint(order.folder, name, state)
    saved = now()
    return { kind: 'checkpoint', step: state.step }
  }
  const here = () => ({ step: state.step, epoch: (state.step * order.batchSize) / patches })
  const tell = <P extends TrainingPoint>(point: P): P => {
    state.history.push(point)
    return point
  }

  const { normalisation } = run
  yield { kind: 'steps-found', steps, stepsPerEpoch: perEpoch, normalisation, step: state.step, history: found.history }
  if (state.step === 0) yield await save()

  while (state.step < steps && !signal.aborted) {
    const learningRate = learningRateAt(schedule, state.step)
    let stepped
    try {
      stepped = await trainStep(run, state, state.step, learningRate)
    } catch (error) {
      // The step changed nothing yet: what was learned so far is whole, and the run goes on from here.
      if (isTesseraError(error, 'DEVICE_LOST')) yield await save()
      throw error
    }
    const { loss, correct } = stepped
    if (!Number.isFinite(loss)) throw diverged(state.step, loss, order.learningRate)
    state.step++
    const milestone = isMilestone(state.step, steps, interval)
    const means = curve(loss, correct, milestone)
    if (means) yield tell({ kind: 'training', ...here(), learningRate, ...means })

    if (milestone && data.validation) {
      const { loss, evaluation } = await validateNow(run, state.weights, data.validation)
      if (!evaluation) throw diverged(state.step, loss, order.learningRate)
      const best = state.best === null || loss < state.best.loss
      if (best) state.best = { step: state.step, loss }
      const told = tell({ kind: 'validation', ...here(), loss, evaluation, best })
      if (best) await save('best')
      yield await save()
      yield told
    } else if (now() - saved >= CHECKPOINT_EVERY) yield await save()
  }

  yield await save()
  const { step, seconds } = state
  yield { kind: 'finished', step, stopped: step < steps, bestStep: state.best?.step ?? step, seconds }
}

/** What has trained the network so far, and what does from here on. */
function continuedOn({ trainedOn, step }: Checkpoint, { device, provider }: BackendInfo): TrainedOn[] {
  const before = trainedOn.filter(({ fromStep }) => fromStep < step || fromStep === 0)
  const last = before.at(-1)
  if (last?.device === device && last.provider === provider) return before
  return [...before.filter(({ fromStep }) => fromStep < step), { device, provider, fromStep: step }]
}

function diverged(step: number, loss: number, learningRate: number) {
  const smaller = Number((learningRate / 3).toPrecision(1))
  return tesseraError(
    'TRAINING_DIVERGED',
    `Training lost its way at step ${step}: the loss became ${loss}. The learning rate ${learningRate} is probably too large; try ${smaller}.`,
    { step, loss: String(loss) },
  )
}
