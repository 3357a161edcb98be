/** The bytes of a level's tiles as a TIFF stores them. */
import { JPEG_LIMITS } from './jpegTile.ts'
import { brokenSlide, brokenTile } from './slideErrors.ts'
import type { TileGrid, TileRange } from './tiledRegion.ts'
import { TAG, type Tiff } from './tiffDirectory.ts'
import type { TiffImage } from './tiffImage.ts'

/** Tiles of a range in one buffer, row by row. */
export type TileBytes = {
  bytes: Buffer
  /** where each begins; NOT_STORED = nowhere: [tile] */
  at: Float64Array
  /** [tile] */
  length: Float64Array
}

export const NOT_STORED = -1

/** Bytes of one range; a slide's are a tenth of it, and what a header claims beyond is not believed. */
const MOST_BYTES = 256e6

/** Bytes between two tiles that are read over rather than around. */
const GAP = 4096

export interface StoredTiles {
  /**
   * @param room makes the buffer for so many bytes, and says where in it they shall begin
   * @returns that buffer; null = no such tile is stored
   * @throws {TesseraError} SLIDE_TILE_BROKEN
   */
  read(column: number, row: number, room: (bytes: number) => { into: Buffer; at: number }): Promise<Buffer | null>
  /**
   * Tiles that lie behind each other in the file are read in one go.
   * @returns null = more bytes than can be meant
   * @throws {TesseraError} SLIDE_TILE_BROKEN naming the first tile that can not be there
   */
  readRange(range: TileRange): Promise<TileBytes | null>
  /** Whether all these tiles are stored, at places and of sizes that can be. */
  allSound(range: TileRange): boolean
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
  // a level that is padded has more tiles in its lists than there are inside it
  const stride = tiles?.columns ?? columns
  const listed = stride * (tiles?.rows ?? rows)
  if (offsets.length < listed || byteCounts.length < listed)
    throw brokenSlide(
      tiff.file,
      `level ${level} has ${listed} tiles, but places for only ${Math.min(offsets.length, byteCounts.length)}`,
    )
  /** Why a tile can not be read; null = it can, or none is stored. */
  const faultOf = (number: number): string | null => {
    const bytes = byteCounts[number]!
    const offset = offsets[number]!
    if (bytes === 0) return null
    if (!Number.isInteger(bytes) || bytes < 4 || bytes > JPEG_LIMITS.tileBytes)
      return `it claims to have ${bytes} bytes`
    if (!Number.isInteger(offset) || offset < 0) return `it claims to begin at byte ${offset}`
    return offset + bytes > tiff.bytes ? `it lies behind the end of the file (byte ${offset} of ${tiff.bytes})` : null
  }

  /** Where a tile lies; 0 bytes = none is stored. @throws {TesseraError} SLIDE_TILE_BROKEN */
  const placeOf = (column: number, row: number): { offset: number; bytes: number } => {
    const place = { level, column, row }
    if (column >= columns || row >= rows)
      throw brokenTile(tiff.file, place, `the level has only ${columns} × ${rows} tiles`)
    const number = row * stride + column
    const fault = faultOf(number)
    if (fault) throw brokenTile(tiff.file, place, fault)
    return { offset: offsets[number]!, bytes: byteCounts[number]! }
  }

  return {
    async read(column, row, room) {
      const { offset, bytes } = placeOf(column, row)
      if (bytes === 0) return null
      const { into, at } = room(bytes)
      return tiff.read(offset, bytes, into, at)
    },
    async readRange({ left, top, right, bottom }) {
      const count = (right - left) * (bottom - top)
      const [at, length] = [new Float64Array(count).fill(NOT_STORED), new Float64Array(count)]
      /** pieces of the file to read, and where in the buffer they go */
      const pieces: { from: number; to: number; into: number }[] = []
      let total = 0
      let tile = 0
      for (let row = top; row < bottom; row++)
        for (let column = left; column < right; column++, tile++) {
          const { offset, bytes } = placeOf(column, row)
          if (bytes === 0) continue
          const last = pieces.at(-1)
          if (last && offset >= last.to && offset - last.to <= GAP) total += offset + bytes - last.to
          else {
            pieces.push({ from: offset, to: offset, into: total })
            total += bytes
          }
          if (total > MOST_BYTES) return null
          const piece = pieces.at(-1)!
          piece.to = offset + bytes
          at[tile] = piece.into + offset - piece.from
          length[tile] = bytes
        }
      const bytes = Buffer.allocUnsafe(total)
      await Promise.all(pieces.map(({ from, to, into }) => tiff.read(from, to - from, bytes, into)))
      return { bytes, at, length }
    },
    allSound({ left, top, right, bottom }) {
      for (let row = top; row < bottom; row++)
        for (let column = left; column < right; column++) {
          const number = row * stride + column
          if (byteCounts[number] === 0 || faultOf(number)) return false
        }
      return true
    },
    firstStored() {
      const number = byteCounts.findIndex((bytes) => bytes > 0)
      return number === -1 ? null : { column: number % stride, row: Math.floor(number / stride) }
    },
  }
}
