/**
 * A level of JPEG tiles: for the screen as they are stored, for regions decoded by libvips, in one go where it can.
 *
 * libvips can not where a tile is not stored, and where the directory's colours are not those of its JPEGs; and of a tile
 * whose place or size can not be it makes what it can. Then the region is put together from tiles decoded one by one. Both ways give the same pixels.
 */
import { messageOf } from '../../../src-shared/errors.ts'
import { jpegToRgb, type Rgb } from '../pixels/decoder.ts'
import {
  completeTile,
  JpegFault,
  jpegPrefix,
  JPEG_LIMITS,
  provesYCbCr,
  completeLength,
  type TileForm,
} from './jpegTile.ts'
import { brokenSlide, brokenTile, type TilePlace } from './slideErrors.ts'
import type { LevelReader } from './slideSource.ts'
import { regionFromTiles, type TileGrid, tilesUnder } from './tiledRegion.ts'
import { TAG, type Tiff } from './tiffDirectory.ts'
import { COMPRESSION, PHOTOMETRIC, type TiffImage } from './tiffImage.ts'
import { storedTiles, type StoredTiles } from './storedTiles.ts'
import { isTiled, type TiledImage } from './tiffPyramid.ts'
import { readPage, stillThere, type VipsPage } from './vipsImage.ts'

/** Whether the tiles of an image can go to the screen as they are stored. */
export const hasJpegTiles = (image: TiffImage): image is TiledImage =>
  isTiled(image) &&
  image.compression === COMPRESSION.jpeg &&
  image.bits === 8 &&
  image.unsigned &&
  image.interleaved &&
  ((image.samples === 3 && (image.photometric === PHOTOMETRIC.rgb || image.photometric === PHOTOMETRIC.yCbCr)) ||
    (image.samples === 1 && image.photometric === PHOTOMETRIC.blackIsZero))

/** @param level index of the level, for messages. @throws {TesseraError} SLIDE_BROKEN */
export async function jpegLevel(
  tiff: Tiff,
  image: TiledImage,
  grid: TileGrid,
  page: VipsPage,
  level: number,
): Promise<LevelReader> {
  const { file } = tiff
  const tiles = await storedTiles(tiff, image, grid, level)
  const tables = await tiff.raw(image.directory, TAG.jpegTables, JPEG_LIMITS.tableBytes)
  const isLying = image.photometric === PHOTOMETRIC.rgb && (await holdsYCbCr(tiles))
  const form: TileForm = {
    width: grid.tileWidth,
    height: grid.tileHeight,
    components: image.samples === 1 ? 1 : 3,
    yCbCr: image.photometric === PHOTOMETRIC.yCbCr || isLying,
  }
  const prefix = prefixOf(file, tables, form)

  const jpeg = async (column: number, row: number): Promise<Buffer | null> => {
    const place: TilePlace = { level, column, row }
    // A buffer of its own: Electron clones whole buffers, not views.
    const stored = await tiles.read(column, row, (bytes) => ({
      into: Buffer.allocUnsafeSlow(completeLength(prefix, bytes)),
      at: prefix.length - 2,
    }))
    try {
      if (stored) completeTile(stored, prefix, form)
    } catch (error) {
      throw error instanceof JpegFault ? brokenTile(file, place, error.message, error) : error
    }
    return stored
  }

  const decoded = async (column: number, row: number): Promise<Rgb | null> => {
    const stored = await jpeg(column, row)
    try {
      return stored && (await jpegToRgb(stored))
    } catch (error) {
      throw brokenTile(file, { level, column, row }, messageOf(error), error)
    }
  }

  return {
    tile: jpeg,
    async region(rect) {
      const fromTiles = () => regionFromTiles(grid, rect, decoded)
      if (isLying || !tiles.allSound(tilesUnder(rect, grid))) return fromTiles()
      try {
        return await readPage(file, page, rect)
      } catch {
        await stillThere(file)
        return fromTiles() // names the tile, if one can not be decoded
      }
    },
  }
}

function prefixOf(file: string, tables: Buffer | null, form: TileForm): Buffer {
  try {
    return jpegPrefix(tables, form)
  } catch (error) {
    throw error instanceof JpegFault ? brokenSlide(file, error.message, error) : error
  }
}

/** Whether the directory of JPEG tiles says RGB, and they hold YCbCr. */
export const coloursLie = async (tiff: Tiff, image: TiledImage, grid: TileGrid): Promise<boolean> =>
  image.photometric === PHOTOMETRIC.rgb && holdsYCbCr(await storedTiles(tiff, image, grid, 0))

/** Whether tiles of a directory that says RGB hold YCbCr all the same, by the first one. */
async function holdsYCbCr(tiles: StoredTiles): Promise<boolean> {
  const first = tiles.firstStored()
  if (!first) return false
  try {
    const jpeg = await tiles.read(first.column, first.row, (bytes) => ({ into: Buffer.allocUnsafe(bytes), at: 0 }))
    return jpeg !== null && provesYCbCr(jpeg)
  } catch {
    return false // this tile is broken, which is told when it is asked for
  }
}
