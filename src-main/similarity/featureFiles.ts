/** Features between a project and HDF5, done in the similarity process: the files are large, and others made them. */
import { mkdir, rm } from 'node:fs/promises'
import path from 'node:path'
import { tesseraError } from '../../src-shared/errors.ts'
import { patchRect } from '../../src-shared/patches.ts'
import type { CallHandlers } from '../../src-shared/wire/contract.ts'
import { readRows, writeRows } from '../encoders/featureStore.ts'
import { type Places, readFeatureH5, writeFeatureH5 } from '../features/featureH5.ts'
import { fileError } from '../files/fileErrors.ts'
import type { SimilarityContract, TableFacts } from './contract.ts'

type Calls = CallHandlers<SimilarityContract['calls']>

/** Rows in one block of a file that is taken over. */
const BLOCK = 256

export const writeH5: Calls['similarity.writeH5'] = async ({ stored, file, about }) => {
  const { features, patches, rows, dimensions } = await readRows(stored)
  const order = Uint32Array.from(patches.keys()).toSorted((a, b) => patches[a]! - patches[b]!)
  const sorted = new Float32Array(features.length)
  for (const [i, row] of order.entries())
    sorted.set(features.subarray(row * dimensions, (row + 1) * dimensions), i * dimensions)
  const numbers = order.map((row) => patches[row]!)
  const { name, encoder, files, labels } = about
  await writeFeatureH5(file, {
    name,
    encoder,
    features: sorted,
    patches: rows,
    places: placesOf(about, numbers),
    files: files && Array.from(numbers, (patch) => files[patch] ?? ''),
    labels: labels && Array.from(numbers, (patch) => labels[patch] ?? ''),
  })
  return { patches: rows }
}

function placesOf({ grid }: TableFacts, patches: Uint32Array): Places | null {
  if (!grid) return null
  const topLeft = new BigInt64Array(2 * patches.length)
  for (const [i, patch] of patches.entries()) {
    const { x, y } = patchRect(grid.geometry, patch)
    topLeft[2 * i] = BigInt(x)
    topLeft[2 * i + 1] = BigInt(y)
  }
  return { topLeft, attributes: grid.attributes }
}

export const readH5: Calls['similarity.readH5'] = async ({ file, into }) => {
  const { features, patches, dimensions, coords, ...facts } = await readFeatureH5(file)
  const refused = (reason: string) =>
    tesseraError('FEATURES_NOT_PLACED', `The features in “${file}” can not be laid on a slide: ${reason}.`, {
      file,
      reason,
    })
  if (patches === 0) throw refused('there are none')
  const bad = features.findIndex((each) => !Number.isFinite(each))
  if (bad >= 0)
    throw tesseraError(
      'FILE_BROKEN',
      `Feature ${bad % dimensions} of row ${Math.floor(bad / dimensions)} in “${file}” is ${features[bad]}, which says nothing. Have them extracted again where the file comes from.`,
      { file, reason: 'a feature that is no number' },
    )
  const places = new Uint32Array(coords.length)
  for (const [i, value] of coords.entries()) {
    if (value < 0n || value > 0xffffffffn) throw refused(`row ${Math.floor(i / 2)} lies at ${value}, outside any slide`)
    places[i] = Number(value)
  }
  await mkdir(path.dirname(into), { recursive: true }).catch((error: unknown) => {
    throw fileError(into, error)
  })
  const blocks = []
  try {
    const stored = { file: into, element: 'float32', dimensions } as const
    for (let first = 0; first < patches; first += BLOCK) {
      const count = Math.min(BLOCK, patches - first)
      const rows = features.subarray(first * dimensions, (first + count) * dimensions)
      blocks.push({ first, count, checksum: await writeRows(stored, first, rows, new Uint32Array(count)) })
    }
  } catch (error) {
    await rm(into, { force: true })
    throw error
  }
  return { ...facts, rows: patches, dimensions, coords: places, blocks }
}
