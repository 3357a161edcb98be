/**
 * What makes a slide's file itself, wherever it lies and whatever it is called: its size and a hash of samples of it.
 *
 * Samples, because a slide has gigabytes and often lies on a network drive: the first and last 256 KiB, where directories
 * and vendor's notes stand, and 16 blocks of 64 KiB spread evenly between. Smaller files are read whole.
 */
import { createHash, type Hash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { fileError, isDriveLost } from '../files/fileErrors.ts'
import { readFailed } from './formats/slideErrors.ts'

const END_BYTES = 256 * 1024
const BLOCKS = 16
const BLOCK_BYTES = 64 * 1024

/**
 * @param parts other files that belong to the slide; their samples are hashed, too
 * @returns `<bytes of the file>-<hash>`
 * @throws {TesseraError} FILE_NOT_FOUND, FILE_NO_PERMISSION
 */
export async function fingerprintOf(file: string, parts: readonly string[] = []): Promise<string> {
  const { size, hash } = await hashOf(file)
  for (const part of parts) {
    const other = await hashOf(part)
    hash.update(other.hash.digest())
  }
  return `${size}-${hash.digest('hex').slice(0, 40)}`
}

async function hashOf(file: string): Promise<{ size: number; hash: Hash }> {
  let handle: FileHandle | undefined
  try {
    handle = await open(file, 'r')
    const { size } = await handle.stat()
    const hash = createHash('sha256').update(String(size))
    for (const { from, length } of samples(size)) hash.update(await readAt(handle, from, length))
    return { size, hash }
  } catch (error) {
    throw isDriveLost(error) ? readFailed(file, error) : fileError(file, error)
  } finally {
    await handle?.close()
  }
}

/** Bytes of the file a fingerprint is of, which tells most other files apart without reading them. */
export const bytesOf = (fingerprint: string): number => Number.parseInt(fingerprint, 10)

function samples(size: number): { from: number; length: number }[] {
  if (size <= 2 * END_BYTES + BLOCKS * BLOCK_BYTES) return [{ from: 0, length: size }]
  const between = (size - 2 * END_BYTES - BLOCK_BYTES) / (BLOCKS - 1)
  return [
    { from: 0, length: END_BYTES },
    ...Array.from({ length: BLOCKS }, (_, i) => ({ from: END_BYTES + Math.floor(i * between), length: BLOCK_BYTES })),
    { from: size - END_BYTES, length: END_BYTES },
  ]
}

async function readAt(handle: FileHandle, from: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length)
  for (let done = 0; done < length;) {
    const { bytesRead } = await handle.read(bytes, done, length - done, from + done)
    if (bytesRead === 0) break // it became shorter; the hash will not match, which is right
    done += bytesRead
  }
  return bytes
}
