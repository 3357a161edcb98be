/** Where a command writes. Looked at before the work, so that no hour of training ends at a name that can not be written. */
import { access, constants, mkdir, stat } from 'node:fs/promises'
import path from 'node:path'
import { fileError, systemCode } from '../files/fileErrors.ts'

/**
 * The absolute path of a file to write; its folder is made where it is missing.
 * @throws {TesseraError} FILE_IS_DIRECTORY; FILE_NOT_DIRECTORY, FILE_NO_PERMISSION of its folder
 */
export async function destination(file: string): Promise<string> {
  const full = path.resolve(file)
  const folder = path.dirname(full)
  try {
    await mkdir(folder, { recursive: true })
    await access(folder, constants.W_OK)
  } catch (error) {
    // that a file stands where the folder should be has two names
    throw fileError(folder, systemCode(error) === 'EEXIST' ? Object.assign(error as Error, { code: 'ENOTDIR' }) : error)
  }
  if (await isFolder(full)) throw fileError(full, Object.assign(new Error('is a folder'), { code: 'EISDIR' }))
  return full
}

async function isFolder(file: string): Promise<boolean> {
  try {
    return (await stat(file)).isDirectory()
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false
    throw fileError(file, error)
  }
}
