/**
 * The probabilities of one run: float32 [patch, class], little-endian, patches in the order of the run's list. Blocks are
 * written at their place and flushed before they are recorded, so that a recorded block is whole after any crash. A patch
 * that lies where its slide is damaged has a row of NaN.
 */
import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { tesseraError } from '../../src-shared/errors.ts'
import { fileError } from '../files/fileErrors.ts'
import type { Block } from './rows.ts'

const FLOAT_BYTES = 4

const bytesOf = (values: Float32Array): Uint8Array =>
  new Uint8Array(values.buffer, values.byteOffset, values.byteLength)

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** Writes one block and flushes it. @returns what to record of it */
export async function writeBlock(
  file: string,
  first: number,
  classes: number,
  probabilities: Float32Array,
): Promise<Block> {
  const bytes = bytesOf(probabilities)
  try {
    // made when it is not there, never cut short when it is
    const handle = await open(file, constants.O_RDWR | constants.O_CREAT)
    try {
      await handle.write(bytes, 0, bytes.length, first * classes * FLOAT_BYTES)
      await handle.datasync()
    } finally {
      await handle.close()
    }
  } catch (error) {
    throw fileError(file, error)
  }
  return { first, count: probabilities.length / classes, checksum: sha256(bytes) }
}

/**
 * The recorded blocks of a run; a run that is complete is checked as a whole by its blocks.
 * @throws {TesseraError} PREDICTION_FILE_BROKEN when a block is missing or is not what was written
 */
export async function readBlocks(
  file: string,
  blocks: readonly Block[],
  classes: number,
): Promise<{ block: Block; probabilities: Float32Array }[]> {
  if (blocks.length === 0) return []
  const broken = (reason: string) =>
    tesseraError(
      'PREDICTION_FILE_BROKEN',
      `The predictions in “${file}” can not be used: ${reason}. Run the model on this slide again; labels are not affected.`,
      { file, reason },
    )
  let handle
  try {
    handle = await open(file, 'r')
  } catch (error) {
    throw broken(fileError(file, error).message)
  }
  try {
    const read = []
    for (const block of blocks) {
      const probabilities = new Float32Array(block.count * classes)
      const bytes = bytesOf(probabilities)
      const { bytesRead } = await handle.read(bytes, 0, bytes.length, block.first * classes * FLOAT_BYTES)
      if (bytesRead < bytes.length) throw broken(`it ends before patch ${block.first + block.count} of the run`)
      if (sha256(bytes) !== block.checksum)
        throw broken(`patches ${block.first} to ${block.first + block.count - 1} of the run are not what was written`)
      read.push({ block, probabilities })
    }
    return read
  } finally {
    await handle.close()
  }
}

/** Checksum over the checksums of all blocks in order: seals the run. */
export const sealOf = (blocks: readonly Block[]): string =>
  sha256(Buffer.from(blocks.map((block) => `${block.first} ${block.count} ${block.checksum}`).join('\n')))

/** One row for each patch of a block, NaN for those without a probability. @param readable [place] probabilities follow for it */
export function withGaps(readable: readonly boolean[], probabilities: Float32Array, classes: number): Float32Array {
  const rows = new Float32Array(readable.length * classes).fill(Number.NaN)
  let from = 0
  for (const [row, isReadable] of readable.entries()) {
    if (!isReadable) continue
    rows.set(probabilities.subarray(from, from + classes), row * classes)
    from += classes
  }
  return rows
}

/** The rows of some patches apart: those with probabilities, and the patches without. */
export function withoutGaps(
  patches: Uint32Array,
  rows: Float32Array,
  classes: number,
): { patch: Uint32Array; probabilities: Float32Array; unread: Uint32Array } {
  const has = (_: number, row: number) => !Number.isNaN(rows[row * classes]!)
  const patch = patches.filter(has)
  const unread = patches.filter((_, row) => !has(_, row))
  if (unread.length === 0) return { patch, probabilities: rows, unread }
  return { patch, probabilities: rows.filter((value) => !Number.isNaN(value)), unread }
}
