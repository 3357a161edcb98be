/** The model or encoder a command is to use: a file, or the name of one that comes with the program. */
import { existsSync } from 'node:fs'
import path from 'node:path'
import { tesseraError } from '../../src-shared/errors.ts'
import { shippedEncoders } from '../features/shippedEncoders.ts'
import { shippedEncodersFolder, shippedModelsFolder } from '../host/resources.ts'
import { shippedFile, shippedModels } from '../models/shipped.ts'

/**
 * A file that is there wins over a name; what has no ending and no folder is a name.
 * @throws {TesseraError} MODEL_UNKNOWN
 */
export const modelFile = (text: string): Promise<string> | string =>
  isName(text) ? shippedFile(shippedModelsFolder, text) : path.resolve(text)

const isName = (text: string): boolean =>
  path.basename(text) === text && path.extname(text) === '' && !existsSync(path.resolve(text))

/**
 * As `modelFile`; a name may be that of an encoder or of a model.
 * @throws {TesseraError} MODEL_UNKNOWN
 */
export async function encoderFile(text: string): Promise<string> {
  if (!isName(text)) return path.resolve(text)
  const encoders = await shippedEncoders(shippedEncodersFolder)
  const found = encoders.find(({ key }) => key === text)
  if (found) return found.file
  const models = await shippedModels(shippedModelsFolder)
  if (models.some(({ key }) => key === text)) return shippedFile(shippedModelsFolder, text)
  const names = [...encoders, ...models].map(({ key }) => key)
  throw tesseraError(
    'MODEL_UNKNOWN',
    `No encoder called “${text}” comes with Tessera. There are: ${names.join(', ') || 'none'}.`,
    { model: text },
  )
}
