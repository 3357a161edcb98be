/** The encoders of a project: those that come with Tessera, layers of its own models, ONNX files of other programs. */
import path from 'node:path'
import { v7 as uuidv7 } from 'uuid'
import type { FileHandle } from '../../src-shared/app.ts'
import { tesseraError } from '../../src-shared/errors.ts'
import type { Encoder, EncoderOrigin, EncoderWords } from '../../src-shared/features.ts'
import { EncoderId, type ModelId } from '../../src-shared/ids.ts'
import { readEncoderFile } from '../features/encoderFile.ts'
import { openEncoderFile, type ReadyEncoder, type ReadSourcePixels } from '../features/extract.ts'
import type { WorkerHost } from '../jobs/workerHost.ts'
import { type EngineClient, withEngine } from '../nn/engine.ts'
import type { Store } from '../store/database.ts'
import { findEncoder, insertEncoder, listEncoders, type StoredEncoder } from './featureRows.ts'
import { sameEncoder } from './sameEncoder.ts'

export type EncoderListDependencies = {
  store: Store
  workerHost: WorkerHost
  readPixels: ReadSourcePixels
  pathOf: (handle: FileHandle) => string
  weightsOf: (model: ModelId) => string
  /** The file of an encoder or model that comes with Tessera. @throws MODEL_UNKNOWN */
  shippedFile: (key: string) => Promise<string>
  featuresFolder: string
  publish: (name: 'encoders.changed', body: { changed: Encoder[] }) => void
}

export type NewEncoder =
  | { kind: 'shipped'; key: string }
  | { kind: 'model'; model: ModelId }
  | { kind: 'file'; file: FileHandle }

export interface EncoderList {
  all(): Encoder[]
  /** @throws {TesseraError} ENCODER_UNKNOWN */
  byId(encoder: EncoderId): Encoder
  add(from: NewEncoder, words: EncoderWords): Promise<Encoder>
  /** Where its weights lie. @throws {TesseraError} ENCODER_UNKNOWN, also where only its features are here */
  fileOf(encoder: EncoderId): Promise<string>
  /**
   * An encoder, open while `work` runs.
   * @param scratch a folder of the caller's, for pixels on their way
   * @throws {TesseraError} ENCODER_UNKNOWN, FILE_NOT_FOUND, ENCODER_CHANGED when its weights are not those it was added with
   */
  withOpen<T>(
    encoder: EncoderId,
    scratch: string,
    work: (ready: ReadyEncoder, engine: EngineClient) => Promise<T>,
  ): Promise<T>
}

export function createEncoderList(dependencies: EncoderListDependencies): EncoderList {
  const { store, workerHost, readPixels, pathOf, weightsOf, shippedFile, publish } = dependencies

  const stored = (encoder: EncoderId): StoredEncoder => {
    const found = findEncoder(store.read, encoder)
    if (!found) throw tesseraError('ENCODER_UNKNOWN', 'There is no such encoder in this project.', { encoder })
    return found
  }
  const fileOf = async (origin: EncoderOrigin): Promise<string> => {
    switch (origin.kind) {
      case 'shipped':
        return shippedFile(origin.key)
      case 'model':
        return weightsOf(origin.model)
      case 'file':
        return origin.path
      case 'elsewhere':
        throw tesseraError(
          'ENCODER_UNKNOWN',
          'Only features of this encoder are here, read from a file; its weights are not. Extract with the program they come from, or add the encoder by its ONNX file.',
          { encoder: 'elsewhere' },
        )
    }
  }

  return {
    all: () => listEncoders(store.read).map(shown),
    byId: (encoder) => shown(stored(encoder)),
    fileOf: (encoder) => fileOf(stored(encoder).origin),
    async add(from, words) {
      const origin: EncoderOrigin = from.kind === 'file' ? { kind: 'file', path: pathOf(from.file) } : from
      const file = await fileOf(origin)
      const card = await withEngine(workerHost, async (engine) => {
        const described = await readEncoderFile(engine, file, words)
        const scratch = path.join(dependencies.featuresFolder, 'trial')
        return (await openEncoderFile(engine, readPixels, described, scratch)).card
      })
      const known = listEncoders(store.read).find((each) => sameEncoder(each.card, card))
      if (known) return shown(known)
      const id = EncoderId.parse(uuidv7())
      const layer = words.layer ?? null
      store.transaction('encoders.add', (db) => insertEncoder(db, { id, origin, layer, card }))
      const added = shown(stored(id))
      publish('encoders.changed', { changed: [added] })
      return added
    },
    async withOpen(encoder, scratch, work) {
      const { origin, layer, card } = stored(encoder)
      const file = await fileOf(origin)
      return withEngine(workerHost, async (engine) => {
        const { name, input, normalisation, saidBy, made } = card
        const kind = card.kind === 'tessera' ? 'tessera' : 'onnx'
        const described = { name, kind, file, layer, input, normalisation, saidBy, made } as const
        const ready = await openEncoderFile(engine, readPixels, described, scratch)
        const [expected, actual] = [card.weights.sha256, ready.card.weights.sha256]
        if (expected !== actual)
          throw tesseraError(
            'ENCODER_CHANGED',
            `“${file}” is not the file “${name}” was added from: its SHA-256 begins with ${actual.slice(0, 12)}, ${expected.slice(0, 12)} was expected. Features of two encoders must not be mixed: put the file back, or add this one as another encoder.`,
            { file, expected, actual },
          )
        return work(ready, engine)
      })
    },
  }
}

const shown = ({ layer: _layer, ...encoder }: StoredEncoder): Encoder => encoder
