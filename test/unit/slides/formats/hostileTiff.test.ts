/** Files made to hurt: each ends in pixels or in an error that names the file and the fault, at once. */
import { truncateSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { openSlideFile } from '../../../../src-main/slides/formats/openSlideFile.ts'
import { temporaryFolder } from '../../../fixtures/temporary.ts'
import { TiffBytes, writeTinySlide } from '../../../fixtures/tinySlides.ts'

const IMAGE_WIDTH = 256
const IMAGE_LENGTH = 257
const TILE_WIDTH = 322
const TILE_LENGTH = 323
const TILE_OFFSETS = 324
const TILE_BYTE_COUNTS = 325
const SUB_IFDS = 330
const JPEG_TABLES = 347

async function tiny(): Promise<{ bytes: TiffBytes; file: string }> {
  const folder = temporaryFolder()
  return {
    bytes: new TiffBytes(await writeTinySlide(path.join(folder, 'whole.tif'))),
    file: path.join(folder, 'hostile.tif'),
  }
}

/** Changes a slide, and expects that it can not be opened. */
async function refused(words: RegExp, change: (bytes: TiffBytes) => void): Promise<void> {
  const { bytes, file } = await tiny()
  change(bytes)
  bytes.write(file)
  await expect(openSlideFile(file)).rejects.toMatchObject({
    code: 'SLIDE_BROKEN',
    data: { file },
    message: expect.stringMatching(words),
  })
}

/** Changes a slide, and expects that it opens, but its first tile can not be read while its last one can. */
async function brokenTile(words: RegExp, change: (bytes: TiffBytes) => void): Promise<void> {
  const { bytes, file } = await tiny()
  change(bytes)
  const source = await openSlideFile(bytes.write(file))
  const { columns, rows } = source.header.levels[0]!
  await expect(source.levels[0]!.tile(0, 0)).rejects.toMatchObject({
    code: 'SLIDE_TILE_BROKEN',
    data: { file, level: 0, column: 0, row: 0 },
    message: expect.stringMatching(words),
  })
  expect(await source.levels[0]!.tile(columns - 1, rows - 1)).toBeInstanceOf(Uint8Array)
  await source.close()
}

describe('directories', () => {
  test.each([7, 100, 5_000])('a file cut off after %i bytes', async (length) => {
    const { bytes, file } = await tiny()
    bytes.write(file)
    truncateSync(file, length)
    await expect(openSlideFile(file)).rejects.toMatchObject({
      code: expect.stringMatching(/^SLIDE_(BROKEN|NOT_A_SLIDE)$/),
    })
  })

  test('a circle of directories', () =>
    refused(/form a circle/, (tiff) => tiff.bytes.writeUInt32LE(tiff.directory(0), tiff.nextAt(tiff.directory(2)))))

  test('a directory that is its own SubIFD', () =>
    refused(/form a circle/, (tiff) => {
      const { at } = tiff.entry(296) // ResolutionUnit becomes SubIFDs
      tiff.bytes.writeUInt16LE(SUB_IFDS, at)
      tiff.bytes.writeUInt16LE(4, at + 2)
      tiff.bytes.writeUInt32LE(tiff.directory(0), at + 8)
    }))

  test('a directory behind the end of the file', () =>
    refused(/points to bytes/, (tiff) => tiff.bytes.writeUInt32LE(0xfffffff0, 4)))

  test('a directory without entries', () =>
    refused(/has 0 entries/, (tiff) => tiff.bytes.writeUInt16LE(0, tiff.directory(0))))

  test('65,535 entries', () => refused(/65535 entries/, (tiff) => tiff.bytes.writeUInt16LE(65_535, tiff.directory(0))))

  test('no directory at all', () => refused(/holds no image/, (tiff) => tiff.bytes.writeUInt32LE(0, 4)))

  test('a BigTIFF header that is wrong', () => refused(/BigTIFF header/, (tiff) => tiff.bytes.writeUInt16LE(43, 2)))
})

describe('sizes', () => {
  test.each([
    ['2,147,483,647 px', 0x7fffffff],
    ['no px', 0],
  ])('%s', (_, size) => refused(/claims to have .* px/, (tiff) => tiff.set(IMAGE_WIDTH, size).set(IMAGE_LENGTH, size)))

  test('4,000,000² px in tiles of 128 px', () =>
    refused(/claims to have \d+ tiles/, (tiff) => tiff.set(IMAGE_WIDTH, 4_000_000).set(IMAGE_LENGTH, 4_000_000)))

  test.each([
    ['268,435,456 px', 0x10000000],
    ['no px', 0],
  ])('tiles of %s', (_, size) =>
    refused(/claims to have tiles of/, (tiff) => tiff.set(TILE_WIDTH, size).set(TILE_LENGTH, size)),
  )

  test('an image larger than its list of tiles: its tiles are refused', async () => {
    const { bytes, file } = await tiny()
    const source = await openSlideFile(bytes.set(IMAGE_WIDTH, 70_000).set(IMAGE_LENGTH, 50_000).write(file)).catch(
      (error: unknown) => error,
    )
    expect(source).toMatchObject({ code: 'SLIDE_BROKEN', message: expect.stringMatching(/places for only 24/) })
  })
})

describe('tags', () => {
  test('4,294,967,295 tile offsets', () =>
    refused(/tag 324 has 4294967295 values/, (tiff) => tiff.setCount(TILE_OFFSETS, 0xffffffff)))

  test('tile offsets behind the end of the file', () =>
    refused(/points to bytes/, (tiff) => tiff.bytes.writeUInt32LE(0xfffffff0, tiff.entry(TILE_OFFSETS).at + 8)))

  test('JPEG tables of 2 GB', () => refused(/tag 347 has/, (tiff) => tiff.setCount(JPEG_TABLES, 0x7fffffff)))

  test('JPEG tables that are cut short', () =>
    refused(/tables of the image are cut short/, (tiff) => {
      const { value } = tiff.entry(JPEG_TABLES)
      tiff.bytes.writeUInt16BE(0xffff, value + 4)
    }))
})

describe('tiles', () => {
  test('behind the end of the file', () =>
    brokenTile(/behind the end of the file/, (tiff) => tiff.setValue(TILE_OFFSETS, 0, 0xfffffff0)))

  test('of 2 GB', () =>
    brokenTile(/claims to have 2147483647 bytes/, (tiff) => tiff.setValue(TILE_BYTE_COUNTS, 0, 0x7fffffff)))

  test('of 2 bytes', () => brokenTile(/claims to have 2 bytes/, (tiff) => tiff.setValue(TILE_BYTE_COUNTS, 0, 2)))

  test('that are no JPEG', () =>
    brokenTile(/is not a JPEG/, (tiff) =>
      tiff.bytes.fill(0x55, tiff.valueOf(TILE_OFFSETS, 0), tiff.valueOf(TILE_OFFSETS, 0) + 40),
    ))

  test('that unpack to 65,500² px', () =>
    brokenTile(/its JPEG has 65500 × 65500 px, but the tiles of this image have 128 × 128/, (tiff) => {
      const at = frameOf(tiff, 0)
      tiff.bytes.writeUInt16BE(65_500, at + 5)
      tiff.bytes.writeUInt16BE(65_500, at + 7)
    }))

  test('that are smaller than they should be, and would be stretched', () =>
    brokenTile(/its JPEG has 100 × 128 px/, (tiff) => tiff.bytes.writeUInt16BE(100, frameOf(tiff, 0) + 7)))

  test('with 12 bits a channel', () =>
    brokenTile(/12 bits per channel/, (tiff) => tiff.bytes.writeUInt8(12, frameOf(tiff, 0) + 4)))

  test('with one channel in a colour image', () =>
    brokenTile(/1 channels, the image has 3/, (tiff) => tiff.bytes.writeUInt8(1, frameOf(tiff, 0) + 9)))

  test('that begin without a frame header', () =>
    brokenTile(/no header that can be read/, (tiff) => tiff.bytes.writeUInt8(0xda, frameOf(tiff, 0) + 1)))

  test('of a file that was cut off: the tiles before the cut are read', async () => {
    const { bytes, file } = await tiny()
    const source = await openSlideFile(bytes.write(file))
    const last = bytes.valueOf(TILE_OFFSETS, 23)
    truncateSync(file, last + 10)
    await expect(source.levels[0]!.tile(5, 3)).rejects.toMatchObject({ code: 'SLIDE_BROKEN' })
    expect(await source.levels[0]!.tile(0, 0)).toBeInstanceOf(Uint8Array)
    await source.close()
  })
})

/** Where the frame header of a tile stands. */
function frameOf(tiff: TiffBytes, place: number): number {
  const from = tiff.valueOf(TILE_OFFSETS, place)
  for (let at = from; at < from + 2000; at++) if (tiff.bytes[at] === 0xff && tiff.bytes[at + 1] === 0xc0) return at
  throw new Error('the tile has no baseline frame')
}
