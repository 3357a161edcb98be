/** Every byte of a slide that we read ourselves is read here, so that a drive that went away is told from a broken file. */
import type { FileHandle } from 'node:fs/promises'
import { isDriveLost } from '../../files/fileErrors.ts'
import { readFailed } from './slideErrors.ts'

/**
 * @param into receives up to `length` bytes from `at` on
 * @returns how many bytes there were; 0 = the file ends before `position`
 * @throws {TesseraError} SLIDE_READ_FAILED
 */
export async function readSome(
  file: string,
  handle: FileHandle,
  into: Buffer,
  at: number,
  length: number,
  position: number,
): Promise<number> {
  try {
    return (await handle.read(into, at, length, position)).bytesRead
  } catch (error) {
    throw isDriveLost(error) ? readFailed(file, error) : error
  }
}
