/**
 * A level whose tiles or strips are not packed at all, or in a way that libvips was built without and Node unpacks: zstd.
 *
 * Channels lie side by side, 8 bits each. Predictor 2 (TIFF 6.0, section 14) stores each value as its difference to the
 * one a pixel to the left.
 */
import * as zlib from 'node:zlib'
import { promisify } from 'node:util'
import { messageOf } from '../../../src-shared/errors.ts'
import { paste, type Rgb, white } from '../pixels/decoder.ts'
import { brokenTile, formatNotRead } from './slideErrors.ts'
import type { LevelReader } from './slideSource.ts'
import { storedTiles } from './storedTiles.ts'
import { regionFromTiles, type TileGrid } from './tiledRegion.ts'
import { TAG, type Tiff } from './tiffDirectory.ts'
import { COMPRESSION, PHOTOMETRIC, type TiffImage } from './tiffImage.ts'
import { pngTile } from './vipsImage.ts'

/** Node has zstd from 22.15 on. */
const unzstd = 'zstdDecompress' in zlib ? promisify(zlib.zstdDecompress) : null

const colours = new Set<number>([PHOTOMETRIC.whiteIsZero, PHOTOMETRIC.blackIsZero, PHOTOMETRIC.rgb])

export const isUnpackable = (image: TiffImage): boolean =>
  (image.compression === COMPRESSION.zstd || image.compression === COMPRESSION.none) &&
  image.bits === 8 &&
  image.unsigned &&
  image.interleaved &&
  [1, 3, 4].includes(image.samples) &&
  colours.has(image.photometric)

/** @param level index of the level, for messages. @throws {TesseraError} SLIDE_FORMAT_NOT_READ, SLIDE_BROKEN */
export async function unpackedLevel(tiff: Tiff, image: TiffImage, grid: TileGrid, level: number): Promise<LevelReader> {
  const isPacked = image.compression === COMPRESSION.zstd
  if (isPacked && !unzstd)
    throw formatNotRead(tiff.file, 'a zstd-compressed TIFF', 'zstd needs Node 22.15 or newer and')
  const tiles = await storedTiles(tiff, image, grid, level)
  const predictor = await tiff.number(image.directory, TAG.predictor, 1)

  const decoded = async (column: number, row: number): Promise<Rgb | null> => {
    const stored = await tiles.read(column, row, (bytes) => ({ into: Buffer.allocUnsafe(bytes), at: 0 }))
    if (!stored) return null
    // the last strip has only as many rows as are left; a tile always has all of its own
    const height = image.tiles ? grid.tileHeight : Math.min(grid.tileHeight, grid.height - row * grid.tileHeight)
    const expected = grid.tileWidth * height * image.samples
    const place = { level, column, row }
    let bytes: Buffer
    try {
      bytes = isPacked ? await unzstd!(stored, { maxOutputLength: expected }) : stored
    } catch (error) {
      throw brokenTile(tiff.file, place, `it can not be unpacked (${messageOf(error)})`, error)
    }
    if (bytes.length !== expected)
      throw brokenTile(tiff.file, place, `it holds ${bytes.length} bytes, ${expected} were expected`)
    if (predictor === 2) undoDifferences(bytes, grid.tileWidth, image.samples)
    return toRgb(bytes, grid.tileWidth, height, image)
  }

  return {
    async tile(column, row) {
      const pixels = await decoded(column, row)
      if (!pixels) return null
      const whole = white(grid.tileWidth, grid.tileHeight)
      paste(pixels, whole, { x: 0, y: 0 })
      return pngTile(grid, whole)
    },
    region: (rect) => regionFromTiles(grid, rect, decoded),
  }
}

function undoDifferences(bytes: Buffer, width: number, samples: number): void {
  const line = width * samples
  for (let start = 0; start < bytes.length; start += line)
    for (let i = start + samples; i < start + line; i++) bytes[i] = bytes[i]! + bytes[i - samples]!
}

/** @param bytes [height, width, samples]; a fourth channel is how much of the pixel is not glass */
function toRgb(bytes: Buffer, width: number, height: number, { samples, photometric }: TiffImage): Rgb {
  if (samples === 3) return { data: bytes, width, height }
  const data = Buffer.allocUnsafe(width * height * 3)
  for (let from = 0, to = 0; from < bytes.length; from += samples)
    for (let channel = 0; channel < 3; channel++) {
      const value = bytes[from + (samples === 1 ? 0 : channel)]!
      const seen = samples === 4 ? value + ((255 - value) * (255 - bytes[from + 3]!)) / 255 : value
      data[to++] = photometric === PHOTOMETRIC.whiteIsZero ? 255 - seen : seen
    }
  return { data, width, height }
}
