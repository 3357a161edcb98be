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
  /** Says that a patch has no pixels, because its slide is damaged there. The patches after it move up. */
  leaveOut(place: number): void
}

/**
 * @param file replaced when it is there; after an error it holds whatever was written
 * @param fill puts every patch once, or leaves it out; its progress is `report`ed after each
 * @returns the places left out, ascending. The file is shorter by them, so that nobody takes a gap for pixels
 * @throws {TesseraError} CANCELLED, DISK_FULL, FILE_NO_PERMISSION; whatever `fill` throws
 */
export async function writePatchFile(
  file: string,
  shape: PatchFileShape,
  signal: AbortSignal,
  report: (done: number) => void,
  fill: (patches: PatchFile) => Promise<void>,
): Promise<number[]> {
  const bytes = shape.edgePx * shape.edgePx * shape.channels
  const handle = await onFile(file, () => open(file, 'w+'))
  try {
    let [done, end] = [0, 0]
    const leftOut: number[] = []
    await fill({
      async put(places, rgb) {
        if (signal.aborted) throw tesseraError('CANCELLED', 'Reading the patches was cancelled.', {})
        const pixels = shape.channels === 3 ? rgb : toGrey(rgb)
        for (const { from, to } of runs(places))
          await onFile(file, () => writeAt(handle, pixels.subarray(from * bytes, to * bytes), places[from]! * bytes))
        end = Math.max(end, places.at(-1)! + 1)
        done += places.length
        report(done)
      },
      leaveOut(place) {
        leftOut.push(place)
        end = Math.max(end, place + 1)
        report(++done)
      },
    })
    leftOut.sort((a, b) => a - b)
    if (leftOut.length > 0) await onFile(file, () => closeGaps(handle, leftOut, end, bytes))
    return leftOut
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

/** Bytes that are moved at once. */
const MOVED = 1 << 22

/** Moves what stands behind each gap over it. @param gaps places, ascending. @param end places in all */
async function closeGaps(handle: FileHandle, gaps: readonly number[], end: number, bytes: number): Promise<void> {
  const buffer = Buffer.allocUnsafe(MOVED)
  let to = gaps[0]! * bytes
  for (const [i, gap] of gaps.entries()) {
    const until = (gaps[i + 1] ?? end) * bytes
    for (let from = (gap + 1) * bytes; from < until;) {
      const { bytesRead } = await handle.read(buffer, 0, Math.min(MOVED, until - from), from)
      if (bytesRead === 0) throw new Error(`The pixels of patches end at byte ${from} of ${until}.`)
      await writeAt(handle, buffer.subarray(0, bytesRead), to)
      from += bytesRead
      to += bytesRead
    }
  }
  await handle.truncate(to)
}
