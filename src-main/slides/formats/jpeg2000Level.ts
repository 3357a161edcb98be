/** A level of a TIFF with JPEG 2000 tiles, as Aperio writes them. */
import { brokenTile } from './slideErrors.ts'
import { decodeJpeg2000, Jpeg2000Fault, THREADS } from './jpeg2000.ts'
import { decodedLevel } from './decodedLevel.ts'
import type { LevelReader } from './slideSource.ts'
import { storedTiles } from './storedTiles.ts'
import type { TileGrid } from './tiledRegion.ts'
import type { Tiff } from './tiffDirectory.ts'
import { isJpeg2000, PHOTOMETRIC, type TiffImage } from './tiffImage.ts'
import { isTiled, type TiledImage } from './tiffPyramid.ts'

/** Aperio's number for codestreams whose channels are Y, Cb, Cr; 33005 holds R, G, B, and both say RGB in the directory. */
const APERIO_YCBCR = 33_003

export const hasJpeg2000Tiles = (image: TiffImage): image is TiledImage =>
  isTiled(image) &&
  isJpeg2000(image.compression) &&
  image.bits === 8 &&
  image.unsigned &&
  image.interleaved &&
  (image.samples === 1 || image.samples === 3)

/** @param level index of the level, for messages. @throws {TesseraError} SLIDE_BROKEN */
export async function jpeg2000Level(
  tiff: Tiff,
  image: TiledImage,
  grid: TileGrid,
  level: number,
): Promise<LevelReader> {
  const tiles = await storedTiles(tiff, image, grid, level)
  const yCbCr = image.compression === APERIO_YCBCR || image.photometric === PHOTOMETRIC.yCbCr
  const form = { width: grid.tileWidth, height: grid.tileHeight, yCbCr }
  return decodedLevel(
    grid,
    async (column, row) => {
      const stored = await tiles.read(column, row, (bytes) => ({ into: Buffer.allocUnsafe(bytes), at: 0 }))
      try {
        return stored && (await decodeJpeg2000(stored, form))
      } catch (error) {
        if (!(error instanceof Jpeg2000Fault)) throw error
        throw brokenTile(tiff.file, { level, column, row }, error.message, error)
      }
    },
    THREADS,
  )
}
