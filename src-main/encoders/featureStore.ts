/**
 * The features of one set: float32 or float16 [row, feature], little-endian, no header; rows in the order they were
 * extracted. A file is read by position, block by block: Electron's memory cage allows no memory outside of V8's to be
 * seen as an array, so a file can not be mapped into it; the system's page cache serves the same pages.
 */
import path from 'node:path'
import * as z from 'zod'
import { uint32s } from '../../src-shared/arrays.ts'
import { tesseraError } from '../../src-shared/errors.ts'
import { FeatureElement } from '../../src-shared/features.ts'
import type { FeatureSetId } from '../../src-shared/ids.ts'
import { bytesOf, type PlacedBlock, readFileBlocks, writeFileBlock } from '../files/blockFile.ts'

/** A set as another process is told of it. */
export const StoredFeatures = z.object({
  file: z.string(),
  element: FeatureElement,
  dimensions: z.number().int().positive(),
  /** in the order of the rows */
  blocks: z.array(z.object({ first: z.number().int(), patches: uint32s, checksum: z.string() })),
})
export type StoredFeatures = z.infer<typeof StoredFeatures>

const elementBytes: Record<FeatureElement, number> = { float32: 4, float16: 2 }
const ending: Record<FeatureElement, string> = { float32: 'f32', float16: 'f16' }

export const featureFile = (folder: string, set: FeatureSetId, element: FeatureElement): string =>
  path.join(folder, `${set}.${ending[element]}`)

/**
 * Writes rows at their place and flushes them. @returns their checksum
 * @throws {TesseraError} MODEL_OUTPUT_INVALID when a feature does not fit float16; DISK_FULL
 */
export async function writeRows(
  { file, element, dimensions }: Pick<StoredFeatures, 'file' | 'element' | 'dimensions'>,
  first: number,
  features: Float32Array,
  patches: Uint32Array,
): Promise<string> {
  const at = first * dimensions * elementBytes[element]
  if (element === 'float32') return writeFileBlock(file, at, bytesOf(features))
  const halves = Float16Array.from(features)
  const place = halves.findIndex((each) => !Number.isFinite(each))
  if (place >= 0) {
    const patch = patches[Math.floor(place / dimensions)]!
    throw tesseraError(
      'MODEL_OUTPUT_INVALID',
      `Feature ${place % dimensions} of patch ${patch} is ${features[place]}, more than float16 can hold (65,504). Extract the features as float32.`,
      { model: file, patch },
    )
  }
  return writeFileBlock(file, at, bytesOf(halves))
}

/** Rows of a set: features float32 [row, feature], and the patch of each row. */
export type FeatureRows = {
  features: Float32Array<ArrayBuffer>
  patches: Uint32Array
  rows: number
  dimensions: number
}

/**
 * Reads every row of a set and checks it against its checksum.
 * @throws {TesseraError} FEATURES_FILE_BROKEN
 */
export async function readRows({ file, element, dimensions, blocks }: StoredFeatures): Promise<FeatureRows> {
  const rows = blocks.reduce((sum, { patches }) => sum + patches.length, 0)
  const features = new Float32Array(rows * dimensions)
  const patches = new Uint32Array(rows)
  const size = dimensions * elementBytes[element]
  const placed = blocks.map(({ first, patches: { length: count }, checksum }): PlacedBlock => {
    const name = `rows ${first} to ${first + count - 1}`
    return { at: first * size, length: count * size, checksum, name }
  })
  let row = 0
  await readFileBlocks(
    file,
    placed,
    ({ buffer }, i) => {
      features.set(element === 'float16' ? new Float16Array(buffer) : new Float32Array(buffer), row * dimensions)
      patches.set(blocks[i]!.patches, row)
      row += blocks[i]!.patches.length
    },
    (reason) =>
      tesseraError(
        'FEATURES_FILE_BROKEN',
        `The features in “${file}” can not be used: ${reason}. Extract them again; labels are not affected.`,
        { file, reason },
      ),
  )
  return { features, patches, rows, dimensions }
}
