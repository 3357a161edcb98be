/** Pixels are those of the file: tiles as sent to the screen, regions and patches as sent to the networks, and libvips. */
import path from 'node:path'
import sharp from 'sharp'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openSlideFile } from '../../../../src-main/slides/formats/openSlideFile.ts'
import type { SlideSource } from '../../../../src-main/slides/formats/slideSource.ts'
import { openPicture, type Rgb, toRgb } from '../../../../src-main/slides/pixels/decoder.ts'
import { readLevelRegion } from '../../../../src-main/slides/pixels/levelRegion.ts'
import { sharedFile, testWith } from '../../../fixtures/sharedData.ts'
import { temporaryFolder } from '../../../fixtures/temporary.ts'
import { svsSample, tiffSample, TiffBytes, writeTinySlide } from '../../../fixtures/tinySlides.ts'

async function opened(file: string): Promise<SlideSource> {
  const source = await openSlideFile(file)
  onTestFinished(() => source.close())
  return source
}

/** What libvips itself reads of a directory of the file; profiles and rotations not applied. */
const byLibvips = async (
  file: string,
  page: number,
  rect: { left: number; top: number; width: number; height: number },
) => await sharp(file, { page, ignoreIcc: true }).extract(rect).removeAlpha().toColourspace('srgb').raw().toBuffer()

function greatestDifference(a: Buffer, b: Buffer): number {
  expect(a.length).toBe(b.length)
  let most = 0
  for (let i = 0; i < a.length; i++) most = Math.max(most, Math.abs(a[i]! - b[i]!))
  return most
}

function part({ data, width }: Rgb, columns: number, rows: number): Buffer {
  const cut = Buffer.alloc(columns * rows * 3)
  for (let y = 0; y < rows; y++) data.copy(cut, y * columns * 3, y * width * 3, (y * width + columns) * 3)
  return cut
}

/** Every tile of a level, as the screen gets it, against libvips. */
async function compareLevel(file: string, level: number, page: number): Promise<number> {
  const source = await opened(file)
  const { width, height, tileWidth, tileHeight, columns, rows } = source.header.levels[level]!
  let most = 0
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) {
      const jpeg = await source.levels[level]!.tile(column, row)
      const tile = await toRgb(openPicture(Buffer.from(jpeg!)))
      expect([tile.width, tile.height]).toEqual([tileWidth, tileHeight])
      const left = column * tileWidth
      const top = row * tileHeight
      const seen = { left, top, width: Math.min(tileWidth, width - left), height: Math.min(tileHeight, height - top) }
      most = Math.max(most, greatestDifference(part(tile, seen.width, seen.height), await byLibvips(file, page, seen)))
    }
  return most
}

describe('tiles', () => {
  test('every tile of CMU-1-Small-Region.svs, RGB in JPEG, with its last row and column', async () => {
    expect(await compareLevel(svsSample, 0, 0)).toBe(0)
  })

  test.each([0, 1, 2, 3, 4])('every tile of level %i of the mosaic, YCbCr', async (level) => {
    expect(await compareLevel(tiffSample, level, level)).toBe(0)
  })

  test.each(['grey', 'icc', 'bigTiff'] as const)('every tile of a slide that is %s', async (kind) => {
    const file = await writeTinySlide(path.join(temporaryFolder(), 'a.tif'), { [kind]: true })
    expect(await compareLevel(file, 0, 0)).toBe(0)
    expect(await compareLevel(file, 1, 1)).toBe(0)
  })

  test('tiles and regions whose JPEGs hold YCbCr under a directory that says RGB are shown in their true colours', async () => {
    const bytes = new TiffBytes(tiffSample)
    for (let level = 0; level < 5; level++) bytes.set(262, 2, level)
    const source = await opened(bytes.write(path.join(temporaryFolder(), 'lying.tif')))
    const truth = await opened(tiffSample)
    expect(await source.levels[0]!.tile(1, 1)).toEqual(await truth.levels[0]!.tile(1, 1))
    const rect = { x: 333, y: 444, width: 700, height: 600 }
    expect((await source.levels[1]!.region(rect)).data.equals((await truth.levels[1]!.region(rect)).data)).toBe(true)
  })

  testWith('wsi/TCGA-XK-AAJU-01A-01-TS1_prad_corrected.tif')(
    'every tile of a TCGA slide whose channels are called R, G, B',
    async () => {
      expect(await compareLevel(sharedFile('wsi/TCGA-XK-AAJU-01A-01-TS1_prad_corrected.tif'), 1, 1)).toBe(0)
    },
  )
})

test('a level that lies in a SubIFD is found, and its tiles and regions are those of the same level in the main chain', async () => {
  const folder = temporaryFolder()
  const chained = await writeTinySlide(path.join(folder, 'chain.tif'))
  const tiff = new TiffBytes(chained)
  // SampleFormat (339) of the first directory becomes SubIFDs (330) that name the second; the chain ends at the first
  const second = tiff.directory(1)
  tiff.bytes.writeUInt16LE(330, tiff.entry(339).at)
  tiff.set(330, second)
  tiff.bytes.writeUInt32LE(0, tiff.nextAt(tiff.directory(0)))
  const [theirs, source] = [await opened(chained), await opened(tiff.write(path.join(folder, 'sub.tif')))]
  expect(source.header.levels).toEqual(theirs.header.levels.slice(0, 2))
  expect(await source.levels[1]!.tile(1, 1)).toEqual(await theirs.levels[1]!.tile(1, 1))
  const rect = { x: 30, y: 40, width: 200, height: 150 }
  expect((await readLevelRegion(source, 1, rect)).data.equals((await readLevelRegion(theirs, 1, rect)).data)).toBe(true)
})

describe('regions', () => {
  test('a region over many tiles is libvips’ own', async () => {
    const source = await opened(svsSample)
    const region = await readLevelRegion(source, 0, { x: 333, y: 777, width: 1001, height: 555 })
    const theirs = await byLibvips(svsSample, 0, { left: 333, top: 777, width: 1001, height: 555 })
    expect(greatestDifference(region.data, theirs)).toBe(0)
  })

  test('what lies outside the slide is white, the rest where it belongs', async () => {
    const source = await opened(tiffSample)
    const region = await readLevelRegion(source, 1, { x: -10, y: 1100, width: 100, height: 100 })
    const theirs = await byLibvips(tiffSample, 1, { left: 0, top: 1100, width: 90, height: 52 })
    for (let y = 0; y < 100; y++)
      for (let x = 0; x < 100; x++) {
        const at = (y * 100 + x) * 3
        const pixel = [...region.data.subarray(at, at + 3)]
        const there = (y * 90 + x - 10) * 3
        expect(pixel).toEqual(x < 10 || y >= 52 ? [255, 255, 255] : [...theirs.subarray(there, there + 3)])
      }
  })

  test('a region wholly outside is white', async () => {
    const { data } = await readLevelRegion(await opened(tiffSample), 0, { x: 5000, y: 0, width: 4, height: 4 })
    expect(data.every((value) => value === 255)).toBe(true)
  })

  test('a tile that is not stored is null on the screen and white in a region, its neighbours as they are', async () => {
    const folder = temporaryFolder()
    const whole = await writeTinySlide(path.join(folder, 'whole.tif'))
    // the third tile of the first row: place and length 0, as sparse TIFFs have it
    const file = new TiffBytes(whole).setValue(324, 2, 0).setValue(325, 2, 0).write(path.join(folder, 'sparse.tif'))
    const source = await opened(file)
    expect(await source.levels[0]!.tile(2, 0)).toBeNull()
    const region = await readLevelRegion(source, 0, { x: 200, y: 20, width: 240, height: 200 })
    const theirs = await byLibvips(whole, 0, { left: 200, top: 20, width: 240, height: 200 })
    for (let y = 0; y < 200; y++)
      for (let x = 0; x < 240; x++)
        if (x >= 56 && x < 184 && y < 108) theirs.fill(255, (y * 240 + x) * 3, (y * 240 + x) * 3 + 3)
    expect(greatestDifference(region.data, theirs)).toBe(0)
  })

  test('a tile that can not be decoded is named', async () => {
    const folder = temporaryFolder()
    const tiff = new TiffBytes(await writeTinySlide(path.join(folder, 'whole.tif'), { tile: 256 }))
    const from = tiff.valueOf(324, 1)
    tiff.bytes.fill(0, from, from + 60)
    const source = await opened(tiff.write(path.join(folder, 'broken.tif')))
    await expect(readLevelRegion(source, 0, { x: 0, y: 0, width: 700, height: 500 })).rejects.toMatchObject({
      code: 'SLIDE_TILE_BROKEN',
      data: { level: 0, column: 1, row: 0 },
    })
    expect(await readLevelRegion(source, 0, { x: 0, y: 0, width: 256, height: 256 })).toMatchObject({ width: 256 })
  })

  test('a tile whose pixels are damaged costs only itself: the tiles behind it are as they were', async () => {
    const folder = temporaryFolder()
    const whole = await writeTinySlide(path.join(folder, 'whole.tif'), { tile: 256, pyramid: false })
    const tiff = new TiffBytes(whole)
    tiff.bytes.fill(0x55, tiff.valueOf(324, 0) + 700, tiff.valueOf(324, 0) + 760)
    const source = await opened(tiff.write(path.join(folder, 'broken.tif')))
    const region = await readLevelRegion(source, 0, { x: 0, y: 0, width: 700, height: 500 })
    const theirs = await byLibvips(whole, 0, { left: 256, top: 0, width: 444, height: 500 })
    for (let y = 0; y < 500; y++)
      expect(region.data.subarray((y * 700 + 256) * 3, (y + 1) * 2100)).toEqual(
        theirs.subarray(y * 444 * 3, (y + 1) * 444 * 3),
      )
  })

  test('pixels of a slide with an ICC profile are those that are stored, as on the screen', async () => {
    const file = await writeTinySlide(path.join(temporaryFolder(), 'a.tif'), { icc: true })
    const source = await opened(file)
    const tile = await toRgb(openPicture(Buffer.from((await source.levels[0]!.tile(0, 0))!)))
    const region = await readLevelRegion(source, 0, { x: 0, y: 0, width: 100, height: 100 })
    expect(greatestDifference(region.data, part(tile, 100, 100))).toBe(0)
    const converted = await sharp(file).extract({ left: 0, top: 0, width: 100, height: 100 }).raw().toBuffer()
    expect(greatestDifference(region.data, converted)).toBeGreaterThan(10)
  })
})
