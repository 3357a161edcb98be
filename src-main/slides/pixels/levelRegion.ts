/** Pixels of one level of a slide, exactly as it holds them; what lies outside the slide is white. */
import { isTesseraError } from '../../../src-shared/errors.ts'
import type { SlideLevel } from '../../../src-shared/slides.ts'
import type { LevelRect, SlideSource } from '../formats/slideSource.ts'
import { regionFromTiles, tileRect } from '../formats/tiledRegion.ts'
import { paste, type Rgb, white } from './decoder.ts'
import { missingPixels } from './missing.ts'

/**
 * What becomes of a tile that can not be read: an error for networks and files, a mark for a person who looks, and glass
 * where tissue is looked for, by whatever it is told from glass: nobody knows what was there.
 */
export type Damage = 'refuse' | 'mark' | 'glass'

/**
 * @param rect may reach over the edges of the level
 * @throws {TesseraError} SLIDE_TILE_BROKEN naming the tile, SLIDE_BROKEN, FILE_NOT_FOUND when the file is gone
 */
export async function readLevelRegion(
  source: SlideSource,
  level: number,
  rect: LevelRect,
  damage: Damage = 'refuse',
): Promise<Rgb> {
  const inside = intersection(rect, source.header.levels[level]!)
  if (!inside) return white(rect.width, rect.height)
  const pixels = await (damage === 'refuse'
    ? source.levels[level]!.region(inside)
    : readableRegion(source, level, inside, damage === 'mark' ? missingPixels : white))
  if (inside.width === rect.width && inside.height === rect.height) return pixels
  const framed = white(rect.width, rect.height)
  paste(pixels, framed, { x: inside.x - rect.x, y: inside.y - rect.y })
  return framed
}

/** A region with something else where tiles are damaged. @param rect lies inside the level */
async function readableRegion(
  source: SlideSource,
  level: number,
  rect: LevelRect,
  instead: (width: number, height: number) => Rgb,
): Promise<Rgb> {
  const reader = source.levels[level]!
  const shape = source.header.levels[level]!
  try {
    return await reader.region(rect)
  } catch (error) {
    if (!isTesseraError(error, 'SLIDE_TILE_BROKEN')) throw error
  }
  return regionFromTiles(shape, rect, async (column, row) => {
    const tile = tileRect(shape, column, row)
    try {
      return await reader.region(tile)
    } catch (error) {
      if (!isTesseraError(error, 'SLIDE_TILE_BROKEN')) throw error
      return instead(tile.width, tile.height)
    }
  })
}

function intersection(rect: LevelRect, { width, height }: SlideLevel): LevelRect | null {
  const x = Math.max(0, rect.x)
  const y = Math.max(0, rect.y)
  const right = Math.min(width, rect.x + rect.width)
  const bottom = Math.min(height, rect.y + rect.height)
  return right > x && bottom > y ? { x, y, width: right - x, height: bottom - y } : null
}
