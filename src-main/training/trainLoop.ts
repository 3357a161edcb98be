/**
 * The training loop. It runs in the engine process and tells what happens as it goes.
 *
 * A run is a function of its order: the same labels, pixels, settings, seed, steps and engine give the same weights to the
 * last bit, whether it ran through, was stopped and taken up again, or had its steps found by timing. What a step needs
 * from the past is in the checkpoint: weights, running averages, the optimiser's moments, averaged weights and the number of the step; all
 * random numbers follow from seed and step.
 *
 * The best weights are those with the least validation loss: unlike accuracy it uses every probability, and unlike AUC it
 * is defined for any number of classes. Without held-out patches they are the last.
 */
import { mkdir } from 'node:fs/promises'
import { isTesseraError } from '../../src-shared/errors.ts'
import type { TrainingPoint } from '../../src-shared/training.ts'
import { fileError } from '../files/fileErrors.ts'
import type { Backend, BackendInfo } from '../nn/backend.ts'
import type { TrainedOn, TrainingNews, TrainingOrder } from '../nn/engineContract.ts'
import { scheduleOf } from '../nn/schedule.ts'
import { checkData } from './checkData.ts'
import { readCheckpoint, writeCheckpoint, type Checkpoint, type CheckpointName } from './checkpoint.ts'
import { divergedError, hasExploded, watchLoss } from './divergence.ts'
import { lossCurve } from './lossCurve.ts'
import { isMilestone, stepsPerEpoch, validationInterval } from './milestones.ts'
import { freshStart, runOf, takenUp } from './startRun.ts'
import { modelWeights, trainStep, validateNow, type Run, type TrainingData } from './step.ts'

export type LoopOptions = {
  backend: Backend
  /** Aborting ends the run after a checkpoint. */
  signal: AbortSignal
  /** seconds; only differences count */
  now?: () => number
}

/**
 * @throws {TesseraError} TRAINING_NOT_READY, TRAINING_BATCH_TOO_LARGE, see checkData.ts; TRAINING_DIVERGED, see
 * divergence.ts; CHECKPOINT_BROKEN when the folder holds a checkpoint of another run; MODEL_WEIGHTS_MISMATCH; NETWORK_INVALID,
 * ENGINE_FAILED, DISK_FULL; DEVICE_LOST after a checkpoint of where it stood
 */
export async function* trainLoop(
  order: TrainingOrder,
  data: TrainingData,
  { backend, signal, now = () => performance.now() / 1000 }: LoopOptions,
): AsyncGenerator<TrainingNews> {
  await mkdir(order.folder, { recursive: true }).catch((error: unknown) => {
    throw fileError(order.folder, error)
  })
  checkData(order, data)
  const trainer = await backend.createTrainer(order.network, order.batchSize)
  try {
    const found = await readCheckpoint(order.folder, 'latest')
    const run = runOf(order, data, backend, trainer, found?.normalisation ?? null, now)
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
  const schedule = scheduleOf(order.recipe.schedule, order.learningRate, steps)
  const curve = lossCurve(order.batchSize, steps, now)
  const trainedOn = continuedOn(found, run.backend.info)
  const state: Checkpoint = { ...found, history: [...found.history], trainedOn }
  const started = now() - found.seconds
  let saved = now()

  const save = async (name: CheckpointName = 'latest', heldOut: Float32Array | null = null): Promise<TrainingNews> => {
    state.seconds = now() - started
    await writeCheckpoint(order.folder, name, { ...state, heldOut })
    saved = now()
    return { kind: 'checkpoint', step: state.step }
  }
  const here = () => ({ step: state.step, epoch: (state.step * order.batchSize) / patches })
  const tell = <P extends TrainingPoint>(point: P): P => {
    state.history.push(point)
    return point
  }
  const lost = (loss: number, what: string) =>
    divergedError(state.step, loss, what, order.learningRate, order.recipe.clipNorm !== null)

  const { normalisation } = run
  yield { kind: 'steps-found', steps, stepsPerEpoch: perEpoch, normalisation, step: state.step, history: found.history }
  if (state.step === 0) yield await save()

  let early = isPatienceOver(state, order.recipe.patience)
  while (state.step < steps && !early && !signal.aborted) {
    const learningRate = schedule(state.step)
    let result
    try {
      result = await trainStep(run, state, state.step, learningRate)
    } catch (error) {
      // The step changed nothing yet: what was learned so far is whole, and the run goes on from here.
      if (isTesseraError(error, 'DEVICE_LOST')) yield await save()
      throw error
    }
    const { loss, gradientNorm } = result
    if (!Number.isFinite(loss)) throw lost(loss, `the loss became ${loss}`)
    if (!Number.isFinite(gradientNorm)) throw lost(loss, `the gradient became ${gradientNorm}`)
    state.step++
    state.watch = watchLoss(state.watch, loss)
    if (hasExploded(state.watch, order.classes.length))
      throw lost(loss, `the loss rose from ${state.watch.start.toFixed(2)} to ${state.watch.recent.toFixed(2)}`)
    const milestone = isMilestone(state.step, steps, interval)
    const means = curve(result, milestone)
    if (means) yield tell({ kind: 'training', ...here(), learningRate, ...means })

    if (milestone && data.validation) {
      const { loss, evaluation, probabilities } = await validateNow(run, modelWeights(state), data.validation)
      if (!evaluation) throw lost(loss, `the loss of the held-out patches became ${loss}`)
      const best = state.best === null || loss < state.best.loss
      if (best) state.best = { step: state.step, loss }
      const told = tell({ kind: 'validation', ...here(), loss, evaluation, best })
      if (best) await save('best', probabilities)
      yield await save()
      yield told
      early = isPatienceOver(state, order.recipe.patience)
    } else if (now() - saved >= order.checkpointSeconds) yield await save()
  }

  yield await save()
  const { step, seconds } = state
  yield { kind: 'finished', step, stopped: step < steps && !early, early, bestStep: state.best?.step ?? step, seconds }
}

/** What has trained the network so far, and what does from here on. */
function continuedOn({ trainedOn, step }: Checkpoint, { device, provider }: BackendInfo): TrainedOn[] {
  const before = trainedOn.filter(({ fromStep }) => fromStep < step || fromStep === 0)
  const last = before.at(-1)
  if (last?.device === device && last.provider === provider) return before
  return [...before.filter(({ fromStep }) => fromStep < step), { device, provider, fromStep: step }]
}

/** As many validations as patience lasts have come since the best. Follows from the history, so a resumed run ends alike. */
function isPatienceOver({ history, best, step, steps }: Checkpoint, patience: number | null): boolean {
  if (patience === null || best === null || step >= steps) return false
  return history.filter((point) => point.kind === 'validation' && point.step > best.step).length >= patience
}
