/**
 * The probabilities of one run: float32 [patch, class], little-endian, patches in the order of the run's list. Blocks are
 * written at their place and flushed before they are recorded, so that a recorded block is whole after any crash. A patch
 * that lies where its slide is damaged has a row of NaN.
 */
import { createHash } from 'node:crypto'
import { tesseraError } from '../../src-shared/errors.ts'
import { bytesOf, readFileBlocks, writeFileBlock } from '../files/blockFile.ts'
import type { Block } from './rows.ts'

const FLOAT_BYTES = 4

/** Writes one block and flushes it. @returns what to record of it */
export async function writeBlock(
  file: string,
  first: number,
  classes: number,
  probabilities: Float32Array,
): Promise<Block> {
  const checksum = await writeFileBlock(file, first * classes * FLOAT_BYTES, bytesOf(probabilities))
  return { first, count: probabilities.length / classes, checksum }
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
  const broken = (reason: string) =>
    tesseraError(
      'PREDICTION_FILE_BROKEN',
      `The predictions in “${file}” can not be used: ${reason}. Run the model on this slide again; labels are not affected.`,
      { file, reason },
    )
  const read: { block: Block; probabilities: Float32Array }[] = []
  const placed = blocks.map(({ first, count, checksum }) => ({
    at: first * classes * FLOAT_BYTES,
    length: count * classes * FLOAT_BYTES,
    checksum,
    name: `patches ${first} to ${first + count - 1} of the run`,
  }))
  await readFileBlocks(
    file,
    placed,
    ({ buffer }, i) => void read.push({ block: blocks[i]!, probabilities: new Float32Array(buffer) }),
    broken,
  )
  return read
}

/** Checksum over the checksums of all blocks in order: seals the run. */
export const sealOf = (blocks: readonly Block[]): string =>
  createHash('sha256')
    .update(blocks.map((block) => `${block.first} ${block.count} ${block.checksum}`).join('\n'))
    .digest('hex')

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
