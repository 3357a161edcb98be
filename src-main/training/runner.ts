/**
 * The job that trains: read the patches, let the engine train, keep its curve, write the model and its card.
 *
 * It can be stopped at any moment and goes on where it stood: pixels are read once, the engine writes checkpoints, and
 * what was fixed at the start (patches, sides, settings, seed) is in the database.
 */
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { v7 as uuidv7 } from 'uuid'
import { type DeviceName, deviceFacts, type DeviceTest } from '../../src-shared/devices.ts'
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
import { noneReadable, unreadInWords } from '../patches/unread.ts'
import { type EngineClient, withEngine } from '../nn/engine.ts'
import type { Devices } from '../nn/devices.ts'
import type { TrainedOn, TrainingOrder } from '../nn/engineContract.ts'
import type { Store } from '../store/database.ts'
import { beginningsOf, type EarlierModels } from './beginning.ts'
import { type CardFacts, cardOf } from './card.ts'
import { type Measured, measureHeldOut } from './heldOut.ts'
import { leaveOutUnread } from './leaveOutUnread.ts'
import { commonInput, type CommonInput } from './labelledPatches.ts'
import { type Beginning, orderOf } from './order.ts'
import { type PartResult, seedOfMember, trainFolds, trainMembers } from './partRuns.ts'
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
import { type PartKind, trainPart } from './trainPart.ts'

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
  /** one for each member of an ensemble, else one */
  beginnings: readonly [Beginning, ...Beginning[]]
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
    const beginnings = beginningsOf(run.settings, input, run.classNames, dependencies)
    return { run, folder: folderOf(id), input, beginnings, sides }
  }

  return {
    unit: 'steps',
    canPause: true,
    heavy: true,
    discard: (params) => removeRunFiles(folderOf((params as TrainingParams).run)),
    async run(params, control) {
      await readBothSides(dependencies, prepare(params), control)
      if (control.signal.aborted) return
      const prepared = prepare(params) // anew, because patches that could not be read have left
      await dependencies.devices.run(
        {
          work: 'train',
          test(engine, device, timed) {
            control.report({ phase: `testing ${deviceFacts[device].label} on the first batch` })
            return testNetworks(engine, prepared, device, timed)
          },
          say: control.log,
          signal: control.signal,
        },
        (device) =>
          withEngine(workerHost, async (engine) => {
            const { folds, members } = prepared.run.settings
            const train = folds === null && members === null ? trainWhole : trainInParts
            const trained = await train(dependencies, prepared, engine, device, control)
            if (trained) await keepModel(dependencies, prepared, engine, trained)
          }),
      )
      if (!control.signal.aborted) await removeRunFiles(prepared.folder)
    },
  }
}

async function readBothSides(
  dependencies: TrainingRunnerDependencies,
  { run, folder, input, sides }: Prepared,
  control: JobControl,
): Promise<void> {
  const { readPixels, store, tellRun, sourceById, nameOfSource } = dependencies
  for (const side of ['training', 'validation'] as const) {
    const total = sides[side].reduce((sum, part) => sum + part.patch.length, 0)
    if (total === 0) continue
    const what = side === 'training' ? 'patches to train on' : 'held-out patches'
    await gatherPixels(readPixels, folder, side, sides[side], input, {
      signal: control.signal,
      onProgress: (done) => control.report({ phase: `reading ${what}: ${Math.floor((100 * done) / total)} %` }),
      leaveOut(unread) {
        const wanted = side === 'training' ? 'labelled to train on' : 'labelled and held out'
        for (const { source, patch } of unread) {
          const asked = sides[side].find((part) => part.source === source)!.patch.length
          if (patch.length === asked) throw noneReadable(nameOfSource(source), wanted, asked)
          control.log(unreadInWords(sourceById(source), nameOfSource(source), wanted, patch, asked))
        }
        store.transaction('training.leaveOutUnread', (db) => leaveOutUnread(db, run.id, side, unread))
        tellRun(findRun(store.read, run.id)!)
      },
    })
    if (control.signal.aborted) return
  }
}

/** The first batch of every network of a run; folds have the same network and batch. */
async function testNetworks(
  engine: EngineClient,
  prepared: Prepared,
  device: DeviceName,
  timed: boolean,
): Promise<DeviceTest> {
  const all: DeviceTest = { fault: null, comparisons: [], seconds: timed ? { cpu: 0, device: 0 } : null }
  for (const [member, beginning] of prepared.beginnings.entries()) {
    const order = { ...wholeOrder(prepared, beginning), seed: seedOfMember(prepared.run.settings.seed, member), device }
    const one = await engine.call('engine.testTraining', { order, timed })
    if (one.fault) return one
    all.comparisons.push(...one.comparisons)
    if (all.seconds && one.seconds)
      all.seconds = { cpu: all.seconds.cpu + one.seconds.cpu, device: all.seconds.device + one.seconds.device }
  }
  return all
}

/** What the engine is asked to do with all patches at once. */
function wholeOrder({ run, folder, sides }: Prepared, beginning: Beginning): TrainingOrder {
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
  const order = { ...wholeOrder(prepared, prepared.beginnings[0]), device }
  const finished = await trainPart(dependencies, { run, order, part: null }, engine, control)
  if (!finished) return null
  const write = (file: string, metadata: Record<string, string>) =>
    engine.call('engine.exportModel', { folder: order.folder, file, metadata })
  // Written twice: what the card says of the network is known only once its weights are there.
  const draft = path.join(folder, 'draft.onnx')
  const facts = await write(draft, {})
  const best = listPoints(dependencies.store.read, run.id).find(
    (point) => point.kind === 'validation' && point.step === finished.news.bestStep,
  )
  let measured: Measured | null =
    best?.kind === 'validation' && facts.heldOut ? { probabilities: facts.heldOut, evaluation: best.evaluation } : null
  if (order.testTime !== 'none' && order.validation) {
    // On its way each patch was looked at once; the figure of the model is of how it will look.
    control.report({ phase: 'measuring as it will be used' })
    const how = { file: draft, normalisation: facts.normalisation, testTime: order.testTime, device }
    measured = await measureHeldOut(engine, how, order.validation, run.classNames, control.signal)
    if (!measured) return null
  }
  return {
    ...facts,
    ...finished,
    trainedOn: [facts.trainedOn],
    epochs: (finished.news.step * run.settings.batchSize) / run.split.training.patches,
    validation: measured?.evaluation ?? null,
    heldOut: measured && { side: 'validation', probabilities: measured.probabilities },
    members: [],
    write,
  }
}

/**
 * “CPU (CPUExecutionProvider)”, or with steps where a run went on elsewhere; of folds or members that differ, each.
 * @param networks what trained each of them
 */
export function devicesInWords(networks: readonly (readonly TrainedOn[])[], part: PartKind = 'fold'): string {
  const each = networks.map((trainedOn) =>
    trainedOn
      .map(({ device, provider, fromStep }, place) =>
        place === 0 ? `${device} (${provider})` : `from step ${fromStep} ${device} (${provider})`,
      )
      .join(', '),
  )
  return new Set(each).size === 1 ? each[0]! : each.map((words, place) => `${part} ${place + 1}: ${words}`).join('; ')
}

/** Its folds or members one after the other, and then all of them as one model. */
async function trainInParts(
  dependencies: TrainingRunnerDependencies,
  { run, folder, beginnings, sides }: Prepared,
  engine: EngineClient,
  device: DeviceName,
  control: JobControl,
): Promise<Trained | null> {
  const isEnsemble = run.settings.members !== null
  const train = isEnsemble ? trainMembers : trainFolds
  const trained = await train(dependencies, { run, folder, beginnings, sides, device }, engine, control)
  if (!trained) return null
  const { parts, files, measured } = trained
  const most = (of: (part: PartResult) => number) => Math.max(...parts.map(of))
  const total = (of: (part: PartResult) => number) => parts.reduce((sum, part) => sum + of(part), 0)
  const { name, seed } = run.settings
  return {
    normalisation: parts[0]!.normalisation,
    parameters: total((part) => part.parameters),
    receptiveFieldPx: most((part) => part.receptiveFieldPx),
    steps: most((part) => part.steps),
    trainedOn: parts.map((part) => part.trainedOn),
    epochs: most((part) => part.epochs),
    news: {
      step: most((part) => part.step),
      early: parts.every((part) => part.early),
      bestStep: most((part) => part.bestStep),
      seconds: total((part) => part.seconds),
    },
    validation: measured?.evaluation ?? null,
    heldOut: measured && { side: isEnsemble ? 'validation' : 'training', probabilities: measured.probabilities },
    members: parts.map(({ id, sha256, evaluation: validation, steps }, i) => {
      const facts = { id, sha256, validation, steps }
      if (!isEnsemble) return { ...facts, name: `${name}, fold ${i + 1}`, seed, description: null }
      const description = beginnings[i]!.network
      const own = `${name}, member ${i + 1} (${description.name})`
      return { ...facts, name: own, seed: seedOfMember(seed, i), description }
    }),
    write: (file, metadata) =>
      engine.call('engine.exportEnsemble', {
        members: parts.map((part, i) => ({ file: files[i]!, normalisation: part.normalisation })),
        name,
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
  const { folder, input, sides, beginnings } = prepared
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
    network: { description: beginnings[0].network, parameters, receptiveFieldPx },
    data: { hash: await dataHash(folder, sides), sources: [...sources].map(nameOfSource) },
    start: startInCard(run, dependencies),
    versions: {
      tessera: version,
      engine: `${info.name} ${info.version}`,
      device: devicesInWords(trainedOn, run.settings.members === null ? 'fold' : 'member'),
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
