/** Models that come with the program: ONNX files with their cards in resources/models, by the name of the file. */
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { tesseraError } from '../../src-shared/errors.ts'
import { ModelCard, type ShippedModel } from '../../src-shared/models.ts'
import { fileError } from '../files/fileErrors.ts'
import { cardFileOf } from './modelFiles.ts'

const ENDING = '.onnx'

/** In the order of their names. @param folder a build without models has none */
export async function shippedModels(folder: string): Promise<ShippedModel[]> {
  if (!existsSync(folder)) return []
  const files = await readdir(folder).catch((error: unknown) => {
    throw fileError(folder, error)
  })
  return Promise.all(
    files
      .filter((file) => file.endsWith(ENDING))
      .toSorted()
      .map(async (file) => {
        const card = cardFileOf(path.join(folder, file))
        const text = await readFile(card, 'utf8').catch((error: unknown) => {
          throw fileError(card, error)
        })
        return { key: file.slice(0, -ENDING.length), card: ModelCard.parse(JSON.parse(text)) }
      }),
  )
}

/** @throws {TesseraError} MODEL_UNKNOWN naming those there are */
export async function shippedFile(folder: string, key: string): Promise<string> {
  const found = await shippedModels(folder)
  if (found.some((each) => each.key === key)) return path.join(folder, `${key}${ENDING}`)
  throw tesseraError(
    'MODEL_UNKNOWN',
    `No model called “${key}” comes with Tessera. There are: ${found.map((each) => each.key).join(', ') || 'none'}.`,
    { model: key },
  )
}
