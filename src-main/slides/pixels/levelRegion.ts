/** Pixels of one level of a slide, exactly as it holds them; what lies outside the slide is white. */
import type { SlideLevel } from '../../../src-shared/slides.ts'
import type { LevelRect, SlideSource } from '../formats/slideSource.ts'
import { paste, type Rgb, white } from './decoder.ts'

/**
 * @param rect may reach over the edges of the level
 * @throws {TesseraError} SLIDE_TILE_BROKEN naming the tile, SLIDE_BROKEN, FILE_NOT_FOUND when the file is gone
 */
export async function readLevelRegion(source: SlideSource, level: number, rect: LevelRect): Promise<Rgb> {
  const inside = intersection(rect, source.header.levels[level]!)
  if (!inside) return white(rect.width, rect.height)
  const pixels = await source.levels[level]!.region(inside)
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
