import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { completeTile, jpegPrefix, readFrame, type TileForm } from '../../../../src-main/slides/formats/jpegTile.ts'
import { openPicture, toRgb } from '../../../../src-main/slides/pixels/decoder.ts'
import { pattern } from '../../../fixtures/tinySlides.ts'

const EDGE = 64
const picture = () => sharp(pattern(EDGE, EDGE), { raw: { width: EDGE, height: EDGE, channels: 3 } })
const form: TileForm = { width: EDGE, height: EDGE, components: 3, yCbCr: true }

/** A tile as a TIFF stores it, made complete. */
function complete(stored: Buffer, of: TileForm, tables: Buffer | null = null): Buffer {
  const prefix = jpegPrefix(tables, of)
  const jpeg = Buffer.concat([prefix.subarray(0, prefix.length - 2), stored])
  completeTile(jpeg, prefix, of)
  return jpeg
}

const decoded = async (jpeg: Buffer) => (await toRgb(openPicture(jpeg))).data

/** A segment with this marker and content, placed right behind SOI. */
function withSegment(jpeg: Buffer, marker: number, content: Buffer): Buffer {
  const segment = Buffer.concat([Buffer.from([0xff, marker, 0, content.length + 2]), content])
  return Buffer.concat([jpeg.subarray(0, 2), segment, jpeg.subarray(2)])
}

const adobe = (transform: number) => Buffer.from([...Buffer.from('Adobe'), 0, 100, 0, 0, 0, 0, transform])

describe('colours are those the directory states', () => {
  test('a JPEG of YCbCr under a directory that says YCbCr looks as it is, with or without JFIF', async () => {
    const stored = await picture().jpeg({ chromaSubsampling: '4:4:4' }).toBuffer()
    expect(await decoded(complete(stored, form))).toEqual(await decoded(stored))
  })

  test.each([
    ['JFIF', (jpeg: Buffer) => jpeg],
    ['an Adobe marker that says YCbCr', (jpeg: Buffer) => withSegment(jpeg, 0xee, adobe(1))],
  ])('%s inside the tile does not make YCbCr of a tile of RGB', async (_, change) => {
    const stored = await picture().jpeg({ chromaSubsampling: '4:4:4' }).toBuffer()
    const asRgb = complete(change(stored), { ...form, yCbCr: false })
    const asStored = await sharp(stored).toColourspace('srgb').raw().toBuffer()
    // read as RGB, the three channels are brightness and two colour differences, not the picture
    expect(await decoded(asRgb)).not.toEqual(asStored)
    expect(await decoded(asRgb)).toEqual(await decoded(complete(stored, { ...form, yCbCr: false })))
  })

  test('an EXIF rotation and an ICC profile, which some decoders obey and some do not, are hidden from all', async () => {
    const stored = await picture().withMetadata({ orientation: 6 }).withIccProfile('p3').jpeg().toBuffer()
    expect(await sharp(stored).metadata()).toMatchObject({ orientation: 6, hasProfile: true })
    const { orientation, hasProfile } = await sharp(complete(stored, form)).metadata()
    expect([orientation, hasProfile]).toEqual([undefined, false])
  })

  test('a grey tile needs no marker', async () => {
    const stored = await picture().toColourspace('b-w').jpeg().toBuffer()
    const jpeg = complete(stored, { ...form, components: 1 })
    expect(jpeg.indexOf('Adobe')).toBe(-1)
    expect(await decoded(jpeg)).toEqual(await decoded(stored))
  })
})

describe('frame header', () => {
  test('says size, channels and whether colour is stored coarser', async () => {
    const fine = await picture().jpeg({ chromaSubsampling: '4:4:4' }).toBuffer()
    const coarse = await picture().jpeg({ chromaSubsampling: '4:2:0' }).toBuffer()
    expect(readFrame(fine, 2)).toEqual({ width: EDGE, height: EDGE, components: 3, subsampled: false, named: false })
    expect(readFrame(coarse, 2)).toMatchObject({ subsampled: true })
  })

  test('a second frame is refused, because decoders differ in which one they show', async () => {
    const jpeg = await picture().jpeg().toBuffer()
    const at = jpeg.indexOf(Buffer.from([0xff, 0xc0]))
    const frame = jpeg.subarray(at, at + 2 + jpeg.readUInt16BE(at + 2))
    const twice = Buffer.concat([jpeg.subarray(0, at), frame, jpeg.subarray(at)])
    expect(() => readFrame(twice, 2)).toThrow(/no header that can be read/)
  })

  test('markers behind the frame are renamed too', async () => {
    const jpeg = await picture().jpeg().toBuffer()
    const at = jpeg.indexOf(Buffer.from([0xff, 0xc0]))
    const behind = at + 2 + jpeg.readUInt16BE(at + 2)
    const segment = Buffer.concat([Buffer.from([0xff, 0xee, 0, 14]), adobe(0)])
    const changed = Buffer.concat([jpeg.subarray(0, behind), segment, jpeg.subarray(behind)])
    readFrame(changed, 2)
    expect(changed[behind + 1]).toBe(0xef)
  })

  test('tables keep only tables', () => {
    const junk = Buffer.from([0xff, 0xe0, 0, 4, 1, 2])
    const table = Buffer.from([0xff, 0xdb, 0, 4, 7, 8])
    const tables = Buffer.concat([Buffer.from([0xff, 0xd8]), junk, table, Buffer.from([0xff, 0xd9])])
    const prefix = jpegPrefix(tables, { ...form, components: 1 })
    expect(prefix).toEqual(Buffer.concat([Buffer.from([0xff, 0xd8]), table]))
  })
})
