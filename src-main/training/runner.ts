/**
 * The job that trains: read the patches, let the engine train, keep its curve, write the model and its card.
 *
 * It can be stopped at any moment and goes on where it stood: pixels are read once, the engine writes checkpoints, and
 * what was fixed at the start (patches, sides, settings, seed) is in the database.
 */
import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { v7 as uuidv7 } from 'uuid'
import { type DeviceName, deviceFacts } from '../../src-shared/devices.ts'
import { tesseraError } from '../../src-shared/errors.ts'
import { ModelId, RunId } from '../../src-shared/ids.ts'
import type { PatchClass } from '../../src-shared/labels.ts'
import type { PatchSource } from '../../src-shared/patches.ts'
import type { SourceId } from '../../src-shared/ids.ts'
import type { TrainingPoint, TrainingRun } from '../../src-shared/training.ts'
import { fileError } from '../files/fileErrors.ts'
import type { JobControl, JobRunner } from '../jobs/queue.ts'
import type { WorkerHost } from '../jobs/workerHost.ts'
import { CARD_KEY, cardText, weightsFile, writeCard } from '../models/modelFiles.ts'
import { presetNetwork } from '../models/presets.ts'
import { insertModel } from '../models/rows.ts'
import { type EngineClient, withEngine } from '../nn/engine.ts'
import type { Devices } from '../nn/devices.ts'
import type { TrainedOn, TrainingNews, TrainingOrder } from '../nn/engineContract.ts'
import type { Store } from '../store/database.ts'
import { cardOf } from './card.ts'
import { commonInput, type CommonInput } from './labelledPatches.ts'
import { RECIPE } from './recipe.ts'
import { checkpointFolder, dataHash, gatherPixels, pixelFile, type ReadPixels, removeRunFiles } from './runFiles.ts'
import { findRun, forgetPointsAfter, listPoints, type RunPatches, runPatches, savePoint, saveSteps } from './rows.ts'

export type TrainingRunnerDependencies = {
  store: Store
  workerHost: WorkerHost
  devices: Devices
  readPixels: ReadPixels
  sourceById: (source: SourceId) => PatchSource
  nameOfSource: (source: SourceId) => string
  classes: () => PatchClass[]
  runsFolder: string
  modelsFolder: string
  version: string
  tellPoints: (run: RunId, points: TrainingPoint[]) => void
  tellRun: (run: TrainingRun) => void
  tellModel: (model: ModelId) => void
}

export type TrainingParams = { run: RunId }

type Prepared = {
  run: TrainingRun
  folder: string
  input: CommonInput
  sides: { training: RunPatches[]; validation: RunPatches[] }
}

export function trainingRunner(dependencies: TrainingRunnerDependencies): JobRunner {
  const { store, workerHost, runsFolder } = dependencies
  const folderOf = (run: RunId) => path.join(runsFolder, run)

  const prepare = (params: unknown): Prepared => {
    const id = RunId.parse((params as TrainingParams).run)
    const run = findRun(store.read, id)
    if (!run) throw tesseraError('RUN_UNKNOWN', 'The training run of this job is not in the project.', { run: id })
    const sides = {
      training: runPatches(store.read, id, 'training'),
      validation: runPatches(store.read, id, 'validation'),
    }
    const sources = [...new Set([...sides.training, ...sides.validation].map((part) => part.source))]
    const input = commonInput(sources.map(dependencies.sourceById))
    if ('reason' in input) throw tesseraError('TRAINING_NOT_READY', input.reason, { reasons: [input.reason] })
    return { run, folder: folderOf(id), input, sides }
  }

  return {
    unit: 'steps',
    canPause: true,
    heavy: true,
    discard: (params) => removeRunFiles(folderOf((params as TrainingParams).run)),
    async run(params, control) {
      const prepared = prepare(params)
      await readBothSides(dependencies, prepared, control)
      if (control.signal.aborted) return
      await dependencies.devices.run(
        {
          work: 'train',
          test(engine, device, timed) {
            control.report({ phase: `testing ${deviceFacts[device].label} on the first batch` })
            return engine.call('engine.testTraining', { order: { ...orderOf(prepared), device }, timed })
          },
          say: control.log,
          signal: control.signal,
        },
        (device) =>
          withEngine(workerHost, async (engine) => {
            const finished = await train(dependencies, prepared, engine, device, control)
            if (finished) await keepModel(dependencies, prepared, engine, finished)
          }),
      )
      if (!control.signal.aborted) await removeRunFiles(prepared.folder)
    },
  }
}

async function readBothSides(
  { readPixels }: TrainingRunnerDependencies,
  { folder, input, sides }: Prepared,
  control: JobControl,
): Promise<void> {
  for (const side of ['training', 'validation'] as const) {
    const total = sides[side].reduce((sum, part) => sum + part.patch.length, 0)
    if (total === 0) continue
    const what = side === 'training' ? 'patches to train on' : 'held-out patches'
    await gatherPixels(readPixels, folder, side, sides[side], input, {
      signal: control.signal,
      onProgress: (done) => control.report({ phase: `reading ${what}: ${Math.floor((100 * done) / total)} %` }),
    })
    if (control.signal.aborted) return
  }
}

/** What the engine is asked to do; the device is chosen for it. */
function orderOf({ run, folder, input, sides }: Prepared): TrainingOrder {
  const { settings } = run
  const labelled = (side: 'training' | 'validation') => ({
    file: pixelFile(folder, side),
    classOf: joined(sides[side]),
  })
  return {
    network: presetNetwork(settings.network, input.channels, input.edgePx, run.classNames.length),
    classes: run.classNames,
    training: labelled('training'),
    validation: sides.validation.length > 0 ? labelled('validation') : null,
    normalisation: null,
    length: run.steps === null ? settings.length : { kind: 'steps', steps: run.steps },
    learningRate: settings.learningRate,
    weightDecay: RECIPE.weightDecay,
    labelSmoothing: RECIPE.labelSmoothing,
    batchSize: settings.batchSize,
    augmentation: settings.augmentation,
    balanced: settings.balanced,
    seed: settings.seed,
    folder: checkpointFolder(folder),
  }
}

type Finished = { news: Extract<TrainingNews, { kind: 'finished' }>; steps: number }

/** @returns null when it was asked to stop before the end */
async function train(
  { store, tellPoints, tellRun }: TrainingRunnerDependencies,
  prepared: Prepared,
  engine: EngineClient,
  device: DeviceName,
  control: JobControl,
): Promise<Finished | null> {
  const { run, folder } = prepared
  const checkpoints = checkpointFolder(folder)
  const training = device === 'cpu' ? 'training' : `training on ${deviceFacts[device].label}`
  const stop = () => void engine.call('engine.stopTraining', { folder: checkpoints }).catch(() => undefined) // the stream tells how it ended
  control.signal.addEventListener('abort', stop)
  control.report({ phase: existsSync(checkpoints) ? 'going on from the last checkpoint' : 'starting the engine' })
  let steps = 0
  try {
    const news = engine.stream('engine.train', { ...orderOf(prepared), device })
    for await (const item of news) {
      switch (item.kind) {
        case 'steps-found':
          steps = item.steps
          store.transaction('training.stepsFound', (db) => {
            saveSteps(db, run.id, item.steps, item.stepsPerEpoch)
            forgetPointsAfter(db, run.id, item.step)
            for (const point of item.history) savePoint(db, run.id, point)
          })
          control.report({ done: item.step, total: item.steps, phase: training })
          tellRun(findRun(store.read, run.id)!)
          break
        case 'training':
        case 'validation':
          store.transaction('training.point', (db) => savePoint(db, run.id, item))
          tellPoints(run.id, [item])
          control.report({ done: item.step, phase: item.kind === 'validation' ? 'measuring' : training })
          break
        case 'checkpoint':
          control.log(`checkpoint at step ${item.step}`)
          break
        case 'finished':
          return item.stopped ? null : { news: item, steps }
      }
    }
  } finally {
    control.signal.removeEventListener('abort', stop)
  }
  throw tesseraError(
    'ENGINE_FAILED',
    'The engine stopped without saying how the training ended. Resume the job to go on from its last checkpoint.',
    { reason: 'no end' },
  )
}

/** “CPU (CPUExecutionProvider)”, or with steps where a run went on elsewhere. */
const devicesInWords = (trainedOn: readonly TrainedOn[]): string =>
  trainedOn
    .map(({ device, provider, fromStep }, place) =>
      place === 0 ? `${device} (${provider})` : `from step ${fromStep} ${device} (${provider})`,
    )
    .join(', ')

const joined = (parts: readonly RunPatches[]): Uint16Array => {
  const all = new Uint16Array(parts.reduce((sum, part) => sum + part.target.length, 0))
  let at = 0
  for (const { target } of parts) {
    all.set(target, at)
    at += target.length
  }
  return all
}

async function keepModel(
  dependencies: TrainingRunnerDependencies,
  prepared: Prepared,
  engine: EngineClient,
  { news, steps }: Finished,
): Promise<void> {
  const { store, modelsFolder, classes, nameOfSource, version, tellModel, tellRun } = dependencies
  const { folder, input, sides } = prepared
  const run = findRun(store.read, prepared.run.id)!
  const id = ModelId.parse(uuidv7())
  const inside = path.join(modelsFolder, id)
  await mkdir(inside, { recursive: true }).catch((error: unknown) => {
    throw fileError(inside, error)
  })
  const info = await engine.call('engine.info', undefined)
  const sources = new Set([...sides.training, ...sides.validation].map((part) => part.source))
  // Written twice: what the card says of the network is known only once its weights are there.
  const order = { folder: checkpointFolder(folder), file: weightsFile(inside) }
  const facts = await engine.call('engine.exportModel', { ...order, metadata: {} })
  const card = cardOf({
    model: id,
    run,
    classes: classes(),
    input,
    normalisation: facts.normalisation,
    network: {
      description: presetNetwork(run.settings.network, input.channels, input.edgePx, run.classNames.length),
      parameters: facts.parameters,
      receptiveFieldPx: facts.receptiveFieldPx,
    },
    data: { hash: await dataHash(folder, sides), sources: [...sources].map(nameOfSource) },
    steps,
    bestStep: news.bestStep,
    seconds: news.seconds,
    points: listPoints(store.read, run.id),
    versions: {
      tessera: version,
      engine: `${info.name} ${info.version}`,
      device: devicesInWords(facts.trainedOn),
      node: process.versions.node,
      threads: info.threads,
    },
  })
  const written = await engine.call('engine.exportModel', { ...order, metadata: { [CARD_KEY]: cardText(card) } })
  const final = { ...card, weights: { file: 'model.onnx', sha256: written.sha256, bytes: written.bytes } }
  await writeCard(order.file, final)
  store.transaction('training.keepModel', (db) => insertModel(db, { card: final, run: run.id, folder: id }))
  tellModel(id)
  tellRun(findRun(store.read, run.id)!)
}
