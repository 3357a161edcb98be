/**
 * IDX files, the format of MNIST: a magic number, sizes, and bytes; big-endian, often compressed with gzip.
 * Images are [image, row, column] of uint8 (magic 2051), labels [image] of uint8 (magic 2049).
 * Source: Y. LeCun, C. Cortes, C. Burges, “The MNIST database”, section “File formats”.
 */
import { readFile, stat } from 'node:fs/promises'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { messageOf } from '../../../src-shared/errors.ts'
import { fileError } from '../../files/fileErrors.ts'
import { setBroken } from '../setErrors.ts'

const IMAGES_MAGIC = 2051
const LABELS_MAGIC = 2049

/** Unpacked bytes at most: 10 times MNIST. A gzip file may unpack to a thousand times its size. */
const MOST_BYTES = 1 << 29
/** px of the side of an image */
const LONGEST_SIDE = 4096

export type IdxImages = { count: number; width: number; height: number; pixels: Buffer }

/** @throws {TesseraError} FILE_NOT_FOUND, FILE_NO_PERMISSION; PATCH_SET_BROKEN */
export async function readIdxImages(file: string): Promise<IdxImages> {
  const bytes = await unpacked(file)
  const [count, height, width] = header(file, bytes, IMAGES_MAGIC, 3, 'images')
  for (const side of [width!, height!])
    if (side < 1 || side > LONGEST_SIDE)
      throw setBroken(file, null, `it claims to hold images of ${width} × ${height} px`)
  const pixels = body(file, bytes, 16, count! * width! * height!)
  return { count: count!, width: width!, height: height!, pixels }
}

export async function readIdxLabels(file: string): Promise<Buffer> {
  const bytes = await unpacked(file)
  const [count] = header(file, bytes, LABELS_MAGIC, 1, 'labels')
  return body(file, bytes, 8, count!)
}

async function unpacked(file: string): Promise<Buffer> {
  try {
    const facts = await stat(file)
    if (facts.size > MOST_BYTES)
      throw setBroken(file, null, `it has ${facts.size} bytes, at most ${MOST_BYTES} are read`)
    const bytes = await readFile(file)
    if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes
    return await promisify(gunzip)(bytes, { maxOutputLength: MOST_BYTES }).catch((error: unknown) => {
      throw setBroken(file, null, `it can not be unpacked (${messageOf(error)})`, error)
    })
  } catch (error) {
    throw fileError(file, error)
  }
}

function header(file: string, bytes: Buffer, magic: number, sizes: number, what: string): number[] {
  const found = bytes.length >= 4 ? bytes.readUInt32BE(0) : null
  if (found !== null && found !== magic)
    throw setBroken(file, null, `it is not an IDX file of ${what}: it begins with ${found} instead of ${magic}`)
  if (bytes.length < 4 + 4 * sizes) throw setBroken(file, null, `it has only ${bytes.length} bytes`)
  return Array.from({ length: sizes }, (_, i) => bytes.readUInt32BE(4 + 4 * i))
}

function body(file: string, bytes: Buffer, from: number, length: number): Buffer {
  const found = bytes.length - from
  if (length === 0) throw setBroken(file, null, 'it is empty')
  if (found !== length)
    throw setBroken(file, null, `it should hold ${length} bytes behind its header, but holds ${found}`)
  return bytes.subarray(from)
}
