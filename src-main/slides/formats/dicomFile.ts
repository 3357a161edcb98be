/**
 * One DICOM file of a whole-slide image: what its header says, and where the bytes of its frames lie.
 *
 * Only the header is read into memory, up to the pixel data; frames are found by the extended offset table, the basic
 * one, or by walking over the fragments.
 * Source: DICOM PS3.3 C.8.12.4 (Whole Slide Microscopy Image), PS3.5 A.4 (encapsulated pixel data).
 */
import type { FileHandle } from 'node:fs/promises'
import dicomParser, { type DataSet } from 'dicom-parser'
import { messageOf } from '../../../src-shared/errors.ts'
import { readSome } from './readSome.ts'
import { brokenSlide, formatNotRead } from './slideErrors.ts'

/** A header with positions for 100,000 frames has about 20 MB. */
const MOST_HEADER_BYTES = 128 << 20
const FIRST_READ_BYTES = 256 << 10

const LIMITS = { frames: 4_000_000, side: 2 ** 22, tile: 4096, fragments: 64, frameBytes: 64 << 20 } as const

export const WSI_SOP_CLASS = '1.2.840.10008.5.1.4.1.1.77.1.6'

type Coding = 'raw' | 'jpeg' | 'jpeg2000'

const codings: Readonly<Record<string, Coding>> = {
  '1.2.840.10008.1.2': 'raw',
  '1.2.840.10008.1.2.1': 'raw',
  '1.2.840.10008.1.2.4.50': 'jpeg',
  '1.2.840.10008.1.2.4.51': 'jpeg',
  '1.2.840.10008.1.2.4.90': 'jpeg2000',
  '1.2.840.10008.1.2.4.91': 'jpeg2000',
}

const otherSyntaxes: Readonly<Record<string, string>> = {
  '1.2.840.10008.1.2.1.99': 'deflate',
  '1.2.840.10008.1.2.2': 'big-endian order',
  '1.2.840.10008.1.2.4.57': 'lossless JPEG',
  '1.2.840.10008.1.2.4.70': 'lossless JPEG',
  '1.2.840.10008.1.2.4.80': 'JPEG-LS',
  '1.2.840.10008.1.2.4.81': 'JPEG-LS',
  '1.2.840.10008.1.2.5': 'RLE',
}

export type DicomImage = {
  file: string
  series: string
  /** VOLUME, LABEL, OVERVIEW or THUMBNAIL */
  flavour: string
  coding: Coding
  photometric: string
  samples: 1 | 3
  /** raw frames hold one channel after the other */
  planar: boolean
  /** of the whole image, px */
  width: number
  height: number
  tileWidth: number
  tileHeight: number
  /** frames in this file, and how many of the image come before them in other files */
  frames: number
  firstFrame: number
  /** where each frame of this file lies, px of the image from 0; null = in rows, by number */
  positions: { left: Float64Array; top: Float64Array } | null
  /** mm between px: rows, columns */
  spacing: [number, number] | null
  /** mm */
  imagedWidth: number | null
  imagedHeight: number | null
  objectivePower: number | null
  vendor: string | null
  model: string | null
  hasProfile: boolean
  /** Bytes of a frame of this file, from 0. @throws {DicomFault} */
  frame(number: number): Promise<Buffer>
}

/** Says what is wrong with a frame; the caller knows which tile of which slide it is. */
export class DicomFault extends Error {}

/** The header up to the pixel data, read in larger pieces until it is all there. @throws {TesseraError} SLIDE_BROKEN */
async function readHeader(
  file: string,
  handle: FileHandle,
  bytes: number,
  untilTag: string,
  most = MOST_HEADER_BYTES,
): Promise<{ data: DataSet; buffer: Buffer }> {
  for (let length = Math.min(bytes, FIRST_READ_BYTES); ; length = Math.min(bytes, length * 4)) {
    const buffer = Buffer.alloc(length)
    const bytesRead = await readSome(file, handle, buffer, 0, length, 0)
    nameLongForms(buffer)
    try {
      const data = dicomParser.parseDicom(buffer.subarray(0, bytesRead), { untilTag })
      // the parser stops quietly at the end of what it has
      if (length === bytes || reached(data, untilTag)) return { data, buffer }
    } catch (error) {
      if (length >= bytes || length >= most)
        throw brokenSlide(file, `its DICOM header can not be read (${reasonOf(error)})`, error)
    }
    if (length >= most) throw brokenSlide(file, `its DICOM header has more than ${most >> 20} MB`)
  }
}

/**
 * The offset table of long files has the value representation OV, which dicom-parser 1.8 takes for one with a short
 * length, and then loses its way. OB has the same form.
 */
function nameLongForms(header: Buffer): void {
  for (const element of [1, 2]) {
    const mark = Buffer.from([0xe0, 0x7f, element, 0, ...Buffer.from('OV')])
    const at = header.indexOf(mark)
    if (at !== -1) header.write('OB', at + 4, 'latin1')
  }
}

const reached = (data: DataSet, tag: string): boolean => Object.keys(data.elements).some((each) => each >= tag)

const reasonOf = (error: unknown): string =>
  typeof error === 'string'
    ? error
    : error && typeof error === 'object' && 'exception' in error
      ? String(error.exception)
      : messageOf(error)

/** Series a file belongs to; null when it is no whole-slide image. */
export async function seriesOf(file: string, handle: FileHandle, bytes: number): Promise<string | null> {
  const mark = Buffer.alloc(4)
  await readSome(file, handle, mark, 0, 4, 128)
  if (mark.toString('latin1') !== 'DICM') return null
  const { data } = await readHeader(file, handle, bytes, 'x0020000e', 1 << 20)
  return text(data, 'x00080016') === WSI_SOP_CLASS ? text(data, 'x0020000e') : null
}

const text = (data: DataSet | undefined, tag: string): string | null => data?.string(tag)?.trim() || null
const item = (data: DataSet | undefined, tag: string, place = 0): DataSet | undefined =>
  data?.elements[tag]?.items?.[place]?.dataSet
const decimal = (data: DataSet | undefined, tag: string, place = 0): number | null => {
  const value = data?.floatString(tag, place)
  return value !== undefined && Number.isFinite(value) && value > 0 ? value : null
}

/** @throws {TesseraError} SLIDE_BROKEN, SLIDE_FORMAT_NOT_READ */
export async function readDicom(file: string, handle: FileHandle, bytes: number): Promise<DicomImage> {
  const { data, buffer } = await readHeader(file, handle, bytes, 'x7fe00010')
  try {
    return await imageOf(file, handle, bytes, data, buffer)
  } catch (error) {
    // the parser throws words and plain errors where a value does not fit its element
    if (error instanceof Error && 'code' in error) throw error
    throw brokenSlide(file, `its DICOM header can not be read (${reasonOf(error)})`, error)
  }
}

async function imageOf(
  file: string,
  handle: FileHandle,
  bytes: number,
  data: DataSet,
  buffer: Buffer,
): Promise<DicomImage> {
  const sopClass = text(data, 'x00080016')
  if (sopClass !== WSI_SOP_CLASS)
    throw formatNotRead(file, 'a DICOM file of another kind than a whole slide', 'This kind')
  const syntax = text(data, 'x00020010') ?? '1.2.840.10008.1.2'
  const coding = codings[syntax]
  if (!coding) throw formatNotRead(file, `a DICOM slide packed with ${otherSyntaxes[syntax] ?? syntax}`, 'This packing')
  const number = (tag: string, size: 'uint16' | 'uint32', most: number): number => {
    const value = data[size](tag)
    if (value !== undefined && value > 0 && value <= most) return value
    throw brokenSlide(file, `its DICOM header says ${value ?? 'nothing'} where a size was expected (${tag.slice(1)})`)
  }
  const samples = data.uint16('x00280002')
  const bits = data.uint16('x00280100')
  const photometric = text(data, 'x00280004') ?? ''
  if ((samples !== 1 && samples !== 3) || bits !== 8)
    throw formatNotRead(
      file,
      `a DICOM slide with ${samples} channels of ${bits} bits`,
      'Other than 1 or 3 channels of 8 bits',
    )
  const [tileWidth, tileHeight] = [
    number('x00280011', 'uint16', LIMITS.tile),
    number('x00280010', 'uint16', LIMITS.tile),
  ]
  const frames = data.intString('x00280008') ?? 1
  if (!(frames >= 1 && frames <= LIMITS.frames))
    throw brokenSlide(file, `its DICOM header says it has ${frames} frames`)
  const shared = item(data, 'x52009229')
  const measures = item(shared, 'x00289110') ?? item(item(data, 'x52009230'), 'x00289110')
  const spacing = [decimal(measures, 'x00280030', 0), decimal(measures, 'x00280030', 1)]
  const float = (tag: string): number | null => {
    const value = data.elements[tag] && data.float(tag)
    return value !== undefined && Number.isFinite(value) && value > 0 ? value : null
  }
  const optical = item(data, 'x00480105')
  const pixels = data.elements['x7fe00010']
  if (!pixels) throw brokenSlide(file, 'it has no pixels')
  const places = await framePlaces(file, handle, bytes, data, buffer, pixels, {
    coding,
    frames,
    frameBytes: tileWidth * tileHeight * samples,
  })
  return {
    file,
    series: text(data, 'x0020000e') ?? '',
    flavour: text(data, 'x00080008')?.split('\\')[2] ?? 'VOLUME',
    coding,
    photometric,
    samples,
    planar: data.uint16('x00280006') === 1,
    width: number('x00480006', 'uint32', LIMITS.side),
    height: number('x00480007', 'uint32', LIMITS.side),
    tileWidth,
    tileHeight,
    frames,
    firstFrame: data.uint32('x00209228') ?? 0,
    positions: positionsOf(file, data, frames),
    spacing: spacing[0] && spacing[1] ? [spacing[0], spacing[1]] : null,
    imagedWidth: float('x00480001'),
    imagedHeight: float('x00480002'),
    objectivePower: decimal(optical, 'x00480112'),
    vendor: text(data, 'x00080070'),
    model: text(data, 'x00081090'),
    hasProfile: optical?.elements['x00282000'] !== undefined,
    frame: places,
  }
}

/** Where the frames lie; null when the header says they fill the image row by row. @throws {TesseraError} SLIDE_BROKEN */
function positionsOf(file: string, data: DataSet, frames: number): DicomImage['positions'] {
  if (text(data, 'x00209311') === 'TILED_FULL' || frames === 1) return null
  const groups = data.elements['x52009230']?.items
  if (!groups || groups.length < frames)
    throw brokenSlide(
      file,
      `it does not say where its ${frames} frames lie: it is not TILED_FULL, and has positions for ${groups?.length ?? 0}`,
    )
  const left = new Float64Array(frames)
  const top = new Float64Array(frames)
  for (let frame = 0; frame < frames; frame++) {
    const place = item(groups[frame]!.dataSet, 'x0048021a')
    const [x, y] = [place?.int32('x0048021e'), place?.int32('x0048021f')]
    if (x === undefined || y === undefined) throw brokenSlide(file, `it does not say where its frame ${frame} lies`)
    left[frame] = x - 1
    top[frame] = y - 1
  }
  return { left, top }
}

type Wanted = { coding: Coding; frames: number; frameBytes: number }

/** How the bytes of each frame are read. */
async function framePlaces(
  file: string,
  handle: FileHandle,
  bytes: number,
  data: DataSet,
  buffer: Buffer,
  { dataOffset, length, hadUndefinedLength }: DataSet['elements'][string],
  { coding, frames, frameBytes }: Wanted,
): Promise<DicomImage['frame']> {
  const read = async (from: number, count: number): Promise<Buffer> => {
    if (!(from >= 0 && from + count <= bytes))
      throw new DicomFault(`it lies behind the end of the file (byte ${from} of ${bytes})`)
    const into = Buffer.allocUnsafeSlow(count)
    const bytesRead = await readSome(file, handle, into, 0, count, from)
    if (bytesRead < count) throw new DicomFault('the file became shorter while it was read')
    return into
  }
  const within = (frame: number): void => {
    if (frame >= frames) throw new DicomFault(`the file has only ${frames} frames`)
  }
  if (coding === 'raw') {
    if (hadUndefinedLength || length < frames * frameBytes)
      throw brokenSlide(file, `its pixels have ${length} bytes, but ${frames} frames take ${frames * frameBytes}`)
    return async (frame) => {
      within(frame)
      return read(dataOffset + frame * frameBytes, frameBytes)
    }
  }

  /** An item: where its content begins, and how long it is. */
  const itemAt = async (from: number): Promise<{ at: number; length: number; isEnd: boolean }> => {
    const head = await read(from, 8)
    const [group, element, size] = [head.readUInt16LE(0), head.readUInt16LE(2), head.readUInt32LE(4)]
    if (group !== 0xfffe || (element !== 0xe000 && element !== 0xe0dd))
      throw new DicomFault(`there is no fragment at byte ${from}`)
    return { at: from + 8, length: size, isEnd: element === 0xe0dd }
  }
  const broken = (error: unknown): never => {
    throw error instanceof DicomFault
      ? brokenSlide(file, `its frames can not be found: ${error.message}`, error)
      : error
  }
  const table = await itemAt(dataOffset).catch(broken)
  const first = table.at + table.length
  const starts = await frameStarts(data, buffer, table, first, frames, read, itemAt).catch(broken)

  return async (frame) => {
    within(frame)
    const end = starts[frame + 1] ?? Infinity
    const fragments: Buffer[] = []
    for (let at = starts[frame]!, total = 0; at < end;) {
      const fragment = await itemAt(at)
      if (fragment.isEnd) break
      total += fragment.length
      if (total > LIMITS.frameBytes || fragments.length > LIMITS.fragments)
        throw new DicomFault(`it claims to have ${total} bytes or more`)
      fragments.push(await read(fragment.at, fragment.length))
      at = fragment.at + fragment.length
    }
    if (fragments.length === 0) throw new DicomFault('it has no bytes')
    return fragments.length === 1 ? fragments[0]! : Buffer.concat(fragments)
  }
}

/** Where the first fragment of each frame begins in the file: [frame]. @throws {DicomFault} */
async function frameStarts(
  data: DataSet,
  buffer: Buffer,
  table: { at: number; length: number },
  first: number,
  frames: number,
  read: (from: number, count: number) => Promise<Buffer>,
  itemAt: (from: number) => Promise<{ at: number; length: number; isEnd: boolean }>,
): Promise<Float64Array> {
  const starts = new Float64Array(frames)
  const extended = data.elements['x7fe00001']
  if (extended && extended.length >= 8 * frames && extended.dataOffset + 8 * frames <= buffer.length) {
    for (let frame = 0; frame < frames; frame++)
      starts[frame] = first + Number(buffer.readBigUInt64LE(extended.dataOffset + 8 * frame))
    return starts
  }
  if (table.length >= 4 * frames) {
    const offsets = await read(table.at, 4 * frames)
    for (let frame = 0; frame < frames; frame++) starts[frame] = first + offsets.readUInt32LE(4 * frame)
    return starts
  }
  let at = first
  for (let frame = 0; frame < frames; frame++) {
    const fragment = await itemAt(at)
    if (fragment.isEnd) throw new DicomFault(`it has ${frame} fragments for ${frames} frames`)
    starts[frame] = at
    at = fragment.at + fragment.length
  }
  if (frames > 1 && !(await itemAt(at)).isEnd)
    throw new DicomFault(
      `it has more fragments than its ${frames} frames, and no table that says which belong together`,
    )
  return starts
}
