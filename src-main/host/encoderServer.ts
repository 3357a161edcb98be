/** The engine process's side of encoders: files looked at, encoders opened, patches encoded, classifiers fitted. */
import { createHash } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { messageOf, tesseraError } from '../../src-shared/errors.ts'
import type { Handlers } from '../../src-shared/wire/contract.ts'
import { readFeatures } from '../features/featureFile.ts'
import { fileError } from '../files/fileErrors.ts'
import type { Backend } from '../nn/backend.ts'
import { imageInput, openEncoder } from '../nn/backendEncoder.ts'
import { type encoderCalls, type encoderStreams, OpenEncoderId } from '../nn/encoderContract.ts'
import { nearestRows } from '../nn/backendSearch.ts'
import { decodeModel } from '../nn/graph/onnx.ts'
import { isOwnModel } from '../nn/graph/innerValue.ts'
import type { FindNeighbours } from '../probes/knn.ts'
import { runProbes } from '../probes/runProbes.ts'
import { type Lanes, predictLanes } from '../training/predictLanes.ts'

type EncoderHandlers = Handlers<{ calls: typeof encoderCalls; streams: typeof encoderStreams; events: {} }>

/** Above this each thread's own copy of the weights costs more memory than it saves time: one session on all threads. */
const COPIED_UP_TO = 256 * 1024 ** 2

/** @param backend on the processor, with as many threads as it likes unless said otherwise */
export function encoderServer(backend: (threads?: number) => Backend): EncoderHandlers {
  const open = new Map<OpenEncoderId, { lanes: Lanes; dimensions: number; file: string }>()
  let opened = 0
  return {
    calls: {
      'engine.inspectEncoder': inspect,
      async 'engine.openEncoder'(order) {
        const { threads } = backend().info
        const { size } = await fileFacts(order.file)
        const lanesWanted = size > COPIED_UP_TO ? 1 : threads
        const { graph, predictor, dimensions, layer, pooling, bytes } = await openEncoder(order, threads / lanesWanted)
        const how = { normalisation: order.normalisation, testTime: 'none' as const }
        const lanes = predictLanes(predictor, lanesWanted, { encoder: graph, how })
        const encoder = OpenEncoderId.parse(++opened)
        open.set(encoder, { lanes, dimensions, file: order.file })
        const sha256 = createHash('sha256').update(bytes).digest('hex')
        return { encoder, layer, pooling, dimensions, sha256, bytes: bytes.length }
      },
      async 'engine.encode'({ encoder, file, patches, numbers }) {
        const found = open.get(encoder)
        if (!found)
          throw tesseraError('MODEL_UNKNOWN', 'This encoder is no longer open in the engine. Start again.', {
            model: String(encoder),
          })
        const features = await found.lanes.predict({ file, patches, first: 0, count: patches })
        const place = features.findIndex((each) => !Number.isFinite(each))
        if (place < 0) return { features }
        const row = Math.floor(place / found.dimensions)
        const patch = numbers[row] ?? row
        throw tesseraError(
          'MODEL_OUTPUT_INVALID',
          `“${found.file}” gives no features for patch ${patch}: feature ${place % found.dimensions} is ${features[place]}. Its weights are damaged, or its input is not normalised as it expects.`,
          { model: found.file, patch },
        )
      },
    },
    streams: {
      async *'engine.probe'({ dimensions, classes, training, test, settings }, signal) {
        const matrix = async (file: string, rows: number) => ({
          values: await readFeatures(file, rows, dimensions),
          rows,
          columns: dimensions,
        })
        const work = {
          classes,
          training: { ...training, features: await matrix(training.file, training.classOf.length) },
          test: { ...test, features: await matrix(test.file, test.classOf.length) },
          settings,
        }
        const { threads } = backend().info
        // A head is so small that threads would only wait for each other.
        const engine = {
          backend: backend(1),
          neighbours: (...[base, queries, k]: Parameters<FindNeighbours>) => nearestRows(base, queries, k, threads),
        }
        yield* runProbes(engine, work, signal)
      },
    },
  }
}

/** @throws {TesseraError} FILE_NOT_FOUND and its like; MODEL_FILE_BROKEN */
const inspect: EncoderHandlers['calls']['engine.inspectEncoder'] = async ({ file }) => {
  const bytes = await readFile(file).catch((error: unknown) => {
    throw fileError(file, error)
  })
  try {
    const model = decodeModel(bytes)
    return {
      own: isOwnModel(model),
      axes: imageInput(model).axes,
      metadata: Object.fromEntries(model.metadataProps.map(({ key, value }) => [key, value])),
    }
  } catch (error) {
    const reason = messageOf(error)
    throw tesseraError(
      'MODEL_FILE_BROKEN',
      `“${file}” can not be used as an encoder: ${reason}.`,
      { file, reason },
      { cause: error },
    )
  }
}

/** @throws {TesseraError} FILE_NOT_FOUND and its like */
const fileFacts = (file: string) =>
  stat(file).catch((error: unknown) => {
    throw fileError(file, error)
  })
