/** Writes a BigTIFF of stored tiles as they are, level by level: larger than any library would make in a minute. */
import { closeSync, openSync, writeSync } from 'node:fs'

export type StoredLevel = {
  width: number
  height: number
  /** edge of a tile, px */
  tile: number
  compression: number
  photometric: number
  /** bytes of the tile at a place, repeated as often as wanted */
  tileAt: (column: number, row: number) => Buffer
  jpegTables: Buffer | null
  description: string | null
  /** px per centimetre */
  perCentimetre: number
}

const [SHORT, LONG, RATIONAL, UNDEFINED, ASCII, LONG8] = [3, 4, 5, 7, 2, 16] as const
const ENTRY = 20

/** Little-endian BigTIFF, RGB or YCbCr of 8 bits. */
export function writeTiledTiff(file: string, levels: readonly StoredLevel[]): void {
  const out = openSync(file, 'w')
  let length = 16
  /** @returns where the bytes lie */
  const append = (bytes: Buffer): number => {
    const at = length
    for (let done = 0; done < bytes.length;) done += writeSync(out, bytes, done, bytes.length - done, at + done)
    length += bytes.length
    return at
  }
  try {
    /** where the offset of the next directory is to be written */
    let link = 8
    for (const [index, level] of levels.entries()) {
      const { at, next } = directory(level, index, append)
      writeSync(out, offset(at), 0, 8, link)
      link = next
    }
    const head = Buffer.from('II+\0\x08\0\0\0', 'latin1')
    writeSync(out, head, 0, 8, 0)
  } finally {
    closeSync(out)
  }
}

function directory(level: StoredLevel, index: number, append: (bytes: Buffer) => number): { at: number; next: number } {
  const { width, height, tile, tileAt } = level
  const columns = Math.ceil(width / tile)
  const rows = Math.ceil(height / tile)
  const offsets = new BigUint64Array(columns * rows)
  const counts = new Uint32Array(columns * rows)
  for (let row = 0; row < rows; row++) {
    const tiles = Array.from({ length: columns }, (_, column) => tileAt(column, row))
    let at = append(Buffer.concat(tiles))
    for (const [column, bytes] of tiles.entries()) {
      offsets[row * columns + column] = BigInt(at)
      counts[row * columns + column] = bytes.length
      at += bytes.length
    }
  }
  const entries: { tag: number; type: number; count: number; value: Buffer }[] = []
  const put = (tag: number, type: number, count: number, value: Buffer) => entries.push({ tag, type, count, value })
  const short = (tag: number, ...values: number[]) =>
    put(tag, SHORT, values.length, Buffer.from(Uint16Array.from(values).buffer))
  const long = (tag: number, value: number) => put(tag, LONG, 1, Buffer.from(Uint32Array.of(value).buffer))
  const ratio = Buffer.from(Uint32Array.of(level.perCentimetre, 1).buffer)
  long(254, index === 0 ? 0 : 1)
  long(256, width)
  long(257, height)
  short(258, 8, 8, 8)
  short(259, level.compression)
  short(262, level.photometric)
  if (level.description !== null) {
    const text = Buffer.from(`${level.description}\0`)
    put(270, ASCII, text.length, text)
  }
  short(277, 3)
  put(282, RATIONAL, 1, ratio)
  put(283, RATIONAL, 1, ratio)
  short(284, 1)
  short(296, 3)
  long(322, tile)
  long(323, tile)
  put(324, LONG8, offsets.length, Buffer.from(offsets.buffer))
  put(325, LONG, counts.length, Buffer.from(counts.buffer))
  if (level.jpegTables) put(347, UNDEFINED, level.jpegTables.length, level.jpegTables)

  const body = Buffer.alloc(8 + ENTRY * entries.length + 8)
  body.writeBigUInt64LE(BigInt(entries.length), 0)
  for (const [i, { tag, type, count, value }] of entries.entries()) {
    const at = 8 + ENTRY * i
    body.writeUInt16LE(tag, at)
    body.writeUInt16LE(type, at + 2)
    body.writeBigUInt64LE(BigInt(count), at + 4)
    if (value.length <= 8) value.copy(body, at + 12)
    else offset(append(value)).copy(body, at + 12)
  }
  const at = append(body)
  return { at, next: at + body.length - 8 }
}

function offset(at: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(BigInt(at))
  return bytes
}
