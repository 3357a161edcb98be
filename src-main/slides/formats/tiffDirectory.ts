/**
 * TIFF and BigTIFF directories, read defensively: a file may be truncated, forged, or meant to exhaust the machine.
 *
 * In: an open file. Out: its directories (main chain and SubIFDs) with their entries; values are read when asked for.
 * Every offset is checked against the size of the file, every count against a limit, and no directory is visited twice.
 * Source: TIFF 6.0 (Adobe 1992), TIFF Technical Note 1 (SubIFDs), BigTIFF (Aware Systems 2007).
 */
import type { FileHandle } from 'node:fs/promises'
import { readSome } from './readSome.ts'
import { brokenSlide } from './slideErrors.ts'

/** Far above what scanners write (20 directories, 60 entries, 2 MB of tile offsets), far below what hurts. */
const TIFF_LIMITS = {
  directories: 512,
  entries: 4096,
  subDirectories: 64,
  /** values of one entry: the offsets of 8 million tiles */
  values: 8_000_000,
  textBytes: 16 << 20,
} as const

/** Bytes of one value of each TIFF field type; 0 = no such type. */
const VALUE_BYTES = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8] as const
const ASCII = 2

export const TAG = {
  newSubfileType: 254,
  imageWidth: 256,
  imageLength: 257,
  bitsPerSample: 258,
  compression: 259,
  photometric: 262,
  imageDescription: 270,
  make: 271,
  model: 272,
  stripOffsets: 273,
  samplesPerPixel: 277,
  rowsPerStrip: 278,
  stripByteCounts: 279,
  xResolution: 282,
  yResolution: 283,
  planarConfiguration: 284,
  resolutionUnit: 296,
  software: 305,
  dateTime: 306,
  predictor: 317,
  tileWidth: 322,
  tileLength: 323,
  tileOffsets: 324,
  tileByteCounts: 325,
  subIfds: 330,
  sampleFormat: 339,
  jpegTables: 347,
  xmp: 700,
  iccProfile: 34675,
  ndpiMark: 65420,
} as const

type TiffEntry = {
  type: number
  count: number
  /** bytes of all values */
  length: number
  /** the values themselves when they fit into the entry, else where they lie in the file */
  at: Buffer | number
}

export type TiffDirectory = {
  /** place in the main chain, from 0; a SubIFD carries that of its parent */
  index: number
  /** place among the SubIFDs of its parent; null in the main chain */
  subIndex: number | null
  entries: ReadonlyMap<number, TiffEntry>
}

export interface Tiff {
  readonly file: string
  readonly bytes: number
  readonly littleEndian: boolean
  /** main chain in order, each directory followed by its SubIFDs */
  readonly directories: readonly TiffDirectory[]
  /** The file ends before its last directories: those are not in the list. */
  readonly isCutShort: boolean
  /**
   * @param into receives the bytes from `at` on; made when left out
   * @throws {TesseraError} SLIDE_BROKEN when the range is not inside the file
   */
  read(offset: number, length: number, into?: Buffer, at?: number): Promise<Buffer>
  /** Numbers of an entry; empty when the directory has no such entry. @throws {TesseraError} SLIDE_BROKEN */
  numbers(directory: TiffDirectory, tag: number, most?: number): Promise<Float64Array>
  number(directory: TiffDirectory, tag: number, missing: number): Promise<number>
  /** Text up to its first NUL; null when there is none. */
  text(directory: TiffDirectory, tag: number): Promise<string | null>
  /** Bytes of an entry as they are; null when there is none. */
  raw(directory: TiffDirectory, tag: number, most: number): Promise<Buffer | null>
}

/** @throws {TesseraError} SLIDE_BROKEN */
export async function readTiff(file: string, handle: FileHandle, bytes: number): Promise<Tiff> {
  const behindEnd = new WeakSet<Error>()
  const read: Tiff['read'] = async (offset, length, into = Buffer.allocUnsafe(length), at = 0) => {
    if (!Number.isSafeInteger(offset) || offset < 0 || length < 0 || offset + length > bytes) {
      const error = brokenSlide(file, `it points to bytes ${offset} to ${offset + length}, but has only ${bytes}`)
      behindEnd.add(error)
      throw error
    }
    for (let done = 0; done < length;) {
      const bytesRead = await readSome(file, handle, into, at + done, length - done, offset + done)
      if (bytesRead === 0) throw brokenSlide(file, `it became shorter while it was read (at byte ${offset + done})`)
      done += bytesRead
    }
    return into
  }

  const head = await read(0, Math.min(16, bytes))
  const order = head.toString('latin1', 0, 2)
  const littleEndian = order === 'II'
  const order16 = (from: Buffer, at: number) => (littleEndian ? from.readUInt16LE(at) : from.readUInt16BE(at))
  const order32 = (from: Buffer, at: number) => (littleEndian ? from.readUInt32LE(at) : from.readUInt32BE(at))
  const order64 = (from: Buffer, at: number): number => {
    const value = littleEndian ? from.readBigUInt64LE(at) : from.readBigUInt64BE(at)
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw brokenSlide(file, `it holds the impossible offset ${value}`)
    return Number(value)
  }
  const version = head.length >= 8 ? order16(head, 2) : 0
  const big = version === 43
  if (!(littleEndian || order === 'MM') || !(big || version === 42)) throw brokenSlide(file, 'it has no TIFF header')
  if (big && (head.length < 16 || order16(head, 4) !== 8 || order16(head, 6) !== 0))
    throw brokenSlide(file, 'its BigTIFF header is wrong')

  const form = big
    ? { countBytes: 8, entryBytes: 20, offsetBytes: 8, inlineAt: 12 }
    : { countBytes: 2, entryBytes: 12, offsetBytes: 4, inlineAt: 8 }
  const offsetAt = (from: Buffer, at: number) => (big ? order64(from, at) : order32(from, at))
  const visited = new Set<number>()

  /** @returns the directory at an offset, and the offset of the next one (0 = the last) */
  const directoryAt = async (offset: number): Promise<{ entries: Map<number, TiffEntry>; next: number }> => {
    if (visited.has(offset)) throw brokenSlide(file, 'its directories form a circle')
    visited.add(offset)
    if (visited.size > TIFF_LIMITS.directories)
      throw brokenSlide(file, `it has more than ${TIFF_LIMITS.directories} directories`)
    const counted = await read(offset, form.countBytes)
    const count = big ? order64(counted, 0) : order16(counted, 0)
    if (count === 0 || count > TIFF_LIMITS.entries) throw brokenSlide(file, `a directory has ${count} entries`)
    const body = await read(offset + form.countBytes, count * form.entryBytes + form.offsetBytes)
    const entries = new Map<number, TiffEntry>()
    for (let i = 0; i < count; i++) {
      const at = i * form.entryBytes
      const type = order16(body, at + 2)
      const values = offsetAt(body, at + 4)
      const length = (VALUE_BYTES[type] ?? 0) * values
      if (length === 0) continue // of a type that TIFF does not have, or empty: as if it were not there
      const inline = at + form.inlineAt
      entries.set(order16(body, at), {
        type,
        count: values,
        length,
        at: length <= form.offsetBytes ? body.subarray(inline, inline + length) : offsetAt(body, inline),
      })
    }
    return { entries, next: offsetAt(body, count * form.entryBytes) }
  }

  const bytesOf = (entry: TiffEntry): Promise<Buffer> | Buffer =>
    typeof entry.at === 'number' ? read(entry.at, entry.length) : entry.at

  const tiff: Tiff & { directories: TiffDirectory[]; isCutShort: boolean } = {
    file,
    isCutShort: false,
    bytes,
    littleEndian,
    directories: [],
    read,
    async numbers(directory, tag, most = TIFF_LIMITS.values) {
      const entry = directory.entries.get(tag)
      if (!entry) return new Float64Array()
      if (entry.count > most)
        throw brokenSlide(file, `its tag ${tag} has ${entry.count} values, at most ${most} are possible`)
      return decodeNumbers(await bytesOf(entry), entry, littleEndian)
    },
    async number(directory, tag, missing) {
      return (await tiff.numbers(directory, tag, 1024))[0] ?? missing
    },
    async text(directory, tag) {
      if (directory.entries.get(tag)?.type !== ASCII) return null
      const text = await tiff.raw(directory, tag, TIFF_LIMITS.textBytes)
      return text && (text.toString('utf8').split('\0', 1)[0] ?? '')
    },
    async raw(directory, tag, most) {
      const entry = directory.entries.get(tag)
      if (!entry) return null
      if (entry.length > most)
        throw brokenSlide(file, `its tag ${tag} has ${entry.length} bytes, at most ${most} are possible`)
      return bytesOf(entry)
    },
  }

  const isInside = ({ at, length }: TiffEntry): boolean => typeof at !== 'number' || at + length <= bytes

  /** A directory; null when it, or a list of its, lies behind the end of the file. The first one has to be there. */
  const directoryInside = async (offset: number) => {
    try {
      const found = await directoryAt(offset)
      if (tiff.directories.length === 0 || [...found.entries.values()].every(isInside)) return found
    } catch (error) {
      if (tiff.directories.length === 0 || !behindEnd.has(error as Error)) throw error
    }
    tiff.isCutShort = true
    return null
  }

  let next = offsetAt(head, big ? 8 : 4)
  for (let index = 0; next !== 0; index++) {
    const found = await directoryInside(next)
    if (!found) break
    const directory: TiffDirectory = { index, subIndex: null, entries: found.entries }
    tiff.directories.push(directory)
    const children = await tiff.numbers(directory, TAG.subIfds, TIFF_LIMITS.subDirectories)
    for (const [subIndex, offset] of children.entries()) {
      const child = offset === 0 ? null : await directoryInside(offset)
      if (child) tiff.directories.push({ index, subIndex, entries: child.entries })
    }
    next = found.next
  }
  if (tiff.directories.length === 0) throw brokenSlide(file, 'it holds no image')
  return tiff
}

/** Values of one entry. Rationals become quotients; one with denominator 0 becomes NaN. */
function decodeNumbers(bytes: Buffer, { type, count }: TiffEntry, littleEndian: boolean): Float64Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const readers: Record<number, (i: number) => number> = {
    1: (i) => view.getUint8(i),
    2: (i) => view.getUint8(i),
    3: (i) => view.getUint16(2 * i, littleEndian),
    4: (i) => view.getUint32(4 * i, littleEndian),
    5: (i) => quotient(view.getUint32(8 * i, littleEndian), view.getUint32(8 * i + 4, littleEndian)),
    6: (i) => view.getInt8(i),
    7: (i) => view.getUint8(i),
    8: (i) => view.getInt16(2 * i, littleEndian),
    9: (i) => view.getInt32(4 * i, littleEndian),
    10: (i) => quotient(view.getInt32(8 * i, littleEndian), view.getInt32(8 * i + 4, littleEndian)),
    11: (i) => view.getFloat32(4 * i, littleEndian),
    12: (i) => view.getFloat64(8 * i, littleEndian),
    13: (i) => view.getUint32(4 * i, littleEndian),
    16: (i) => Number(view.getBigUint64(8 * i, littleEndian)),
    17: (i) => Number(view.getBigInt64(8 * i, littleEndian)),
    18: (i) => Number(view.getBigUint64(8 * i, littleEndian)),
  }
  const valueAt = readers[type]!
  return Float64Array.from({ length: count }, (_, i) => valueAt(i))
}

const quotient = (numerator: number, denominator: number): number => (denominator === 0 ? NaN : numerator / denominator)
