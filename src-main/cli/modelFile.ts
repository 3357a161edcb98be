/** The model a command is to use: a file, or the name of one that comes with the program. */
import { existsSync } from 'node:fs'
import path from 'node:path'
import { shippedModelsFolder } from '../host/resources.ts'
import { shippedFile } from '../models/shipped.ts'

/**
 * A file that is there wins over a name; what has no ending and no folder is a name.
 * @throws {TesseraError} MODEL_UNKNOWN
 */
export function modelFile(text: string): Promise<string> | string {
  const file = path.resolve(text)
  const isName = path.basename(text) === text && path.extname(text) === ''
  return isName && !existsSync(file) ? shippedFile(shippedModelsFolder, text) : file
}
