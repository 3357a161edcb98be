/** The bytes of a level's tiles as a TIFF stores them. */
import { JPEG_LIMITS } from './jpegTile.ts'
import { brokenSlide, brokenTile } from './slideErrors.ts'
import type { TileGrid, TileRange } from './tiledRegion.ts'
import { TAG, type Tiff } from './tiffDirectory.ts'
import type { TiffImage } from './tiffImage.ts'

export interface StoredTiles {
  /**
   * @param room makes the buffer for so many bytes, and says where in it they shall begin
   * @returns that buffer; null = no such tile is stored
   * @throws {TesseraError} SLIDE_TILE_BROKEN
   */
  read(column: number, row: number, room: (bytes: number) => { into: Buffer; at: number }): Promise<Buffer | null>
  allStored(range: TileRange): boolean
  /** null = none is */
  firstStored(): { column: number; row: number } | null
}

/**
 * Strips count as tiles as wide as the image.
 * @param level index of the level, for messages
 * @throws {TesseraError} SLIDE_BROKEN when there are fewer places than tiles
 */
export async function storedTiles(
  tiff: Tiff,
  { directory, tiles }: TiffImage,
  { columns, rows }: TileGrid,
  level: number,
): Promise<StoredTiles> {
  const offsets = await tiff.numbers(directory, tiles ? TAG.tileOffsets : TAG.stripOffsets)
  const byteCounts = await tiff.numbers(directory, tiles ? TAG.tileByteCounts : TAG.stripByteCounts)
  if (offsets.length < columns * rows || byteCounts.length < columns * rows)
    throw brokenSlide(
      tiff.file,
      `level ${level} has ${columns * rows} tiles, but places for only ${Math.min(offsets.length, byteCounts.length)}`,
    )
  return {
    async read(column, row, room) {
      const place = { level, column, row }
      if (column >= columns || row >= rows)
        throw brokenTile(tiff.file, place, `the level has only ${columns} × ${rows} tiles`)
      const number = row * columns + column
      const bytes = byteCounts[number]!
      if (bytes === 0) return null
      if (bytes < 4 || bytes > JPEG_LIMITS.tileBytes)
        throw brokenTile(tiff.file, place, `it claims to have ${bytes} bytes`)
      if (offsets[number]! + bytes > tiff.bytes)
        throw brokenTile(
          tiff.file,
          place,
          `it lies behind the end of the file (byte ${offsets[number]} of ${tiff.bytes})`,
        )
      const { into, at } = room(bytes)
      return tiff.read(offsets[number]!, bytes, into, at)
    },
    allStored({ left, top, right, bottom }) {
      for (let row = top; row < bottom; row++)
        for (let column = left; column < right; column++) if (byteCounts[row * columns + column] === 0) return false
      return true
    },
    firstStored() {
      const number = byteCounts.findIndex((bytes) => bytes > 0)
      return number === -1 ? null : { column: number % columns, row: Math.floor(number / columns) }
    },
  }
}
