/** Encoders that come with the program: ONNX files with their cards in resources/encoders, by the name of the file. */
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { EncoderCard } from '../../src-shared/encoders.ts'
import { tesseraError } from '../../src-shared/errors.ts'
import { fileError } from '../files/fileErrors.ts'
import { cardFileOf } from '../models/modelFiles.ts'
import { shippedModels } from '../models/shipped.ts'

const ENDING = '.onnx'

type Shipped = { key: string; file: string; card: EncoderCard }

/** In the order of their names. @param folder a build without encoders has none */
export async function shippedEncoders(folder: string): Promise<Shipped[]> {
  if (!existsSync(folder)) return []
  const files = await readdir(folder).catch((error: unknown) => {
    throw fileError(folder, error)
  })
  return Promise.all(
    files
      .filter((name) => name.endsWith(ENDING))
      .toSorted()
      .map(async (name) => {
        const file = path.join(folder, name)
        const text = await readFile(cardFileOf(file), 'utf8').catch((error: unknown) => {
          throw fileError(cardFileOf(file), error)
        })
        return { key: name.slice(0, -ENDING.length), file, card: EncoderCard.parse(JSON.parse(text)) }
      }),
  )
}

/**
 * The file of an encoder, or of a model as one, by its name.
 * @param from where each kind lies
 * @throws {TesseraError} MODEL_UNKNOWN naming those there are
 */
export async function shippedEncoderFile(from: { encoders: string; models: string }, key: string): Promise<string> {
  const encoders = await shippedEncoders(from.encoders)
  const models = (await shippedModels(from.models)).map((model) => ({
    key: model.key,
    file: path.join(from.models, `${model.key}${ENDING}`),
  }))
  const all = [...encoders, ...models]
  const found = all.find((each) => each.key === key)
  if (found) return found.file
  throw tesseraError(
    'MODEL_UNKNOWN',
    `No encoder called “${key}” comes with Tessera. There are: ${all.map((each) => each.key).join(', ') || 'none'}.`,
    { model: key },
  )
}
