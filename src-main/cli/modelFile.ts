/** The model or encoder a command is to use: a file, or the name of one that comes with the program. */
import { existsSync } from 'node:fs'
import path from 'node:path'
import type { FileHandle } from '../../src-shared/app.ts'
import type { NewEncoder } from '../encoders/encoderList.ts'
import { shippedEncoderFile } from '../features/shippedEncoders.ts'
import { shippedEncodersFolder, shippedModelsFolder } from '../host/resources.ts'
import { shippedFile } from '../models/shipped.ts'

/**
 * A file that is there wins over a name; what has no ending and no folder is a name.
 * @throws {TesseraError} MODEL_UNKNOWN
 */
export const modelFile = (text: string): Promise<string> | string =>
  isName(text) ? shippedFile(shippedModelsFolder, text) : path.resolve(text)

const isName = (text: string): boolean =>
  path.basename(text) === text && path.extname(text) === '' && !existsSync(path.resolve(text))

/**
 * As `modelFile`; a name may be that of an encoder, too.
 * @throws {TesseraError} MODEL_UNKNOWN
 */
export const encoderFile = (text: string): Promise<string> | string =>
  isName(text)
    ? shippedEncoderFile({ encoders: shippedEncodersFolder, models: shippedModelsFolder }, text)
    : path.resolve(text)

/** The encoder of a command as a project takes it in: what comes with the program may lie elsewhere tomorrow. */
export const encoderFrom = (text: string, handleOf: (file: string) => FileHandle): NewEncoder =>
  isName(text) ? { kind: 'shipped', key: text } : { kind: 'file', file: handleOf(path.resolve(text)) }
