/**
 * Files that are written block by block at known places, each block with its SHA-256 recorded elsewhere once it is on the
 * disk: a recorded block is whole after any crash, and a damaged one is noticed.
 */
import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { fileError } from './fileErrors.ts'

/** A block and where it lies, bytes. */
export type PlacedBlock = { at: number; length: number; checksum: string; name: string }

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

export const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength)

/** Writes one block and flushes it. @returns its checksum @throws {TesseraError} DISK_FULL, FILE_NO_PERMISSION */
export async function writeFileBlock(file: string, at: number, bytes: Uint8Array): Promise<string> {
  try {
    // made when it is not there, never cut short when it is
    const handle = await open(file, constants.O_RDWR | constants.O_CREAT)
    try {
      await handle.write(bytes, 0, bytes.length, at)
      await handle.datasync()
    } finally {
      await handle.close()
    }
  } catch (error) {
    throw fileError(file, error)
  }
  return sha256(bytes)
}

/**
 * Reads recorded blocks one by one.
 * @param use is given each block in memory of its own, aligned for every element type
 * @param broken makes the error to throw from what is wrong
 */
export async function readFileBlocks(
  file: string,
  blocks: readonly PlacedBlock[],
  use: (bytes: Uint8Array<ArrayBuffer>, block: number) => void,
  broken: (reason: string) => Error,
): Promise<void> {
  if (blocks.length === 0) return
  let handle
  try {
    handle = await open(file, 'r')
  } catch (error) {
    throw broken(fileError(file, error).message)
  }
  try {
    for (const [i, { at, length, checksum, name }] of blocks.entries()) {
      const bytes = new Uint8Array(length)
      const { bytesRead } = await handle.read(bytes, 0, length, at)
      if (bytesRead < length) throw broken(`it ends before the end of ${name}`)
      if (sha256(bytes) !== checksum) throw broken(`${name} are not what was written`)
      use(bytes, i)
    }
  } finally {
    await handle.close()
  }
}
