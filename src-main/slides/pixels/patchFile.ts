/** Many patches as one file of raw pixels: uint8 [patch, row, column, channel], in the order asked for. */
import { type FileHandle, open } from 'node:fs/promises'
import { tesseraError } from '../../../src-shared/errors.ts'
import { fileError } from '../../files/fileErrors.ts'
import { toGrey } from './patchPixels.ts'

type PatchFileShape = { edgePx: number; channels: 1 | 3 }

export interface PatchFile {
  /**
   * Writes patches where they belong.
   * @param places place of each patch in the file, ascending
   * @param rgb [place, edgePx, edgePx, 3]
   */
  put(places: readonly number[], rgb: Buffer): Promise<void>
}

/**
 * @param file replaced when it is there; after an error it holds whatever was written
 * @param fill puts every patch once; its progress is `report`ed after each `put`
 * @throws {TesseraError} CANCELLED, DISK_FULL, FILE_NO_PERMISSION; whatever `fill` throws
 */
export async function writePatchFile(
  file: string,
  shape: PatchFileShape,
  signal: AbortSignal,
  report: (done: number) => void,
  fill: (patches: PatchFile) => Promise<void>,
): Promise<void> {
  const bytes = shape.edgePx * shape.edgePx * shape.channels
  const handle = await onFile(file, () => open(file, 'w'))
  try {
    let done = 0
    await fill({
      async put(places, rgb) {
        if (signal.aborted) throw tesseraError('CANCELLED', 'Reading the patches was cancelled.', {})
        const pixels = shape.channels === 3 ? rgb : toGrey(rgb)
        for (const { from, to } of runs(places))
          await onFile(file, () => writeAt(handle, pixels.subarray(from * bytes, to * bytes), places[from]! * bytes))
        done += places.length
        report(done)
      },
    })
  } finally {
    await handle.close()
  }
}

const onFile = <T>(file: string, work: () => Promise<T>): Promise<T> =>
  work().catch((error: unknown) => {
    throw fileError(file, error)
  })

/** Stretches of places that follow each other, as ranges of their indices. */
function* runs(places: readonly number[]): Generator<{ from: number; to: number }> {
  let from = 0
  for (let i = 1; i <= places.length; i++)
    if (i === places.length || places[i] !== places[i - 1]! + 1) {
      yield { from, to: i }
      from = i
    }
}

async function writeAt(handle: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done)
    done += bytesWritten
  }
}
