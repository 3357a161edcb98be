/**
 * A level of JPEG tiles: for the screen as they are stored, for regions decoded by libvips in one go, out of a small TIFF
 * of the tiles under the region (see tiffOfTiles.ts).
 *
 * Where libvips can not decode them all, the data of one do not look whole, or a tile lies at a place that can not be, the
 * region is put together from tiles decoded one by one, which names the one that is broken. Both ways give the same pixels.
 */
import { messageOf } from '../../../src-shared/errors.ts'
import { jpegToRgb, openPicture, type Rgb, toRgb, white } from '../pixels/decoder.ts'
import {
  checkFrame,
  completeTile,
  JpegFault,
  jpegPrefix,
  JPEG_LIMITS,
  provesYCbCr,
  completeLength,
  tablesAlone,
  type TileForm,
} from './jpegTile.ts'
import { lookAtData } from './jpegData.ts'
import { brokenSlide, brokenTile, type TilePlace } from './slideErrors.ts'
import type { LevelReader, LevelRect } from './slideSource.ts'
import { regionFromTiles, type TileGrid, tilesUnder, whiten } from './tiledRegion.ts'
import { TAG, type Tiff } from './tiffDirectory.ts'
import { COMPRESSION, PHOTOMETRIC, type TiffImage } from './tiffImage.ts'
import { NOT_STORED, storedTiles, type StoredTiles } from './storedTiles.ts'
import { tiffOfTiles } from './tiffOfTiles.ts'
import { isTiled, type TiledImage } from './tiffPyramid.ts'
import { stillThere } from './vipsImage.ts'

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
export async function jpegLevel(tiff: Tiff, image: TiledImage, grid: TileGrid, level: number): Promise<LevelReader> {
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
  const { prefix, alone } = tablesOf(file, tables, form)

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

  /** All tiles under a region in one call; null = there are none. @throws whatever is wrong with one of them */
  const inOneGo = async (rect: LevelRect): Promise<Rgb | null> => {
    const range = tilesUnder(rect, grid)
    const found = await tiles.readRange(range)
    if (!found) throw new JpegFault('its tiles claim more bytes than can be meant')
    const { bytes, at, length } = found
    const first = at.findIndex((each) => each !== NOT_STORED)
    if (first === -1) return null
    const missing: number[] = []
    for (let tile = 0; tile < at.length; tile++) {
      if (at[tile] === NOT_STORED) {
        missing.push(tile)
        ;[at[tile], length[tile]] = [at[first]!, length[first]!] // in its place for a moment
        continue
      }
      const jpeg = bytes.subarray(at[tile], at[tile]! + length[tile]!)
      checkFrame(jpeg, 2, form)
      // libvips says nothing of what libjpeg warns of in the tiles of a TIFF
      const { isWhole, hasZeros } = lookAtData(jpeg)
      if (!isWhole || hasZeros) throw new JpegFault('its data do not look whole')
    }
    const columns = range.right - range.left
    const [left, top] = [rect.x - range.left * grid.tileWidth, rect.y - range.top * grid.tileHeight]
    const picture = openPicture(tiffOfTiles(found, columns, form, alone), {
      limitInputPixels: false,
      failOn: 'warning',
    })
    const pixels = await toRgb(picture.extract({ left, top, width: rect.width, height: rect.height }))
    for (const tile of missing)
      whiten(pixels, {
        x: (tile % columns) * grid.tileWidth - left,
        y: Math.floor(tile / columns) * grid.tileHeight - top,
        width: grid.tileWidth,
        height: grid.tileHeight,
      })
    return pixels
  }

  return {
    tile: jpeg,
    async region(rect) {
      try {
        return (await inOneGo(rect)) ?? white(rect.width, rect.height)
      } catch {
        await stillThere(file)
        return regionFromTiles(grid, rect, decoded) // names the tile, if one can not be decoded
      }
    },
  }
}

/** What stands in front of every tile for the screen, and the tables for a TIFF. */
function tablesOf(file: string, tables: Buffer | null, form: TileForm): { prefix: Buffer; alone: Buffer | null } {
  try {
    return { prefix: jpegPrefix(tables, form), alone: tablesAlone(tables) }
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
