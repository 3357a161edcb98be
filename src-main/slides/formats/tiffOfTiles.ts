/**
 * Stored JPEG tiles as a small TIFF of their own, in memory, for libvips to decode in one call.
 *
 * Opening a slide costs libvips more than decoding a patch: it reads every directory and the places of every tile. And what
 * a hostile directory says never reaches it: it sees a header that was written here.
 * Source: TIFF 6.0 (Adobe 1992); JPEG tiles and tables as in TIFF Technical Note 2.
 */
import { PHOTOMETRIC } from './tiffImage.ts'
import { TAG } from './tiffDirectory.ts'
import type { TileForm } from './jpegTile.ts'
import type { TileBytes } from './storedTiles.ts'

const [SHORT, LONG, UNDEFINED] = [3, 4, 7] as const
const HEAD = 8
const ENTRY = 12

/**
 * @param tiles [rows, columns], all of them stored; several may lie at one place
 * @param tables JPEGTables, null when each tile has its own
 * @returns a classic little-endian TIFF of columns × rows whole tiles
 */
export function tiffOfTiles(
  { bytes, at, length }: TileBytes,
  columns: number,
  { width, height, components, yCbCr }: TileForm,
  tables: Buffer | null,
): Buffer {
  const count = at.length
  const parts: Buffer[] = []
  let end = HEAD
  /** @returns where the bytes will lie */
  const append = (part: Buffer): number => {
    const start = end
    parts.push(part)
    end += part.length
    return start
  }
  const first = append(bytes)
  if (end % 2 === 1) append(Buffer.alloc(1))
  const longs = (values: Uint32Array): number => (values.length === 1 ? values[0]! : append(Buffer.from(values.buffer)))
  const entries: [tag: number, type: number, count: number, value: number][] = [
    [TAG.imageWidth, LONG, 1, columns * width],
    [TAG.imageLength, LONG, 1, (count / columns) * height],
    [TAG.bitsPerSample, SHORT, components, components === 1 ? 8 : append(Buffer.from(Uint16Array.of(8, 8, 8).buffer))],
    [TAG.compression, SHORT, 1, 7],
    [
      TAG.photometric,
      SHORT,
      1,
      components === 1 ? PHOTOMETRIC.blackIsZero : yCbCr ? PHOTOMETRIC.yCbCr : PHOTOMETRIC.rgb,
    ],
    [TAG.samplesPerPixel, SHORT, 1, components],
    [TAG.planarConfiguration, SHORT, 1, 1],
    [TAG.tileWidth, LONG, 1, width],
    [TAG.tileLength, LONG, 1, height],
    [TAG.tileOffsets, LONG, count, longs(Uint32Array.from(at, (each) => first + each))],
    [TAG.tileByteCounts, LONG, count, longs(Uint32Array.from(length))],
  ]
  if (tables) entries.push([TAG.jpegTables, UNDEFINED, tables.length, append(tables)])

  const directory = Buffer.alloc(2 + ENTRY * entries.length + 4)
  directory.writeUInt16LE(entries.length, 0)
  for (const [i, [tag, type, values, value]] of entries.entries()) {
    const to = 2 + ENTRY * i
    directory.writeUInt16LE(tag, to)
    directory.writeUInt16LE(type, to + 2)
    directory.writeUInt32LE(values, to + 4)
    directory.writeUInt32LE(value, to + 8)
  }
  if (end % 2 === 1) append(Buffer.alloc(1))
  const head = Buffer.from('II*\0\0\0\0\0', 'latin1')
  head.writeUInt32LE(append(directory), 4)
  return Buffer.concat([head, ...parts], end)
}
