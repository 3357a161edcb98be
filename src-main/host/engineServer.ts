/** The engine process's side of its contract: trainings, models to export, models open for prediction. */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { DeviceName } from '../../src-shared/devices.ts'
import { tesseraError } from '../../src-shared/errors.ts'
import type { Handlers, StreamItem } from '../../src-shared/wire/contract.ts'
import { evaluate } from '../evaluation/evaluate.ts'
import { measureNormalisation } from '../features/normalisation.ts'
import { openPixelFile, subset, WHOLE_UP_TO } from '../features/pixelFile.ts'
import type { PatchShape } from '../features/patchShape.ts'
import { previewAugmentation } from '../features/preview.ts'
import { fileError } from '../files/fileErrors.ts'
import { writeBytes } from '../files/writeFile.ts'
import type { Backend, Predictor } from '../nn/backend.ts'
import { testModelOn, testOnFirstBatch, testOnSmallNetwork } from '../training/deviceTest.ts'
import { OpenModel, type EngineContract, type LabelledFile, type TrainingOrder } from '../nn/engineContract.ts'
import { ensembleModel } from '../nn/ensemble.ts'
import { forwardModel } from '../nn/graph/forwardGraph.ts'
import { decodeModel } from '../nn/graph/onnx.ts'
import { networkShapes } from '../../src-shared/network/shapes.ts'
import type { LabelledPixels } from '../training/batches.ts'
import { checkpointBroken, checkpointFile, modelCheckpoint } from '../training/checkpoint.ts'
import { type Lanes, predictLanes } from '../training/predictLanes.ts'
import { searchRate } from '../training/rateSearch.ts'
import type { TrainingData } from '../training/step.ts'
import { trainLoop } from '../training/trainLoop.ts'
import { checkProbabilities } from '../training/validate.ts'
import { encoderServer } from './encoderServer.ts'
import { inspectionServer } from './inspectionServer.ts'

type News = StreamItem<EngineContract, 'engine.train'>
/** A training that runs, by the folder of its checkpoints. */
type Training = { stop: () => void; ended: Promise<void> }

/**
 * @param backendOn with as many threads as it likes unless said otherwise
 * @param listed the devices the runtime has a provider for
 */
export function engineServer(
  backendOn: (device: DeviceName, threads?: number) => Backend,
  listed: () => DeviceName[],
): Handlers<EngineContract> {
  const trainings = new Map<string, Training>()
  const models = new Map<OpenModel, { predictor: Predictor; lanes: Lanes; file: string }>()
  let opened = 0
  const encoders = encoderServer((threads) => backendOn('cpu', threads))
  const inspections = inspectionServer(backendOn('cpu').info.threads)
  const devicesFor = (name: DeviceName) => ({ name, device: backendOn(name), cpu: backendOn('cpu') })

  return {
    calls: {
      'engine.info': () => backendOn('cpu').info,
      'engine.devices': listed,
      'engine.testTraining': ({ order, timed }) =>
        withPixels(order, (data) => testOnFirstBatch(devicesFor(order.device ?? 'cpu'), order, data, timed)),
      'engine.testModel': ({ device, ...order }) => testModelOn(devicesFor(device), order),
      'engine.testDevice': ({ device }) => testOnSmallNetwork(devicesFor(device)),
      async 'engine.stopTraining'({ folder }) {
        const training = trainings.get(folder)
        training?.stop()
        await training?.ended
      },
      'engine.exportModel': exportModel,
      'engine.exportEnsemble': exportEnsemble,
      async 'engine.openModel'({ file, device = 'cpu', ...how }) {
        const bytes = await readWhole(file)
        const { threads } = backendOn('cpu').info
        const predictor = await backendOn(device, device === 'cpu' ? 1 : undefined).createPredictor(bytes, file)
        const lanes = predictLanes(predictor, device === 'cpu' ? threads : 1, { onnx: bytes, file, how })
        const model = OpenModel.parse(++opened)
        models.set(model, { predictor, lanes, file })
        const [channels, height, width] = predictor.input
        return {
          model,
          channels,
          height,
          width,
          classes: predictor.classes,
          sha256: sha256(bytes),
          metadata: metadataOf(bytes),
        }
      },
      async 'engine.predict'({ model, file, patches, first, count, rows, numbers }) {
        const open = models.get(model)
        if (!open)
          throw tesseraError(
            'MODEL_UNKNOWN',
            'This model is no longer open in the engine. Start the prediction again.',
            {
              model: String(model),
            },
          )
        if (first + count > (rows?.length ?? patches))
          throw tesseraError(
            'PATCH_UNKNOWN',
            `Patches ${first} to ${first + count - 1} were asked for, but “${file}” holds ${patches}.`,
            {
              source: file,
              patch: first + count - 1,
              patches,
            },
          )
        const probabilities = await open.lanes.predict({ file, patches, first, count, ...(rows ? { rows } : {}) })
        const numberOf = (row: number) => numbers?.[first + row] ?? rows?.[first + row] ?? first + row
        checkProbabilities(probabilities, open.predictor.classes, open.file, numberOf)
        return { probabilities }
      },
      'engine.evaluate': ({ probabilities, truth, classes }) => evaluate(probabilities, truth, classes),
      async 'engine.previewAugmentation'({ file, patches, edgePx, channels, augmentation, versions, seed }) {
        const pixels = await openPixelFile(file, patches, { channels, height: edgePx, width: edgePx }, WHOLE_UP_TO)
        try {
          return previewAugmentation(pixels, augmentation, measureNormalisation(pixels), versions, seed)
        } finally {
          await pixels.close()
        }
      },
      async 'engine.closeModel'({ model }) {
        await models.get(model)?.lanes.dispose()
        models.delete(model)
      },
      ...encoders.calls,
      ...inspections.calls,
    },
    streams: {
      ...encoders.streams,
      ...inspections.streams,
      'engine.findRate': (order, signal) =>
        withData(order, (data) => searchRate(order, data, { backend: backendOn('cpu'), signal })),
      async *'engine.train'(order, signal) {
        const stopping = new AbortController()
        const stop = () => stopping.abort()
        const { promise: ended, resolve: end } = Promise.withResolvers<void>()
        signal.addEventListener('abort', stop)
        trainings.set(order.folder, { stop, ended })
        const news = train(backendOn(order.device ?? 'cpu'), order, stopping.signal)
        try {
          for (let next = await news.next(); !next.done; next = await news.next()) yield next.value
        } finally {
          // Whoever listened may have left: the training still goes on to its checkpoint.
          stop()
          for (let rest = await news.next(); !rest.done;) rest = await news.next()
          trainings.delete(order.folder)
          end()
        }
      },
    },
  }
}

const train = (backend: Backend, order: TrainingOrder, signal: AbortSignal): AsyncGenerator<News> =>
  withData(order, (data) => trainLoop(order, data, { backend, signal }))

/** Opens the pixels of an order for as long as something is made of them. */
async function* withData<T>(order: TrainingOrder, use: (data: TrainingData) => AsyncGenerator<T>): AsyncGenerator<T> {
  const training = await labelledPixels(order.training, shapeOf(order))
  try {
    const validation = order.validation && (await labelledPixels(order.validation, shapeOf(order)))
    try {
      yield* use({ training, validation })
    } finally {
      await validation?.pixels.close()
    }
  } finally {
    await training.pixels.close()
  }
}

/** The patches to train on, open while `work` runs. */
async function withPixels<T>(order: TrainingOrder, work: (training: LabelledPixels) => Promise<T>): Promise<T> {
  const training = await labelledPixels(order.training, shapeOf(order))
  try {
    return await work(training)
  } finally {
    await training.pixels.close()
  }
}

const shapeOf = ({ network }: TrainingOrder): PatchShape => {
  const [channels, height, width] = network.input
  return { channels, height, width }
}

async function labelledPixels({ file, classOf, chosen }: LabelledFile, shape: PatchShape): Promise<LabelledPixels> {
  const whole = await openPixelFile(file, chosen?.patches ?? classOf.length, shape, WHOLE_UP_TO)
  return { pixels: chosen ? subset(whole, chosen.rows) : whole, classOf }
}

const exportModel: Handlers<EngineContract>['calls']['engine.exportModel'] = async ({ folder, file, metadata }) => {
  const checkpoint = await modelCheckpoint(folder)
  if (!checkpoint) throw checkpointBroken(checkpointFile(folder, 'latest'), 'there is none yet')
  const bytes = forwardModel(checkpoint.network, checkpoint.weights, metadata)
  await writeBytes(file, bytes)
  const { parameters, receptiveFieldPx } = networkShapes(checkpoint.network)
  const { step, normalisation, trainedOn, heldOut } = checkpoint
  return {
    sha256: sha256(bytes),
    bytes: bytes.length,
    step,
    trainedOn,
    parameters,
    receptiveFieldPx,
    normalisation,
    heldOut,
  }
}

const exportEnsemble: Handlers<EngineContract>['calls']['engine.exportEnsemble'] = async (order) => {
  const { members, name, file, metadata } = order
  const read = await Promise.all(members.map(async (member) => ({ ...member, onnx: await readWhole(member.file) })))
  const bytes = ensembleModel(read, name, metadata)
  await writeBytes(file, bytes)
  return { sha256: sha256(bytes), bytes: bytes.length }
}

/** @throws {TesseraError} FILE_NOT_FOUND, FILE_NO_PERMISSION */
const readWhole = (file: string): Promise<Uint8Array> =>
  readFile(file).catch((error: unknown) => {
    throw fileError(file, error)
  })

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

const metadataOf = (bytes: Uint8Array): Record<string, string> =>
  Object.fromEntries(decodeModel(bytes).metadataProps.map(({ key, value }) => [key, value]))
