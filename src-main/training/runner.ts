/**
 * The job that trains: read the patches, let the engine train, keep its curve, write the model and its card.
 *
 * It can be stopped at any moment and goes on where it stood: pixels are read once, the engine writes checkpoints, and
 * what was fixed at the start (patches, sides, settings, seed) is in the database.
 */
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { v7 as uuidv7 } from 'uuid'
import { type DeviceName, deviceFacts } from '../../src-shared/devices.ts'
import { tesseraError } from '../../src-shared/errors.ts'
import { ModelId, RunId } from '../../src-shared/ids.ts'
import type { PatchClass } from '../../src-shared/labels.ts'
import type { ModelCard } from '../../src-shared/models.ts'
import type { PatchSource } from '../../src-shared/patches.ts'
import type { SourceId } from '../../src-shared/ids.ts'
import type { TrainingPoint, TrainingRun } from '../../src-shared/training.ts'
import { fileError } from '../files/fileErrors.ts'
import type { JobControl, JobRunner } from '../jobs/queue.ts'
import type { WorkerHost } from '../jobs/workerHost.ts'
import { CARD_KEY, cardInFile, weightsFile, writeCard } from '../models/modelFiles.ts'
import { insertModel } from '../models/rows.ts'
import { type EngineClient, withEngine } from '../nn/engine.ts'
import type { Devices } from '../nn/devices.ts'
import type { TrainedOn, TrainingOrder } from '../nn/engineContract.ts'
import type { Store } from '../store/database.ts'
import { beginningOf, type EarlierModels } from './beginning.ts'
import { type CardFacts, cardOf } from './card.ts'
import { type FoldResult, trainFolds } from './foldRuns.ts'
import { commonInput, type CommonInput } from './labelledPatches.ts'
import { type Beginning, orderOf } from './order.ts'
import {
  checkpointFolder,
  dataHash,
  gatherPixels,
  joinedTargets,
  pixelFile,
  type ReadPixels,
  removeRunFiles,
  type SideName,
} from './runFiles.ts'
import { insertHeldOut } from './heldOutRows.ts'
import { findRun, listPoints, type RunPatches, runPatches } from './rows.ts'
import { trainPart } from './trainPart.ts'

export type TrainingRunnerDependencies = EarlierModels & {
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
  beginning: Beginning
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
    const beginning = beginningOf(run.settings, input, run.classNames, dependencies)
    return { run, folder: folderOf(id), input, beginning, sides }
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
            return engine.call('engine.testTraining', { order: { ...wholeOrder(prepared), device }, timed })
          },
          say: control.log,
          signal: control.signal,
        },
        (device) =>
          withEngine(workerHost, async (engine) => {
            const train = prepared.run.settings.folds === null ? trainWhole : trainInFolds
            const trained = await train(dependencies, prepared, engine, device, control)
            if (trained) await keepModel(dependencies, prepared, engine, trained)
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

/** What the engine is asked to do with all patches at once; folds have the same network and batch. */
function wholeOrder({ run, folder, beginning, sides }: Prepared): TrainingOrder {
  const { settings } = run
  const labelled = (side: 'training' | 'validation') => ({
    file: pixelFile(folder, side),
    classOf: joinedTargets(sides[side]),
  })
  const length = run.steps === null ? settings.length : { kind: 'steps' as const, steps: run.steps }
  return orderOf({ ...settings, length }, run.classNames, beginning, {
    training: labelled('training'),
    validation: sides.validation.length > 0 ? labelled('validation') : null,
    folder: checkpointFolder(folder),
  })
}

/** @returns what the card says of how it went; null when it was asked to stop before the end */
async function trainWhole(
  dependencies: TrainingRunnerDependencies,
  prepared: Prepared,
  engine: EngineClient,
  device: DeviceName,
  control: JobControl,
): Promise<Trained | null> {
  const { run, folder } = prepared
  const order = { ...wholeOrder(prepared), device }
  const finished = await trainPart(dependencies, { run, order, fold: null, of: 1 }, engine, control)
  if (!finished) return null
  const best = listPoints(dependencies.store.read, run.id).find(
    (point) => point.kind === 'validation' && point.step === finished.news.bestStep,
  )
  const write = (file: string, metadata: Record<string, string>) =>
    engine.call('engine.exportModel', { folder: order.folder, file, metadata })
  // Written twice: what the card says of the network is known only once its weights are there.
  const facts = await write(path.join(folder, 'draft.onnx'), {})
  return {
    ...facts,
    ...finished,
    trainedOn: [facts.trainedOn],
    epochs: (finished.news.step * run.settings.batchSize) / run.split.training.patches,
    validation: best?.kind === 'validation' ? best.evaluation : null,
    heldOut: facts.heldOut && { side: 'validation', probabilities: facts.heldOut },
    members: [],
    write,
  }
}

/**
 * “CPU (CPUExecutionProvider)”, or with steps where a run went on elsewhere; of folds that differ, each.
 * @param networks what trained each of them
 */
export function devicesInWords(networks: readonly (readonly TrainedOn[])[]): string {
  const each = networks.map((trainedOn) =>
    trainedOn
      .map(({ device, provider, fromStep }, place) =>
        place === 0 ? `${device} (${provider})` : `from step ${fromStep} ${device} (${provider})`,
      )
      .join(', '),
  )
  return new Set(each).size === 1 ? each[0]! : each.map((words, fold) => `fold ${fold + 1}: ${words}`).join('; ')
}

/** Its folds one after the other, and then all of them as one model. */
async function trainInFolds(
  dependencies: TrainingRunnerDependencies,
  { run, folder, beginning, sides: { training } }: Prepared,
  engine: EngineClient,
  device: DeviceName,
  control: JobControl,
): Promise<Trained | null> {
  const folded = await trainFolds(dependencies, { run, folder, beginning, training, device }, engine, control)
  if (!folded) return null
  const { folds, files, evaluation, heldOut } = folded
  const most = (of: (fold: FoldResult) => number) => Math.max(...folds.map(of))
  const total = (of: (fold: FoldResult) => number) => folds.reduce((sum, fold) => sum + of(fold), 0)
  return {
    normalisation: folds[0]!.normalisation,
    parameters: total((fold) => fold.parameters),
    receptiveFieldPx: most((fold) => fold.receptiveFieldPx),
    steps: folds[0]!.steps,
    trainedOn: folds.map((fold) => fold.trainedOn),
    epochs: most((fold) => fold.epochs),
    news: {
      step: most((fold) => fold.step),
      early: folds.every((fold) => fold.early),
      bestStep: most((fold) => fold.bestStep),
      seconds: total((fold) => fold.seconds),
    },
    validation: evaluation,
    heldOut: { side: 'training', probabilities: heldOut },
    members: folds.map((fold, i) => ({
      id: fold.id,
      name: `${run.settings.name}, fold ${i + 1}`,
      sha256: fold.sha256,
      validation: fold.evaluation,
    })),
    write: (file, metadata) =>
      engine.call('engine.exportEnsemble', {
        members: folds.map((fold, i) => ({ file: files[i]!, normalisation: fold.normalisation })),
        name: run.settings.name,
        file,
        metadata,
      }),
  }
}

/** What a run has made, and how its file is written. */
type Trained = Pick<CardFacts, 'normalisation' | 'steps' | 'epochs' | 'news' | 'validation' | 'members'> & {
  parameters: number
  receptiveFieldPx: number
  /** what trained each of its networks */
  trainedOn: TrainedOn[][]
  /** what it said of its held-out patches, [patch, class], and the side they stand on; null where none were held out */
  heldOut: { side: SideName; probabilities: Float32Array } | null
  write: (file: string, metadata: Record<string, string>) => Promise<{ sha256: string; bytes: number }>
}

async function keepModel(
  dependencies: TrainingRunnerDependencies,
  prepared: Prepared,
  engine: EngineClient,
  { parameters, receptiveFieldPx, trainedOn, heldOut, write, ...trained }: Trained,
): Promise<void> {
  const { store, modelsFolder, classes, nameOfSource, version, tellModel, tellRun } = dependencies
  const { folder, input, sides, beginning } = prepared
  const run = findRun(store.read, prepared.run.id)!
  const id = ModelId.parse(uuidv7())
  const inside = path.join(modelsFolder, id)
  await mkdir(inside, { recursive: true }).catch((error: unknown) => {
    throw fileError(inside, error)
  })
  const info = await engine.call('engine.info', undefined)
  const sources = new Set([...sides.training, ...sides.validation].map((part) => part.source))
  const card = cardOf({
    ...trained,
    model: id,
    run,
    classes: classes(),
    input,
    network: { description: beginning.network, parameters, receptiveFieldPx },
    data: { hash: await dataHash(folder, sides), sources: [...sources].map(nameOfSource) },
    start: startInCard(run, dependencies),
    versions: {
      tessera: version,
      engine: `${info.name} ${info.version}`,
      device: devicesInWords(trainedOn),
      node: process.versions.node,
      threads: info.threads,
    },
  })
  const file = weightsFile(inside)
  const { sha256, bytes } = await write(file, { [CARD_KEY]: cardInFile(card) })
  const final = { ...card, weights: { file: 'model.onnx', sha256, bytes } }
  await writeCard(file, final)
  store.transaction('training.keepModel', (db) => {
    insertModel(db, { card: final, run: run.id, folder: id })
    if (heldOut) insertHeldOut(db, run.id, heldOut.side, sides[heldOut.side], heldOut.probabilities)
  })
  tellModel(id)
  tellRun(findRun(store.read, run.id)!)
}

/** What the card says of the model a run was fine-tuned from. */
function startInCard(
  { settings: { start } }: TrainingRun,
  { modelById }: EarlierModels,
): ModelCard['training']['start'] {
  if (!start) return null
  const { card, name } = modelById(start.model)
  return { id: start.model, name, sha256: card.weights.sha256, freeze: start.freeze, rateDecay: start.rateDecay }
}
