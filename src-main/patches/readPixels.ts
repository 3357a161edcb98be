/**
 * Pixels of patches for the networks: written into a file by the slide process, so that the process that owns the
 * database never holds them.
 */
import { randomUUID } from 'node:crypto'
import { rename, rm } from 'node:fs/promises'
import path from 'node:path'
import type { PatchSource } from '../../src-shared/patches.ts'
import { fileError, systemCode } from '../files/fileErrors.ts'
import type { SlideReader } from '../slides/reader.ts'
import { patchOrigin, type PatchPlaces } from './patchOrigin.ts'

export type PixelsWanted = {
  source: PatchSource
  /** numbers of the source's patches; the file has their order */
  patches: Uint32Array
  /** px the network wants; resampled when the patches have another size (kernel: ../slides/pixels/decoder.ts) */
  edgePx: number
  /** 1 = brightness (BT.601), 3 = RGB */
  channels: 1 | 3
}

/**
 * Writes raw uint8 [patch, row, column, channel] into `file`, which gets its name when it is complete. A caller who was
 * stopped goes on by asking for the patches that are left, into another file.
 *
 * A patch gets the same pixels whatever is read together with it. At the scale of a level of the slide they are exactly
 * those of the file; else the next finer level is resampled with a triangle kernel, patch by patch.
 *
 * @param onProgress patches that are written; begins anew when the process died and the work is repeated
 * @returns the patches that lie where their slide is damaged, in the order asked for. They are not in the file: networks
 * never get invented pixels, and a caller that does not look at this finds the file too short
 * @throws {TesseraError} PATCH_UNKNOWN, SLIDE_FILE_MISSING, SLIDE_SET_ASIDE, PATCH_SET_BROKEN, CANCELLED, DISK_FULL
 */
export async function readPatchPixels(
  places: PatchPlaces,
  batch: SlideReader,
  { source, patches, edgePx, channels }: PixelsWanted,
  file: string,
  { signal, onProgress }: { signal?: AbortSignal; onProgress?: (done: number) => void } = {},
): Promise<Uint32Array> {
  const { subject, origin } = await patchOrigin(places, source, patches)
  // Named here and not in the slide process, which may die and leave it behind.
  const part = path.join(path.dirname(file), `.${path.basename(file).slice(0, 60)}.${randomUUID().slice(0, 8)}.part`)
  const order = { origin, edgePx, channels, file: part }
  try {
    let unread = new Uint32Array()
    const onItem = (item: { done: number; unread: Uint32Array | null }) => {
      onProgress?.(item.done)
      unread = Uint32Array.from(item.unread ?? [])
    }
    await batch.follow(subject, 'patches.read', order, onItem, signal)
    await rename(part, file)
    return unread
  } catch (error) {
    // A cancelled process may have it open for a moment, which holds Windows up.
    await rm(part, { force: true, maxRetries: 20, retryDelay: 100 }).catch(() => undefined) // the first error is the one to tell
    throw systemCode(error) ? fileError(file, error) : error
  }
}
