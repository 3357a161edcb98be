/** A level whose tiles are decoded here, one by one, because neither the screen nor libvips can: decoded ones are kept. */
import type { Rgb } from '../pixels/decoder.ts'
import type { LevelReader } from './slideSource.ts'
import { regionFromTiles, type TileGrid } from './tiledRegion.ts'
import { pngTile } from './vipsImage.ts'

/** Decoded tiles of all open slides together. */
const MOST_BYTES = 96e6

type Kept = { pixels: Promise<Rgb | null>; bytes: number }

/** The tiles of all levels, the one used last at the end. */
const kept = new Map<string, Kept>()
let keptBytes = 0
let levels = 0

/**
 * @param decoded pixels of a tile, all of tileWidth × tileHeight px; null = none stored
 * @param atOnce tiles that can be decoded at the same time
 */
export function decodedLevel(
  grid: TileGrid,
  decoded: (column: number, row: number) => Promise<Rgb | null>,
  atOnce: number,
): LevelReader {
  const level = levels++
  const bytes = grid.tileWidth * grid.tileHeight * 3

  const pixels = (column: number, row: number): Promise<Rgb | null> => {
    const key = `${level}/${column}/${row}`
    const known = kept.get(key)
    kept.delete(key)
    const one = known ?? { pixels: decoded(column, row), bytes }
    kept.set(key, one)
    if (!known) {
      keptBytes += bytes
      one.pixels.catch(() => forget(key)) // tried anew next time
      for (const oldest of kept.keys()) {
        if (keptBytes <= MOST_BYTES || oldest === key) break
        forget(oldest)
      }
    }
    return one.pixels
  }

  return {
    async tile(column, row) {
      const tile = await pixels(column, row)
      return tile && pngTile(grid, tile)
    },
    region: (rect) => regionFromTiles(grid, rect, pixels, atOnce),
  }
}

function forget(key: string): void {
  const gone = kept.get(key)
  if (!gone) return
  kept.delete(key)
  keptBytes -= gone.bytes
}
