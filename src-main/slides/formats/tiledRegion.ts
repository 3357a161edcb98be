/** A region put together from tiles that are decoded one by one. */
import type { SlideLevel } from '../../../src-shared/slides.ts'
import { paste, type Rgb, white } from '../pixels/decoder.ts'
import type { LevelRect } from './slideSource.ts'

export type TileGrid = Pick<SlideLevel, 'width' | 'height' | 'tileWidth' | 'tileHeight' | 'columns' | 'rows'>

/** Tiles of one level from (left, top) up to and without (right, bottom), counted in tiles. */
export type TileRange = { left: number; top: number; right: number; bottom: number }

export const tilesUnder = (rect: LevelRect, { tileWidth, tileHeight }: TileGrid): TileRange => ({
  left: Math.floor(rect.x / tileWidth),
  top: Math.floor(rect.y / tileHeight),
  right: Math.ceil((rect.x + rect.width) / tileWidth),
  bottom: Math.ceil((rect.y + rect.height) / tileHeight),
})

/**
 * Whether so few tiles can be all of a level: bare glass is left out, but a level of a million tiles of which twelve are
 * stored is a header that was forged, and would take minutes to look at.
 */
export const isTooEmpty = ({ columns, rows }: Pick<TileGrid, 'columns' | 'rows'>, stored: number): boolean =>
  columns * rows > 64 * stored + 4096

/**
 * @param rect lies inside the level
 * @param decoded pixels of a tile, at least as many as of it lie inside the level; null = none stored, which stays white
 * @param atOnce tiles decoded at the same time
 */
export async function regionFromTiles(
  grid: TileGrid,
  rect: LevelRect,
  decoded: (column: number, row: number) => Promise<Rgb | null>,
  atOnce = 1,
): Promise<Rgb> {
  const { tileWidth, tileHeight } = grid
  const { left, top, right, bottom } = tilesUnder(rect, grid)
  const pixels = white(rect.width, rect.height)
  const places: { column: number; row: number }[] = []
  for (let row = top; row < bottom; row++)
    for (let column = left; column < right; column++) places.push({ column, row })

  const put = (tile: Rgb, column: number, row: number): void => {
    const from = { x: Math.max(rect.x, column * tileWidth), y: Math.max(rect.y, row * tileHeight) }
    paste(
      tile,
      pixels,
      { x: from.x - rect.x, y: from.y - rect.y },
      {
        x: from.x - column * tileWidth,
        y: from.y - row * tileHeight,
        width: Math.min(rect.x + rect.width, (column + 1) * tileWidth) - from.x,
        height: Math.min(rect.y + rect.height, (row + 1) * tileHeight) - from.y,
      },
    )
  }
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < places.length) {
      const { column, row } = places[next++]!
      const tile = await decoded(column, row)
      if (tile) put(tile, column, row)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
  return pixels
}

/** The tile's own rectangle, cut off at the edges of the level. */
export const tileRect = (grid: TileGrid, column: number, row: number): LevelRect => ({
  x: column * grid.tileWidth,
  y: row * grid.tileHeight,
  width: Math.min(grid.tileWidth, grid.width - column * grid.tileWidth),
  height: Math.min(grid.tileHeight, grid.height - row * grid.tileHeight),
})

/** Makes a rectangle white; what of it lies outside the picture is left. */
export function whiten(picture: Rgb, rect: LevelRect): void {
  const left = Math.max(0, rect.x)
  const right = Math.min(picture.width, rect.x + rect.width)
  for (let y = Math.max(0, rect.y); y < Math.min(picture.height, rect.y + rect.height); y++)
    picture.data.fill(255, (y * picture.width + left) * 3, (y * picture.width + right) * 3)
}
