/**
 * Features of patches in one file: float32 [patch, dimension], little-endian, no header. What is worth keeping goes into
 * HDF5; this is how features travel between processes, as pixels do.
 */
import { type FileHandle, open, readFile, stat } from 'node:fs/promises'
import { tesseraError } from '../../src-shared/errors.ts'
import { fileError } from '../files/fileErrors.ts'

/** Takes rows in order. */
export interface FeatureWriter {
  append(rows: Float32Array): Promise<void>
  close(): Promise<void>
}

/** Begins a new file. @throws {TesseraError} DISK_FULL, FILE_NO_PERMISSION, FILE_NOT_FOUND of its folder */
export async function writeFeatures(file: string): Promise<FeatureWriter> {
  const guarded = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work
    } catch (error) {
      throw fileError(file, error)
    }
  }
  const handle: FileHandle = await guarded(open(file, 'w'))
  return {
    append: (rows) => guarded(handle.writeFile(new Uint8Array(rows.buffer, rows.byteOffset, rows.byteLength))),
    close: () => handle.close(),
  }
}

/** @throws {TesseraError} FILE_NOT_FOUND and its like; FILE_BROKEN when it does not hold so many rows */
export async function readFeatures(
  file: string,
  patches: number,
  dimensions: number,
): Promise<Float32Array<ArrayBuffer>> {
  const expected = 4 * patches * dimensions
  let bytes: Buffer
  try {
    const { size } = await stat(file)
    if (size !== expected)
      throw tesseraError(
        'FILE_BROKEN',
        `“${file}” should hold ${patches} rows of ${dimensions} features (${expected} bytes) but has ${size} bytes. It was not written to its end, or is of other patches.`,
        { file, reason: `${expected} bytes expected, ${size} found` },
      )
    bytes = await readFile(file)
  } catch (error) {
    throw fileError(file, error)
  }
  // A small file's bytes may lie anywhere in a larger buffer; float32 wants a place divisible by 4.
  const aligned = bytes.byteOffset % 4 === 0 && bytes.buffer instanceof ArrayBuffer ? bytes : Uint8Array.from(bytes)
  return new Float32Array(aligned.buffer as ArrayBuffer, aligned.byteOffset, patches * dimensions)
}
