/** The points of one UMAP: uint32 [point], the patches, then float32 [point, 2], their places; little-endian, no header. */
import path from 'node:path'
import { tesseraError } from '../../../src-shared/errors.ts'
import type { MapId } from '../../../src-shared/ids.ts'
import { bytesOf, readFileBlocks, writeFileBlock } from '../../files/blockFile.ts'

export const mapFile = (folder: string, map: MapId): string => path.join(folder, `${map}.map`)

const WORD = 4

/** @returns its checksum @throws {TesseraError} DISK_FULL, FILE_NO_PERMISSION */
export async function writeMapFile(file: string, patch: Uint32Array, position: Float32Array): Promise<string> {
  const bytes = new Uint8Array(WORD * (patch.length + position.length))
  bytes.set(bytesOf(patch), 0)
  bytes.set(bytesOf(position), WORD * patch.length)
  return writeFileBlock(file, 0, bytes)
}

/** @throws {TesseraError} MAP_FILE_BROKEN */
export async function readMapFile(
  file: string,
  points: number,
  checksum: string,
): Promise<{ patch: Uint32Array; position: Float32Array }> {
  const read: { patch: Uint32Array; position: Float32Array }[] = []
  await readFileBlocks(
    file,
    [{ at: 0, length: 3 * WORD * points, checksum, name: 'its points' }],
    ({ buffer }) =>
      void read.push({
        patch: new Uint32Array(buffer, 0, points),
        position: new Float32Array(buffer, WORD * points, 2 * points),
      }),
    (reason) =>
      tesseraError(
        'MAP_FILE_BROKEN',
        `The map in “${file}” can not be used: ${reason}. Make it again; features and labels are not affected.`,
        { file, reason },
      ),
  )
  return read[0]!
}
