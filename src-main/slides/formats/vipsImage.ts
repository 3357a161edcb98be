/** An image of a file as libvips reads it: whole, in regions, and in tiles for the screen. */
import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { messageOf } from '../../../src-shared/errors.ts'
import { fileError } from '../../files/fileErrors.ts'
import { openPicture, paste, type Rgb, toRgb, toTilePng, white } from '../pixels/decoder.ts'
import { brokenTile } from './slideErrors.ts'
import type { LevelReader, LevelRect } from './slideSource.ts'
import { regionFromTiles, type TileGrid, tileRect } from './tiledRegion.ts'

/** Where libvips finds an image inside a TIFF. */
export type VipsPage = {
  /** place in the main chain of directories, from 0 */
  page: number
  /** place among the SubIFDs of that directory; null = the directory itself */
  subifd: number | null
}

/**
 * An image of a TIFF. Its size was checked by our own directory reader, whatever it is.
 *
 * Every warning is an error here: where a tile can not be unpacked, libvips 8.18 only warns, and leaves that tile and
 * everything after it black.
 */
export const openPage = (file: string, { page, subifd }: VipsPage) =>
  openPicture(file, { limitInputPixels: false, failOn: 'warning', page, ...(subifd === null ? {} : { subifd }) })

/** @param rect lies inside the image. @throws what libvips says */
export const readPage = (file: string, page: VipsPage, { x, y, width, height }: LevelRect): Promise<Rgb> =>
  toRgb(openPage(file, page).extract({ left: x, top: y, width, height }))

/** Nothing, when a file can still be read. @throws {TesseraError} FILE_NOT_FOUND, FILE_NO_PERMISSION */
export async function stillThere(file: string): Promise<void> {
  await access(file, constants.R_OK).catch((missing: unknown) => {
    throw fileError(file, missing)
  })
}

/**
 * A level that libvips decodes: the tiles of the grid are cut out of the image.
 * @param level index of the level, for messages
 */
export function vipsLevel(file: string, page: VipsPage, grid: TileGrid, level: number): LevelReader {
  const tile = async (column: number, row: number): Promise<Rgb> => {
    try {
      return await readPage(file, page, tileRect(grid, column, row))
    } catch (error) {
      await stillThere(file)
      throw brokenTile(file, { level, column, row }, messageOf(error), error)
    }
  }
  return {
    async tile(column, row) {
      if (column >= grid.columns || row >= grid.rows)
        throw brokenTile(file, { level, column, row }, `the level has only ${grid.columns} × ${grid.rows} tiles`)
      return pngTile(grid, await tile(column, row))
    },
    async region(rect) {
      try {
        return await readPage(file, page, rect)
      } catch {
        return regionFromTiles(grid, rect, tile) // names the tile
      }
    },
  }
}

/** A tile for the screen, without loss; one at the edge of the level is filled up with white. */
export function pngTile({ tileWidth, tileHeight }: TileGrid, pixels: Rgb): Promise<Uint8Array> {
  if (pixels.width === tileWidth && pixels.height === tileHeight) return toTilePng(pixels)
  const whole = white(tileWidth, tileHeight)
  paste(
    pixels,
    whole,
    { x: 0, y: 0 },
    { x: 0, y: 0, width: Math.min(pixels.width, tileWidth), height: Math.min(pixels.height, tileHeight) },
  )
  return toTilePng(whole)
}
