/**
 * libvips as Tessera uses it, by sharp. Only the slide processes load this file: a crafted picture must not run code
 * beside the database.
 */
import { messageOf } from '../../../src-shared/errors.ts'
import { lookAtData } from '../formats/jpegData.ts'
import sharp, { type Sharp, type SharpOptions } from 'sharp'

// Only the three loaders that slides and patch sets need; SVG, PDF, HEIF and the rest are never reached.
sharp.block({ operation: ['VipsForeignLoad'] })
sharp.unblock({ operation: ['VipsForeignLoadTiff', 'VipsForeignLoadJpeg', 'VipsForeignLoadPng'] })
sharp.cache(false)
// Two calls at once with one thread each are faster than one call with two.
sharp.concurrency(1)
const CALLS_AT_ONCE = 2

/** Pixels as bytes, row by row: [height, width, 3], RGB. */
export type Rgb = { data: Buffer; width: number; height: number }

/**
 * The kernel of all resampling: a triangle, widened when it shrinks, so that it neither rings nor aliases. The same as
 * Pillow's BILINEAR within 3 grey levels (mean 0.2).
 */
export const KERNEL = 'linear'

let running = 0
const waiting: (() => void)[] = []

/** Runs one call of libvips when its turn has come. */
export async function decode<T>(work: () => Promise<T>): Promise<T> {
  if (running >= CALLS_AT_ONCE) await new Promise<void>((resolve) => waiting.push(resolve))
  else running++
  try {
    return await work()
  } finally {
    const next = waiting.shift()
    if (next) next() // hands its place on
    else running--
  }
}

/**
 * Works on two items at once, so that both places at libvips are used and no more pictures are in memory than that. After
 * a failure no further item is begun.
 */
export async function twoAtOnce<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  let next = 0
  const worker = async () => {
    try {
      while (next < items.length) await work(items[next++]!)
    } catch (error) {
      next = items.length
      throw error
    }
  }
  await Promise.all(Array.from({ length: CALLS_AT_ONCE }, worker))
}

/** px a picture may have that is not read through our own checked directory. */
const MOST_PX = 268_000_000

/**
 * A picture with its pixels as they are stored: no ICC conversion, no EXIF rotation, so that the network sees what the
 * file holds and what the viewer shows.
 */
export const openPicture = (input: string | Buffer, options: SharpOptions = {}): Sharp =>
  sharp(input, { limitInputPixels: MOST_PX, failOn: 'error', ignoreIcc: true, ...options })

export const openRgb = ({ data, width, height }: Rgb): Sharp =>
  sharp(data, { limitInputPixels: false, raw: { width, height, channels: 3 } })

/** Runs a pipeline to raw RGB; grey becomes three equal channels, what is transparent becomes white, as glass. */
export async function toRgb(picture: Sharp): Promise<Rgb> {
  const { data, info } = await decode(() =>
    picture
      .flatten({ background: '#fff' })
      .toColourspace('srgb')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true }),
  )
  if (info.channels !== 3) throw new Error(`libvips made ${info.channels} channels where 3 were asked for`)
  return { data, width: info.width, height: info.height }
}

/** What libjpeg remarks on although it has decoded every pixel: junk between segments, odd markers. */
const HARMLESS = /extraneous bytes before marker|Invalid SOS parameters|Adobe color transform|JFIF revision/

/**
 * A tile stored as JPEG. libjpeg only warns where the data of a picture are corrupt, and goes on with pixels of its own
 * making; a network must not be given those. Of a sector of zeros it mostly does not even know.
 * @throws what libvips says, or what is wrong with the data
 */
export async function jpegToRgb(jpeg: Buffer): Promise<Rgb> {
  const { hasZeros, zerosAreFlat } = lookAtData(jpeg)
  if (hasZeros && !zerosAreFlat) throw new Error('a part of its picture is nothing but zeros, which no encoder writes')
  try {
    return await toRgb(openPicture(jpeg, { failOn: 'warning' }))
  } catch (error) {
    if (HARMLESS.test(messageOf(error))) return toRgb(openPicture(jpeg))
    throw error
  }
}

/** Stretched to exactly this size. */
export const resized = (picture: Rgb, width: number, height: number): Promise<Rgb> =>
  picture.width === width && picture.height === height
    ? Promise.resolve(picture)
    : toRgb(openRgb(picture).resize(width, height, { fit: 'fill', kernel: KERNEL }))

/** For the screen: without loss, in half the time of a small file. In a buffer of its own. */
export const toTilePng = async (picture: Rgb): Promise<Uint8Array> =>
  Uint8Array.from(await decode(() => openRgb(picture).png({ compressionLevel: 1 }).toBuffer()))

export const toPng = (picture: Rgb): Promise<Buffer> => decode(() => openRgb(picture).png().toBuffer())

export const toJpeg = (picture: Rgb, quality: number): Promise<Buffer> =>
  decode(() => openRgb(picture).jpeg({ quality }).toBuffer())

/** A white picture, the colour of bare glass. */
export const white = (width: number, height: number): Rgb => ({
  data: Buffer.alloc(width * height * 3, 255),
  width,
  height,
})

/**
 * Gives the memory of a picture back at once; it can not be used any more. A block of patches is 10 to 30 MB, and the
 * collector, which counts them, would go through the whole heap for every few of them: a fifth of the time of reading.
 */
export function release({ data }: Rgb): void {
  if (data.buffer instanceof ArrayBuffer && data.byteLength === data.buffer.byteLength) data.buffer.transfer(0)
}

/** Copies a rectangle of `from` into `to`; both rectangles must lie inside. */
export function paste(from: Rgb, to: Rgb, at: { x: number; y: number }, part = wholeOf(from)): void {
  const bytes = part.width * 3
  for (let row = 0; row < part.height; row++) {
    const start = ((part.y + row) * from.width + part.x) * 3
    from.data.copy(to.data, ((at.y + row) * to.width + at.x) * 3, start, start + bytes)
  }
}

const wholeOf = (picture: Rgb) => ({ x: 0, y: 0, width: picture.width, height: picture.height })
