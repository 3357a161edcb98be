/**
 * A picture without a pyramid of its own: PNG, JPEG, or a TIFF in strips. A small one is decoded once and kept; of a large
 * one a pyramid is made in the cache folder, without loss, because a region of it could only be had by decoding
 * everything above it again.
 */
import type { FileHandle } from 'node:fs/promises'
import { messageOf } from '../../../src-shared/errors.ts'
import type { SlideHeader, SlideLevel } from '../../../src-shared/slides.ts'
import type { Rgb } from '../pixels/decoder.ts'
import { paste, white } from '../pixels/decoder.ts'
import { fingerprintOf } from '../fingerprint.ts'
import { cachedPyramid, type PicturePlace, pyramidShapes, TILE } from './pyramidCache.ts'
import { brokenSlide, brokenTile } from './slideErrors.ts'
import { lazily, type LevelReader, type LevelRect, type SlideSource } from './slideSource.ts'
import { type TileGrid, tileRect } from './tiledRegion.ts'
import { pngTile } from './vipsImage.ts'

/** px of the longest side of a picture that is kept decoded: 48 MB. */
const WHOLE_PX = 4000

export type PictureFacts = Omit<SlideHeader, 'width' | 'height' | 'levels' | 'associatedImages'>

type Picture = {
  file: string
  handle: FileHandle
  width: number
  height: number
  /** where libvips finds it; null = it can not read it */
  place: PicturePlace | null
  /** all of it at once */
  read: () => Promise<Rgb>
  facts: PictureFacts
  profile: () => Promise<Buffer | null>
}

export const isSmall = ({ width, height }: { width: number; height: number }): boolean =>
  Math.max(width, height) <= WHOLE_PX

/** @throws {TesseraError} what reading it for its fingerprint may say */
export async function pictureSlide({
  file,
  handle,
  width,
  height,
  place,
  read,
  facts,
  profile,
}: Picture): Promise<SlideSource> {
  const header = (levels: SlideLevel[]): SlideHeader => ({ ...facts, width, height, levels, associatedImages: [] })
  const common = { file, parts: [], profile, associatedImage: () => Promise.resolve(null) }
  if (place === null || isSmall({ width, height })) {
    const [shape] = pyramidShapes(width, height)
    return {
      ...common,
      header: header([shape!]),
      pyramid: null,
      levels: [lazily(async () => memoryLevel(file, await decoded(file, read), shape!))],
      close: () => handle.close(),
    }
  }
  const shapes = pyramidShapes(width, height)
  const cached = cachedPyramid(file, place, shapes, await fingerprintOf(file))
  return {
    ...common,
    header: header(shapes),
    pyramid: cached.pyramid,
    levels: cached.levels,
    async close() {
      await cached.close()
      await handle.close()
    },
  }
}

async function decoded(file: string, read: () => Promise<Rgb>): Promise<Rgb> {
  try {
    return await read()
  } catch (error) {
    throw brokenSlide(file, `it could not be decoded (${messageOf(error)})`, error)
  }
}

/** A level that is in memory as a whole. */
export function memoryLevel(file: string, picture: Rgb, grid: TileGrid): LevelReader {
  const cut = (rect: LevelRect): Rgb => {
    const part = white(rect.width, rect.height)
    paste(picture, part, { x: 0, y: 0 }, rect)
    return part
  }
  return {
    async tile(column, row) {
      if (column >= grid.columns || row >= grid.rows)
        throw brokenTile(
          file,
          { level: 0, column, row },
          `the level has only ${grid.columns} × ${grid.rows} tiles of ${TILE} px`,
        )
      return pngTile(grid, cut(tileRect(grid, column, row)))
    },
    region: async (rect) => cut(rect),
  }
}
