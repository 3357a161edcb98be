/**
 * Pixels of patch sets: pictures in files, or the rows of an IDX file. A network gets squares of one size, 8 bits, and no
 * others; a person sees each picture in its own proportions. Of 16 bits the upper 8 are taken, what is transparent becomes
 * white.
 */
import { isTesseraError, messageOf } from '../../../src-shared/errors.ts'
import type { PictureFacts } from '../../../src-shared/patches.ts'
import { fileError, systemCode } from '../../files/fileErrors.ts'
import { setBroken } from '../setErrors.ts'
import { decode, openPicture, resized, type Rgb, toPng, toRgb, twoAtOnce } from './decoder.ts'
import type { IdxImages } from './idxFile.ts'
import type { PatchFile } from './patchFile.ts'

/** px of the longest side of a patch; a set of larger pictures is a set of slides. */
const LONGEST_SIDE = 4096

/** Bits of a value, by libvips' name of its type. */
const BITS: Readonly<Record<string, number>> = {
  uchar: 8,
  char: 8,
  ushort: 16,
  short: 16,
  uint: 32,
  int: 32,
  float: 32,
  double: 64,
  complex: 64,
  dpcomplex: 128,
}

/** Size, colour and depth of a picture, from its header. @throws {TesseraError} PATCH_SET_BROKEN, FILE_NOT_FOUND */
export async function pictureFacts(file: string): Promise<PictureFacts> {
  try {
    const { width, height, channels, hasAlpha, depth, format } = await decode(() => openPicture(file).metadata())
    if (width > LONGEST_SIDE || height > LONGEST_SIDE)
      throw setBroken(file, null, `it has ${width} × ${height} px; a patch may have ${LONGEST_SIDE} at most`)
    return { width, height, channels: channels <= 2 ? 1 : 3, alpha: hasAlpha, bits: BITS[depth] ?? 0, format }
  } catch (error) {
    throw pictureError(file, error)
  }
}

/** Facts of many pictures. A picture that can not be used gets its fault in words. */
export async function picturesFacts(
  files: readonly string[],
  report: (done: number) => void,
): Promise<(PictureFacts | string)[]> {
  const facts: (PictureFacts | string)[] = []
  let done = 0
  await twoAtOnce([...files.keys()], async (i) => {
    facts[i] = await pictureFacts(files[i]!).catch((error: unknown) => messageOf(error))
    report(++done)
  })
  return facts
}

async function readPicture(file: string): Promise<Rgb> {
  try {
    return await toRgb(openPicture(file))
  } catch (error) {
    throw pictureError(file, error)
  }
}

/** A picture for a network. @throws {TesseraError} PATCH_SET_BROKEN also when it has another size than the set */
async function readSquare(file: string, edge: number): Promise<Rgb> {
  const picture = await readPicture(file)
  if (picture.width === edge && picture.height === edge) return picture
  throw setBroken(
    file,
    null,
    `it has ${picture.width} × ${picture.height} px, but had ${edge} × ${edge} when the set was added. Add the set again`,
  )
}

/** libvips says in words, not in codes, that a file is missing. */
function pictureError(file: string, error: unknown): Error {
  if (isTesseraError(error)) return error
  if (systemCode(error)) return fileError(file, error)
  const missing = /missing|no such file/i.test(messageOf(error))
  if (missing) return fileError(file, Object.assign(new Error('gone'), { code: 'ENOENT' }))
  return setBroken(file, null, `it can not be decoded (${messageOf(error).split('\n', 1)[0]})`, error)
}

/** @param edge px of the pictures as they are stored */
export async function readPictures(
  files: readonly string[],
  edge: number,
  edgePx: number,
  into: PatchFile,
): Promise<void> {
  await twoAtOnce([...files.keys()], async (place) => {
    const picture = await resized(await readSquare(files[place]!, edge), edgePx, edgePx)
    await into.put([place], picture.data)
  })
}

/** Rows of an IDX file that are written at once. */
const IDX_CHUNK = 256

export async function readIdxPatches(
  images: IdxImages,
  patches: Uint32Array,
  edgePx: number,
  into: PatchFile,
): Promise<void> {
  const chunks = Array.from({ length: Math.ceil(patches.length / IDX_CHUNK) }, (_, i) => i * IDX_CHUNK)
  await twoAtOnce(chunks, async (first) => {
    const pictures: Buffer[] = []
    for (const patch of patches.subarray(first, first + IDX_CHUNK))
      pictures.push((await resized(idxPicture(images, patch), edgePx, edgePx)).data)
    await into.put(
      pictures.map((_, i) => first + i),
      Buffer.concat(pictures),
    )
  })
}

/** A grey image of an IDX file as RGB. */
function idxPicture({ pixels, width, height }: IdxImages, patch: number): Rgb {
  const data = Buffer.allocUnsafe(width * height * 3)
  const first = patch * width * height
  for (let i = 0, at = 0; at < data.length; i++) {
    const grey = pixels[first + i]!
    data[at++] = grey
    data[at++] = grey
    data[at++] = grey
  }
  return { data, width, height }
}

/** PNG of a picture as it is, in its own proportions; the longest side gets `edge` px. */
export const filePicture = async (file: string, edge: number): Promise<Buffer> =>
  toPng(await within(await readPicture(file), edge))

export const idxPatchPicture = async (images: IdxImages, patch: number, edge: number): Promise<Buffer> =>
  toPng(await within(idxPicture(images, patch), edge))

function within(picture: Rgb, edge: number): Promise<Rgb> {
  const scale = edge / Math.max(picture.width, picture.height)
  const side = (px: number) => Math.max(1, Math.round(px * scale))
  return resized(picture, side(picture.width), side(picture.height))
}
