/** One image of a TIFF file: what its directory says of size, layout and colour, within limits that a slide never passes. */
import { brokenSlide } from './slideErrors.ts'
import { TAG, type Tiff, type TiffDirectory } from './tiffDirectory.ts'

/** px: a whole slide at 0.1 µm/px is below 1,000,000; a tile of a scanner below 2,048. */
const LONGEST_SIDE = 2 ** 22
const LONGEST_TILE = 4096
const MOST_TILES = 8_000_000

export const COMPRESSION = { none: 1, jpeg: 7, zstd: 50000 } as const
export const PHOTOMETRIC = { whiteIsZero: 0, blackIsZero: 1, rgb: 2, palette: 3, yCbCr: 6 } as const

/** What a value of the Compression tag is called. */
const compressionNames: Readonly<Record<number, string>> = {
  1: 'an uncompressed TIFF',
  2: 'a fax-compressed TIFF',
  3: 'a fax-compressed TIFF',
  4: 'a fax-compressed TIFF',
  5: 'an LZW-compressed TIFF',
  6: 'a TIFF with old-style JPEG',
  7: 'a JPEG-compressed TIFF',
  8: 'a deflate-compressed TIFF',
  22610: 'a TIFF with JPEG XR tiles',
  32773: 'a PackBits-compressed TIFF',
  32946: 'a deflate-compressed TIFF',
  34887: 'a LERC-compressed TIFF',
  34925: 'an LZMA-compressed TIFF',
  34934: 'a TIFF with JPEG XR tiles',
  50000: 'a zstd-compressed TIFF',
  50001: 'a WebP-compressed TIFF',
  50002: 'a TIFF with JPEG XL tiles',
}

/** Aperio's two (YCbCr, RGB) and the standard's own number for JPEG 2000. */
export const isJpeg2000 = (compression: number): boolean => [33003, 33004, 33005, 34712].includes(compression)

export const compressionName = (compression: number): string =>
  compressionNames[compression] ?? `a TIFF with compression ${compression}`

export type TiffImage = {
  directory: TiffDirectory
  width: number
  height: number
  compression: number
  photometric: number
  samples: number
  /** bits of each channel; 0 = not the same in all */
  bits: number
  /** whole numbers from 0 on, not signed ones or fractions */
  unsigned: boolean
  /** channels lie side by side in each pixel, not in planes */
  interleaved: boolean
  /** bit 0: reduced version of another image; Aperio says 1 = label, 9 = macro */
  subfileType: number
  /** null = in strips */
  tiles: { width: number; height: number; columns: number; rows: number } | null
}

/** @throws {TesseraError} SLIDE_BROKEN on sizes no slide has */
export async function readTiffImage(tiff: Tiff, directory: TiffDirectory): Promise<TiffImage> {
  const number = (tag: number, missing: number) => tiff.number(directory, tag, missing)
  const width = await number(TAG.imageWidth, 0)
  const height = await number(TAG.imageLength, 0)
  if (!isLength(width, LONGEST_SIDE) || !isLength(height, LONGEST_SIDE))
    throw brokenSlide(tiff.file, `an image in it claims to have ${width} × ${height} px`)
  const tileWidth = await number(TAG.tileWidth, 0)
  const tileHeight = await number(TAG.tileLength, 0)
  const isTiled = directory.entries.has(TAG.tileWidth) || directory.entries.has(TAG.tileOffsets)
  const columns = Math.ceil(width / tileWidth)
  const rows = Math.ceil(height / tileHeight)
  if (isTiled && (!isLength(tileWidth, LONGEST_TILE) || !isLength(tileHeight, LONGEST_TILE)))
    throw brokenSlide(tiff.file, `an image in it claims to have tiles of ${tileWidth} × ${tileHeight} px`)
  if (isTiled && columns * rows > MOST_TILES)
    throw brokenSlide(tiff.file, `an image in it claims to have ${columns * rows} tiles`)
  const bits = await tiff.numbers(directory, TAG.bitsPerSample, 1024)
  const sampleFormats = await tiff.numbers(directory, TAG.sampleFormat, 1024)
  return {
    directory,
    width,
    height,
    compression: await number(TAG.compression, 1),
    photometric: await number(TAG.photometric, -1),
    samples: await number(TAG.samplesPerPixel, 1),
    bits: bits.every((each) => each === bits[0]) ? (bits[0] ?? 1) : 0,
    unsigned: sampleFormats.every((each) => each === 1),
    interleaved: (await number(TAG.planarConfiguration, 1)) === 1,
    subfileType: await number(TAG.newSubfileType, 0),
    tiles: isTiled ? { width: tileWidth, height: tileHeight, columns, rows } : null,
  }
}

const isLength = (px: number, most: number): boolean => Number.isInteger(px) && px > 0 && px <= most
