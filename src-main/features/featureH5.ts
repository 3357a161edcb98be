/**
 * Features as HDF5, as CLAM and TRIDENT lay them out, so that programs that learn from whole slides can read them:
 *
 *   features  float32 [patch, dimension]   attributes name, savetodir, encoder
 *   coords    int64 [patch, 2]             level-0 px of the top left corner (x, y), in the order of the rows of `features`
 *
 * and, beyond that layout, the encoder's card as JSON in the file's attribute `tessera_encoder`, and for patches that are
 * files of their own `files` and `labels`. Those have no place on a slide: their coords are −1, which no slide has.
 *
 * What was written is read back and compared before the file gets its name.
 */
import { randomUUID } from 'node:crypto'
import { rename, rm } from 'node:fs/promises'
import path from 'node:path'
import type * as H5 from 'h5wasm/node'
import * as z from 'zod'
import { EncoderCard } from '../../src-shared/encoders.ts'
import { isTesseraError, messageOf, tesseraError } from '../../src-shared/errors.ts'
import { fileError, systemCode } from '../files/fileErrors.ts'

/** Where patches lie on a slide, as TRIDENT says it. */
export type Places = {
  /** [patch, 2]: x, y of the top left corner, level-0 px */
  topLeft: BigInt64Array
  attributes: PlaceAttributes
}

export const PlaceAttributes = z.object({
  /** px the encoder was shown */
  patch_size: z.number().int(),
  patch_size_level0: z.number().int(),
  level0_magnification: z.number(),
  target_magnification: z.number(),
  /** px at the target */
  overlap: z.number().int(),
  level0_width: z.number().int(),
  level0_height: z.number().int(),
})
export type PlaceAttributes = z.infer<typeof PlaceAttributes>

export type FeatureTable = {
  /** of the slide or set */
  name: string
  encoder: EncoderCard
  /** [patch, dimension] */
  features: Float32Array
  patches: number
  /** null = the patches have no place on a slide */
  places: Places | null
  /** [patch]; null = the patches are no files */
  files: readonly string[] | null
  /** [patch], '' = not labelled; null = none is */
  labels: readonly string[] | null
}

/** What a file of features holds, as far as Tessera reads it. */
export type ReadFeatures = {
  features: Float32Array
  patches: number
  dimensions: number
  /** [patch, 2] */
  coords: BigInt64Array
  /** edge of a patch, level-0 px; null where the file does not say it, as CLAM's do not */
  edgeLevel0: number | null
  /** edge of a patch as the encoder was shown it, px; null where it is not said */
  edgePx: number | null
  /** the encoder in the words of who wrote the file; null = not said */
  encoderName: string | null
  /** of files that Tessera wrote */
  card: EncoderCard | null
}

const INT64 = '<q'
const FLOAT32 = '<f'
const FLOAT64 = '<d'

/**
 * The library, with its complaints as errors and not as lines on stderr. Loaded when a file is at hand: it is 4 MB, which
 * no other command should wait for.
 */
async function library(): Promise<typeof H5> {
  const h5 = await import('h5wasm/node')
  ;(await h5.ready).activate_throwing_error_handler()
  return h5
}

/** The system's words, as the library has them, and their codes. */
const SYSTEM_WORDS = [
  [/no space left/i, 'ENOSPC'],
  [/no such file/i, 'ENOENT'],
  [/permission denied|operation not permitted/i, 'EACCES'],
  [/is a directory/i, 'EISDIR'],
] as const

/** The library tells every function on its way up, innermost last, which knows the reason. */
function libraryWords(error: unknown): string {
  const message = messageOf(error)
  return [...message.matchAll(/#\d+: .*?\(\): (.*)/g)].at(-1)?.[1] ?? message
}

function libraryError(file: string, error: unknown): Error {
  if (isTesseraError(error) || systemCode(error)) return fileError(file, error)
  const words = libraryWords(error)
  const code = SYSTEM_WORDS.find(([pattern]) => pattern.test(words))?.[1]
  return fileError(file, Object.assign(new Error(words, { cause: error }), code === undefined ? {} : { code }))
}

/** @throws {TesseraError} DISK_FULL, FILE_NO_PERMISSION; FILE_BROKEN when what was written can not be read back */
export async function writeFeatureH5(file: string, table: FeatureTable): Promise<void> {
  const h5 = await library()
  const part = path.join(path.dirname(file), `.${path.basename(file).slice(0, 60)}.${randomUUID().slice(0, 8)}.part`)
  try {
    fill(h5, part, path.dirname(file), table)
    const { features, coords } = await readFeatureH5(part)
    if (!sameNumbers(features, table.features) || !sameNumbers(coords, coordsOf(table)))
      throw tesseraError('FILE_BROKEN', `“${file}” does not hold what was written into it; is the disk full?`, {
        file,
        reason: 'other numbers when read back',
      })
    await rename(part, file)
  } catch (error) {
    await rm(part, { force: true })
    throw libraryError(file, error)
  }
}

function fill({ File }: typeof H5, file: string, folder: string, table: FeatureTable): void {
  const { name, encoder, features, patches, places, files, labels } = table
  const out = new File(file, 'w')
  try {
    const shape = [patches, encoder.dimensions]
    const rows = out.create_dataset({ name: 'features', data: features, shape, dtype: FLOAT32 })
    for (const [key, value] of Object.entries({ name, savetodir: folder, encoder: encoder.name }))
      rows.create_attribute(key, value)
    const coords = out.create_dataset({ name: 'coords', data: coordsOf(table), shape: [patches, 2], dtype: INT64 })
    for (const [key, value] of Object.entries({ name, savetodir: folder })) coords.create_attribute(key, value)
    for (const [key, value] of Object.entries(places?.attributes ?? {}))
      if (key.endsWith('_magnification')) coords.create_attribute(key, value, [], FLOAT64)
      else coords.create_attribute(key, BigInt64Array.of(BigInt(value)), [], INT64)
    if (files) out.create_dataset({ name: 'files', data: [...files], shape: [patches] })
    if (labels) out.create_dataset({ name: 'labels', data: [...labels], shape: [patches] })
    out.create_attribute('tessera_encoder', JSON.stringify(encoder))
  } finally {
    out.close()
  }
}

const coordsOf = ({ places, patches }: FeatureTable): BigInt64Array =>
  places?.topLeft ?? new BigInt64Array(2 * patches).fill(-1n)

function sameNumbers(a: ArrayLike<number | bigint>, b: ArrayLike<number | bigint>): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

/**
 * Reads `features` and `coords`.
 * @throws {TesseraError} FILE_NOT_FOUND; FILE_BROKEN for a file that is cut short, is no HDF5, or has another layout
 */
export async function readFeatureH5(file: string): Promise<ReadFeatures> {
  const { Dataset, File } = await library()
  const broken = (reason: string, cause?: unknown) =>
    tesseraError(
      'FILE_BROKEN',
      `“${file}” is no file of features as Tessera, TRIDENT or CLAM write them: ${reason}.`,
      { file, reason },
      { cause },
    )
  let found: H5.File
  try {
    found = new File(file, 'r')
  } catch (error) {
    const told = libraryError(file, error)
    throw isTesseraError(told, 'FILE_BROKEN') ? broken(libraryWords(error), error) : told
  }
  try {
    const [features, coords] = ['features', 'coords'].map((name) => {
      const dataset = found.get(name)
      if (!(dataset instanceof Dataset)) throw broken(`it has no dataset “${name}”`)
      return dataset
    })
    const [patches, dimensions] = features!.shape ?? []
    const values = features!.value
    if (patches === undefined || dimensions === undefined || !(values instanceof Float32Array))
      throw broken(
        `“features” is ${features!.dtype as string} [${features!.shape?.join(', ')}], float32 [patches, features] was expected`,
      )
    const stored = coords!.value
    // CLAM writes int32, TRIDENT int64.
    const places = stored instanceof Int32Array ? BigInt64Array.from(stored, BigInt) : stored
    if (coords!.shape?.join() !== `${patches},2` || !(places instanceof BigInt64Array))
      throw broken(
        `“coords” is ${coords!.dtype as string} [${coords!.shape?.join(', ')}], int64 or int32 [${patches}, 2] was expected`,
      )
    const edgePx = numberOf(coords!, 'patch_size')
    // CLAM's `patch_size` counts px of a level that is `downsample` times coarser, said for x and y.
    const edgeLevel0 =
      numberOf(coords!, 'patch_size_level0') ??
      (edgePx === null ? null : edgePx * (numberOf(coords!, 'downsample') ?? 1))
    const json = textOf(found, 'tessera_encoder')
    const card = json === null ? null : EncoderCard.safeParse(parsed(json))
    if (card?.success === false) throw broken('its attribute “tessera_encoder” is no card of an encoder')
    return {
      features: values,
      patches,
      dimensions,
      coords: places,
      edgeLevel0,
      edgePx,
      encoderName: textOf(features!, 'encoder'),
      card: card?.data ?? null,
    }
  } catch (error) {
    throw isTesseraError(error) ? error : broken(libraryWords(error), error)
  } finally {
    found.close()
  }
}

type Attributed = { attrs: Record<string, H5.Attribute> }

/** An attribute as a number, of a pair the first; null when there is none, or it is no number. */
function numberOf({ attrs }: Attributed, name: string): number | null {
  const value = attrs[name]?.value
  const first: unknown = ArrayBuffer.isView(value) ? (value as unknown as ArrayLike<unknown>)[0] : value
  return typeof first === 'number' || typeof first === 'bigint' ? Number(first) : null
}

function textOf({ attrs }: Attributed, name: string): string | null {
  const value = attrs[name]?.value
  return typeof value === 'string' ? value : null
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return null // no card has this shape: the caller refuses it by name
  }
}
