/**
 * Pixels of many patches in one file: uint8 [patch, height, width, channel], no header. Pixels travel between processes
 * by file and only names go by message; the system's page cache makes that as fast as shared memory.
 */
import { open, stat, type FileHandle } from 'node:fs/promises'
import { readSync } from 'node:fs'
import { tesseraError } from '../../src-shared/errors.ts'
import { fileError } from '../files/fileErrors.ts'
import { patchBytes, type PatchShape } from './patchShape.ts'

/** Files up to this size are kept in memory when their patches are wanted again and again. */
export const WHOLE_UP_TO = 1 << 30

export interface PatchPixels {
  readonly shape: PatchShape
  readonly count: number
  /** The pixels of one patch: bytes `at` and after of `pixels`. Valid until the next call. */
  patch(index: number): { pixels: Uint8Array; at: number }
  /** Copies patches `first` … `first + count − 1`. */
  range(first: number, count: number): Uint8Array
  close(): Promise<void>
}

/**
 * @param wholeUpTo bytes up to which the whole file is read at once; of larger ones each patch when it is its turn
 * @throws {TesseraError} FILE_NOT_FOUND, FILE_NO_PERMISSION; FILE_BROKEN when the file does not hold `count` patches
 */
export async function openPixelFile(
  file: string,
  count: number,
  shape: PatchShape,
  wholeUpTo: number,
): Promise<PatchPixels> {
  const bytes = patchBytes(shape)
  const found = await stat(file).then(
    (facts) => facts.size,
    (error: unknown) => {
      throw fileError(file, error)
    },
  )
  if (found !== count * bytes) throw wrongSize(file, count, bytes, found)
  const handle = await open(file, 'r').catch((error: unknown) => {
    throw fileError(file, error)
  })
  if (found > wholeUpTo) return onDisk(file, handle, count, shape)
  try {
    return inMemory(await handle.readFile(), count, shape)
  } catch (error) {
    throw fileError(file, error)
  } finally {
    await handle.close()
  }
}

const wrongSize = (file: string, count: number, bytes: number, found: number) =>
  tesseraError(
    'FILE_BROKEN',
    `“${file}” should hold ${count} patches of ${bytes} bytes (${count * bytes} bytes) but has ${found} bytes. It was not written to its end, or is of other patches.`,
    { file, reason: `${count * bytes} bytes expected, ${found} found` },
  )

/** Patches that are already in memory. */
export function inMemory(pixels: Uint8Array, count: number, shape: PatchShape): PatchPixels {
  const bytes = patchBytes(shape)
  return {
    shape,
    count,
    patch: (index) => ({ pixels, at: index * bytes }),
    range: (first, count) => pixels.subarray(first * bytes, (first + count) * bytes),
    close: () => Promise.resolve(),
  }
}

/** Some patches of others, in an order of their own. Closing closes the others. */
export function subset(all: PatchPixels, rows: Uint32Array): PatchPixels {
  const bytes = patchBytes(all.shape)
  return {
    shape: all.shape,
    count: rows.length,
    patch: (index) => all.patch(rows[index]!),
    range(first, count) {
      const into = new Uint8Array(count * bytes)
      for (let i = 0; i < count; i++) {
        const { pixels, at } = all.patch(rows[first + i]!)
        into.set(pixels.subarray(at, at + bytes), i * bytes)
      }
      return into
    },
    close: () => all.close(),
  }
}

function onDisk(file: string, handle: FileHandle, count: number, shape: PatchShape): PatchPixels {
  const bytes = patchBytes(shape)
  const one = new Uint8Array(bytes)
  const read = (into: Uint8Array, first: number) => {
    try {
      for (let done = 0; done < into.length;) {
        const got = readSync(handle.fd, into, done, into.length - done, first * bytes + done)
        if (got === 0) throw wrongSize(file, count, bytes, first * bytes + done)
        done += got
      }
    } catch (error) {
      throw fileError(file, error)
    }
    return into
  }
  return {
    shape,
    count,
    patch: (index) => ({ pixels: read(one, index), at: 0 }),
    range: (first, count) => read(new Uint8Array(count * bytes), first),
    close: () => handle.close(),
  }
}
