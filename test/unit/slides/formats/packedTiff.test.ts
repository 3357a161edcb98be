/** TIFFs that are packed without loss hold exactly the pixels they were made of: in regions and in tiles. */
import path from 'node:path'
import * as zlib from 'node:zlib'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { greatestDifference, levelFromTiles, levelRegion, openedSlide } from '../../../fixtures/pixels.ts'
import { sharedFile, testWith } from '../../../fixtures/sharedData.ts'
import { temporaryFolder } from '../../../fixtures/temporary.ts'
import { pattern, TiffBytes, type TinySlide, writeTinySlide } from '../../../fixtures/tinySlides.ts'

const golden = path.resolve(import.meta.dirname, '../../../golden/slides')

describe('tiles and strips of libvips', () => {
  test.each([
    ['deflate', { compression: 'deflate' }],
    ['LZW', { compression: 'lzw' }],
    ['no compression', { compression: 'none' }],
    ['deflate in strips', { compression: 'deflate', tiled: false }],
    ['no compression in strips', { compression: 'none', tiled: false }],
    ['BigTIFF, LZW', { compression: 'lzw', bigTiff: true }],
  ] satisfies [string, TinySlide][])('%s', async (_, slide) => {
    const source = await openedSlide(await writeTinySlide(path.join(temporaryFolder(), 'a.tif'), slide))
    const truth = pattern(700, 500)
    expect(source.header.format).toBe('TIFF')
    expect(greatestDifference((await levelRegion(source)).data, truth)).toBe(0)
    expect(greatestDifference((await levelFromTiles(source)).data, truth)).toBe(0)
  })

  test.each([1, 2, 3])('level %i of a deflate pyramid is libvips’ own', async (level) => {
    const file = await writeTinySlide(path.join(temporaryFolder(), 'a.tif'), { compression: 'deflate' })
    const source = await openedSlide(file)
    const theirs = await sharp(file, { page: level }).raw().toBuffer()
    expect(greatestDifference((await levelRegion(source, level)).data, theirs)).toBe(0)
    expect(greatestDifference((await levelFromTiles(source, level)).data, theirs)).toBe(0)
  })

  test('JPEG in strips', async () => {
    const file = await writeTinySlide(path.join(temporaryFolder(), 'a.tif'), { tiled: false })
    const theirs = await sharp(file).raw().toBuffer()
    expect(greatestDifference((await levelRegion(await openedSlide(file))).data, theirs)).toBe(0)
  })

  test('RGB with 16 bits a channel is shown with its upper 8', async () => {
    const file = path.join(temporaryFolder(), 'a.tif')
    const values = Uint16Array.from({ length: 300 * 200 * 3 }, (_, i) => (i * 2654435) % 65536)
    await sharp(values, { raw: { width: 300, height: 200, channels: 3 } })
      .toColourspace('rgb16')
      .tiff({ compression: 'deflate', tile: true, tileWidth: 64, tileHeight: 64 })
      .toFile(file)
    const { data } = await levelRegion(await openedSlide(file))
    expect(data.every((value, i) => value === values[i]! >> 8)).toBe(true)
  })

  test('what is transparent is white', async () => {
    const file = path.join(temporaryFolder(), 'a.tif')
    const pixels = Buffer.from([10, 20, 30, 255, 10, 20, 30, 0])
    await sharp(pixels, { raw: { width: 2, height: 1, channels: 4 } })
      .tiff({ compression: 'lzw' })
      .toFile(file)
    expect([...(await levelRegion(await openedSlide(file))).data]).toEqual([10, 20, 30, 255, 255, 255])
  })
})

describe('files written by libtiff', () => {
  const truth = (grey: boolean): Buffer => {
    const pixels = Buffer.alloc(150 * 110 * 3)
    for (let y = 0, at = 0; y < 110; y++)
      for (let x = 0; x < 150; x++)
        for (let channel = 0; channel < 3; channel++)
          pixels[at++] = [7 * x + y, 3 * y, Math.floor((x * y) / 4)][grey ? 0 : channel]!
    return pixels
  }

  test.each([
    'zstd_strips',
    'zstd_strips_predictor',
    'zstd_grey',
    'lzw_strips_predictor',
    'lzma_strips',
    'packbits_strips',
  ])('%s.tif', async (name) => {
    const source = await openedSlide(path.join(golden, `${name}.tif`))
    expect(source.header).toMatchObject({ width: 150, height: 110 })
    expect(greatestDifference((await levelRegion(source)).data, truth(name.endsWith('grey')))).toBe(0)
    expect(greatestDifference((await levelFromTiles(source)).data, truth(name.endsWith('grey')))).toBe(0)
  })
})

/** A tiled, uncompressed TIFF whose tiles are replaced by zstd ones. */
async function zstdTiles(folder: string, slide: TinySlide = {}): Promise<{ file: string; tiff: TiffBytes }> {
  const plain = await writeTinySlide(path.join(folder, 'plain.tif'), { compression: 'none', pyramid: false, ...slide })
  const tiff = new TiffBytes(plain)
  tiff.set(259, 50_000)
  for (let tile = 0; tile < tiff.entry(324).count; tile++) {
    const [offset, bytes] = [tiff.valueOf(324, tile), 128 * 128 * 3]
    const packed = zlib.zstdCompressSync(tiff.bytes.subarray(offset, offset + bytes))
    packed.copy(tiff.bytes, offset)
    tiff.setByteCount(tile, packed.length)
  }
  return { file: tiff.write(path.join(folder, 'zstd.tif')), tiff }
}

describe('zstd tiles', () => {
  test('hold the pixels they were made of', async () => {
    const { file } = await zstdTiles(temporaryFolder())
    const source = await openedSlide(file)
    expect(greatestDifference((await levelRegion(source)).data, pattern(700, 500))).toBe(0)
    expect(greatestDifference((await levelFromTiles(source)).data, pattern(700, 500))).toBe(0)
  })

  test('that can not be unpacked, or hold too much, are named; the others are read', async () => {
    const folder = temporaryFolder()
    const { tiff } = await zstdTiles(folder)
    tiff.bytes.fill(0x55, tiff.valueOf(324, 0), tiff.valueOf(324, 0) + 20)
    const bomb = zlib.zstdCompressSync(Buffer.alloc(50 << 20))
    bomb.copy(tiff.bytes, tiff.valueOf(324, 1))
    tiff.setByteCount(1, bomb.length)
    const source = await openedSlide(tiff.write(path.join(folder, 'broken.tif')))
    for (const column of [0, 1])
      await expect(source.levels[0]!.tile(column, 0)).rejects.toMatchObject({
        code: 'SLIDE_TILE_BROKEN',
        data: { column, row: 0, reason: expect.stringMatching(/can not be unpacked/) },
      })
    expect(await source.levels[0]!.tile(2, 0)).toBeInstanceOf(Uint8Array)
  })
})

test('a deflate tile that is damaged is named; the rest is read', async () => {
  const folder = temporaryFolder()
  const tiff = new TiffBytes(
    await writeTinySlide(path.join(folder, 'a.tif'), { compression: 'deflate', pyramid: false }),
  )
  tiff.bytes.fill(0xff, tiff.valueOf(324, 1), tiff.valueOf(324, 1) + 30)
  const source = await openedSlide(tiff.write(path.join(folder, 'b.tif')))
  const broken = { code: 'SLIDE_TILE_BROKEN', data: { level: 0, column: 1, row: 0 } }
  await expect(source.levels[0]!.tile(1, 0)).rejects.toMatchObject(broken)
  await expect(source.levels[0]!.region({ x: 0, y: 0, width: 300, height: 100 })).rejects.toMatchObject(broken)
  const sound = await source.levels[0]!.region({ x: 256, y: 0, width: 300, height: 100 })
  expect(sound).toMatchObject({ width: 300, height: 100 })
})

testWith('wsi/openslide_python_fixtures/boxes.tiff')(
  'the boxes of OpenSlide’s tests: four levels, as libvips reads them',
  async () => {
    const file = sharedFile('wsi/openslide_python_fixtures/boxes.tiff')
    const source = await openedSlide(file)
    expect(source.header.levels).toHaveLength(4)
    for (const level of [0, 1, 2, 3]) {
      const theirs = await sharp(file, { page: level, ignoreIcc: true }).raw().toBuffer()
      expect(greatestDifference((await levelRegion(source, level)).data, theirs)).toBe(0)
    }
  },
)
