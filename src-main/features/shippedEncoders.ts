/** Encoders that come with the program: ONNX files with their cards in resources/encoders, by the name of the file. */
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { EncoderCard } from '../../src-shared/encoders.ts'
import { fileError } from '../files/fileErrors.ts'
import { cardFileOf } from '../models/modelFiles.ts'

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
