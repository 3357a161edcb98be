/**
 * A tile of a TIFF as a complete JPEG, without decoding it: the stored bytes behind one prefix.
 *
 * In: JPEGTables and colour of the directory, and the bytes of a tile. Out: a JPEG every decoder shows with the colours
 * the directory states. Two things are repaired on the way:
 * - tables: TIFF stores them once for all tiles (abbreviated format, TIFF Technical Note 2); they go in front of each.
 * - colour: a JPEG says by its markers whether it holds RGB or YCbCr, a TIFF by its photometric tag. The tag decides: the
 *   prefix states it as an Adobe marker, and every marker of the tile that could say otherwise (JFIF, Adobe, but also an
 *   ICC profile or an EXIF rotation, which only some decoders obey) is renamed to one that nobody reads.
 *
 * A frame of any other size than the tile is refused: one of 65,500² px in a tile of 240² px is a bomb, and a smaller one
 * would be stretched. Source: ITU-T T.81 annex B; Adobe Technical Note 5116 (marker APP14).
 */

/** Marker codes, the byte behind 0xff. */
const SOI = 0xd8
const EOI = 0xd9
const SOS = 0xda
const DQT = 0xdb
const DHT = 0xc4
const DRI = 0xdd
const DAC = 0xcc
const APP0 = 0xe0
const APP14 = 0xee
const APP15 = 0xef
/** baseline, extended and progressive; not lossless, hierarchical or differential */
const FRAMES = new Set([0xc0, 0xc1, 0xc2])
const isOtherFrame = (marker: number): boolean =>
  marker >= 0xc0 && marker <= 0xcf && marker !== DHT && marker !== DAC && marker !== 0xc8 && !FRAMES.has(marker)

export const JPEG_LIMITS = { tableBytes: 1 << 20, tileBytes: 64 << 20 } as const

type JpegFrame = {
  width: number
  height: number
  components: number
  /** colour is stored coarser than brightness, which only YCbCr does */
  subsampled: boolean
  /** the channels are called R, G and B */
  named: boolean
}

/** What the directory says of its tiles. */
export type TileForm = { width: number; height: number; components: 1 | 3; yCbCr: boolean }

/** Says what is wrong with a tile; the caller knows which tile of which file it is. */
export class JpegFault extends Error {}

/**
 * Bytes in front of every tile of a directory: SOI, the tables, and the Adobe marker that states the colours.
 * @throws {JpegFault}
 */
export function jpegPrefix(tables: Buffer | null, { components, yCbCr }: TileForm): Buffer {
  const parts: Buffer[] = [Buffer.from([0xff, SOI])]
  if (tables) parts.push(...tablesOnly(tables))
  if (components === 3) {
    const transform = yCbCr ? 1 : 0
    parts.push(Buffer.from([0xff, APP14, 0, 14, ...Buffer.from('Adobe'), 0, 100, 0, 0, 0, 0, transform]))
  }
  return Buffer.concat(parts)
}

/** JPEGTables with nothing but tables, for a TIFF of our own; null when there are none. @throws {JpegFault} */
export const tablesAlone = (tables: Buffer | null): Buffer | null =>
  tables && Buffer.concat([Buffer.from([0xff, SOI]), ...tablesOnly(tables), Buffer.from([0xff, EOI])])

/** The segments of JPEGTables that define tables; whatever else stands there is dropped. */
function* tablesOnly(tables: Buffer): Generator<Buffer> {
  for (let at = 2; at + 4 <= tables.length && tables[at] === 0xff && tables[at + 1] !== EOI;) {
    const end = at + 2 + tables.readUInt16BE(at + 2)
    if (end > tables.length) throw new JpegFault('the JPEG tables of the image are cut short')
    if ([DQT, DHT, DRI, DAC].includes(tables[at + 1]!)) yield tables.subarray(at, end)
    at = end
  }
}

/** How many bytes a tile of `stored` bytes takes behind `prefix`, whose end replaces the tile's own SOI. */
export const completeLength = (prefix: Buffer, stored: number): number => prefix.length - 2 + stored

/**
 * Makes a tile complete, in place.
 *
 * @param jpeg holds the stored tile from prefix.length - 2 on
 * @throws {JpegFault} when it is no JPEG, or one of another size or colour than the directory says
 */
export function completeTile(jpeg: Buffer, prefix: Buffer, form: TileForm): void {
  const start = prefix.length - 2
  if (jpeg.length < start + 4 || jpeg[start] !== 0xff || jpeg[start + 1] !== SOI)
    throw new JpegFault('it is not a JPEG')
  prefix.copy(jpeg, 0)
  checkFrame(jpeg, prefix.length, form)
}

/**
 * Refuses a JPEG of another size or colour than the directory says; its application markers are renamed, in place.
 * @param from offset of the first marker behind SOI
 * @throws {JpegFault}
 */
export function checkFrame(jpeg: Buffer, from: number, form: TileForm): void {
  const frame = readFrame(jpeg, from)
  if (frame.width !== form.width || frame.height !== form.height)
    throw new JpegFault(
      `its JPEG has ${frame.width} × ${frame.height} px, but the tiles of this image have ${form.width} × ${form.height}`,
    )
  if (frame.components !== form.components)
    throw new JpegFault(`its JPEG has ${frame.components} channels, the image has ${form.components}`)
}

/**
 * The frame header of a JPEG, and on the way to its picture: application markers renamed to APP15, in place.
 *
 * @param from offset of the first marker behind SOI
 * @throws {JpegFault} when there is none, or more than one, before the picture begins
 */
export function readFrame(jpeg: Buffer, from: number): JpegFrame {
  let frame: JpegFrame | null = null
  for (let at = from; at + 4 <= jpeg.length && jpeg[at] === 0xff;) {
    const marker = jpeg[at + 1]!
    if (marker === 0xff) {
      at++ // fill byte
      continue
    }
    if (marker === SOS && frame) return frame
    const isFrame = FRAMES.has(marker)
    if (marker === SOS || marker === EOI || isOtherFrame(marker) || (isFrame && frame)) break
    if (isFrame) frame = frameAt(jpeg, at)
    if (marker >= APP0 && marker < APP15) jpeg[at + 1] = APP15
    const length = jpeg.readUInt16BE(at + 2)
    if (length < 2) break
    at += 2 + length
  }
  throw new JpegFault('its JPEG has no header that can be read')
}

/**
 * Whether a JPEG holds YCbCr, whatever its file says. Two things prove it: colour stored coarser than brightness, which
 * RGB never is, and a JFIF marker, by whose definition the three channels are YCbCr. libvips and OpenSlide believe a
 * directory that says RGB, and show such slides in false colours.
 *
 * @param jpeg its application markers are renamed
 * @throws {JpegFault}
 */
export function provesYCbCr(jpeg: Buffer): boolean {
  const isJfif = jpeg[2] === 0xff && jpeg[3] === APP0 && jpeg.toString('latin1', 6, 10) === 'JFIF'
  const frame = readFrame(jpeg, 2)
  return frame.components === 3 && (frame.subsampled || (isJfif && !frame.named))
}

function frameAt(jpeg: Buffer, at: number): JpegFrame {
  if (at + 10 > jpeg.length) throw new JpegFault('its JPEG ends inside the frame header')
  const precision = jpeg[at + 4]!
  const components = jpeg[at + 9]!
  if (precision !== 8) throw new JpegFault(`its JPEG has ${precision} bits per channel, only 8 are read`)
  if (at + 10 + 3 * components > jpeg.length) throw new JpegFault('its JPEG ends inside the frame header')
  const samplings = Array.from({ length: components }, (_, i) => jpeg[at + 11 + 3 * i]!)
  return {
    width: jpeg.readUInt16BE(at + 7),
    height: jpeg.readUInt16BE(at + 5),
    components,
    subsampled: samplings.some((sampling) => sampling !== samplings[0]),
    named: components === 3 && ['R', 'G', 'B'].every((name, i) => jpeg[at + 10 + 3 * i] === name.charCodeAt(0)),
  }
}
