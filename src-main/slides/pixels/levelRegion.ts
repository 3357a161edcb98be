/**
 * Pixels of one level of a slide, exactly as its tiles hold them.
 *
 * libvips reads a rectangle in one go where it can. Where it can not, because a tile is not stored, the rectangle is put
 * together from tiles decoded one by one; both ways give the same pixels.
 */
import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import type { SlideLevel } from '../../../src-shared/slides.ts'
import { isTesseraError, messageOf } from '../../../src-shared/errors.ts'
import { fileError } from '../../files/fileErrors.ts'
import { brokenSlide, brokenTile } from '../formats/slideErrors.ts'
import type { SlideSource, TileRange, VipsPage } from '../formats/slideSource.ts'
import { openPicture, paste, type Rgb, toRgb, white } from './decoder.ts'

/** A rectangle in px of a level. */
type LevelRect = { x: number; y: number; width: number; height: number }

/**
 * @param rect may reach over the edges of the level; what lies outside is white
 * @throws {TesseraError} SLIDE_TILE_BROKEN naming the tile, SLIDE_BROKEN, FILE_NOT_FOUND when the file is gone
 */
export async function readLevelRegion(source: SlideSource, level: number, rect: LevelRect): Promise<Rgb> {
  const shape = source.header.levels[level]!
  const inside = intersection(rect, shape)
  if (!inside) return white(rect.width, rect.height)
  const pixels = await readInside(source, level, inside)
  if (inside.width === rect.width && inside.height === rect.height) return pixels
  const framed = white(rect.width, rect.height)
  paste(pixels, framed, { x: inside.x - rect.x, y: inside.y - rect.y })
  return framed
}

function intersection(rect: LevelRect, { width, height }: SlideLevel): LevelRect | null {
  const x = Math.max(0, rect.x)
  const y = Math.max(0, rect.y)
  const right = Math.min(width, rect.x + rect.width)
  const bottom = Math.min(height, rect.y + rect.height)
  return right > x && bottom > y ? { x, y, width: right - x, height: bottom - y } : null
}

const tilesUnder = (rect: LevelRect, { tileWidth, tileHeight }: SlideLevel): TileRange => ({
  left: Math.floor(rect.x / tileWidth),
  top: Math.floor(rect.y / tileHeight),
  right: Math.ceil((rect.x + rect.width) / tileWidth),
  bottom: Math.ceil((rect.y + rect.height) / tileHeight),
})

async function readInside(source: SlideSource, level: number, rect: LevelRect): Promise<Rgb> {
  const range = tilesUnder(rect, source.header.levels[level]!)
  const page = await source.pageFor(level, range)
  if (!page) return fromTiles(source, level, rect, range)
  try {
    return await toRgb(
      openPage(source, page).extract({ left: rect.x, top: rect.y, width: rect.width, height: rect.height }),
    )
  } catch (error) {
    await access(source.file, constants.R_OK).catch((missing: unknown) => {
      throw fileError(source.file, missing)
    })
    await fromTiles(source, level, rect, range) // names the tile, if it is one
    throw brokenSlide(source.file, `level ${level} could not be decoded (${messageOf(error)})`, error)
  }
}

/** An image of the file, decoded by libvips. Its size was checked by our own directory reader, whatever it is. */
export const openPage = (source: SlideSource, { page, subifd }: VipsPage) =>
  openPicture(source.file, { limitInputPixels: false, page, ...(subifd === null ? {} : { subifd }) })

async function fromTiles(source: SlideSource, level: number, rect: LevelRect, range: TileRange): Promise<Rgb> {
  const { tileWidth, tileHeight } = source.header.levels[level]!
  const pixels = white(rect.width, rect.height)
  for (let row = range.top; row < range.bottom; row++)
    for (let column = range.left; column < range.right; column++) {
      const tile = await decodeTile(source, level, column, row)
      if (!tile) continue
      const left = Math.max(rect.x, column * tileWidth)
      const top = Math.max(rect.y, row * tileHeight)
      paste(
        tile,
        pixels,
        { x: left - rect.x, y: top - rect.y },
        {
          x: left - column * tileWidth,
          y: top - row * tileHeight,
          width: Math.min(rect.x + rect.width, (column + 1) * tileWidth) - left,
          height: Math.min(rect.y + rect.height, (row + 1) * tileHeight) - top,
        },
      )
    }
  return pixels
}

async function decodeTile(source: SlideSource, level: number, column: number, row: number): Promise<Rgb | null> {
  const jpeg = await source.tile(level, column, row)
  try {
    return jpeg && (await toRgb(openPicture(Buffer.from(jpeg.buffer, jpeg.byteOffset, jpeg.byteLength))))
  } catch (error) {
    if (isTesseraError(error)) throw error
    throw brokenTile(source.file, { level, column, row }, messageOf(error), error)
  }
}
