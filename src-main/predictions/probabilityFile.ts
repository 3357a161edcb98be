/**
 * The probabilities of one run: float32 [patch, class], little-endian, patches in the order of the run's list. Blocks are
 * written at their place and flushed before they are recorded, so that a recorded block is whole after any crash.
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
