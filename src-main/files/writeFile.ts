/**
 * Writing a file so that its name never stands for half of it: temporary name in the same folder, flush to the disk,
 * rename. A crash or a full disk leaves the old file, or none.
 */
import { randomUUID } from 'node:crypto'
import { open, rename, rm, type FileHandle } from 'node:fs/promises'
import path from 'node:path'
import { fileError, systemCode } from './fileErrors.ts'

/**
 * @param write receives the open temporary file
 * @throws {TesseraError} DISK_FULL, FILE_NO_PERMISSION, FILE_NOT_FOUND (of the folder); the temporary file is gone then
 */
export async function writeWhole(file: string, write: (handle: FileHandle) => Promise<void>): Promise<void> {
  const temporary = path.join(
    path.dirname(file),
    `.${path.basename(file).slice(0, 60)}.${randomUUID().slice(0, 8)}.part`,
  )
  let handle: FileHandle | undefined
  try {
    handle = await open(temporary, 'wx')
    await write(handle)
    await handle.sync()
    await handle.close()
    handle = undefined
    await rename(temporary, file)
    await syncFolder(path.dirname(file))
  } catch (error) {
    await handle?.close().catch(() => undefined) // the first error is the one to tell
    await rm(temporary, { force: true }).catch(() => undefined)
    // when writing, what is not there is the folder
    throw fileError(systemCode(error) === 'ENOENT' ? path.dirname(file) : file, error)
  }
}

export const writeBytes = (file: string, bytes: Uint8Array | string): Promise<void> =>
  writeWhole(file, (handle) => handle.writeFile(bytes))

/** Makes a rename durable. Windows can not open a folder for this, and does not need it. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
