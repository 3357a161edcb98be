/** Damage inside the data of JPEG tiles: noticed without decoding, and never given to a network as pixels. */
import path from 'node:path'
import sharp from 'sharp'
import { describe, expect, onTestFinished, test } from 'vitest'
import { lookAtData } from '../../../../src-main/slides/formats/jpegData.ts'
import { openSlideFile } from '../../../../src-main/slides/formats/openSlideFile.ts'
import { jpegToRgb } from '../../../../src-main/slides/pixels/decoder.ts'
import { readLevelRegion } from '../../../../src-main/slides/pixels/levelRegion.ts'
import { integerBelow, seeded } from '../../../fixtures/random.ts'
import { temporaryFolder } from '../../../fixtures/temporary.ts'
import { svsSample, TiffBytes, tiffSample, writeTinySlide } from '../../../fixtures/tinySlides.ts'

const EDGE = 256

async function opened(file: string) {
  const source = await openSlideFile(file)
  onTestFinished(() => source.close())
  return source
}

/** Tiles of real tissue, or of bare glass. */
async function tiles(optimiseCoding: boolean, least: number): Promise<Buffer[]> {
  const made: Buffer[] = []
  for (let top = 0; top < 2304; top += EDGE)
    for (let left = 0; left < 2688 - EDGE; left += EDGE)
      made.push(
        await sharp(tiffSample)
          .extract({ left, top, width: EDGE, height: EDGE })
          .jpeg({ quality: 80, optimiseCoding })
          .toBuffer(),
      )
  return made.filter(({ length }) => length > least)
}

const damages: Record<string, (jpeg: Buffer, from: number, random: () => number) => void> = {
  '512 bytes of zeros': (jpeg, from) => jpeg.fill(0, from, from + 512),
  'zeros to the end': (jpeg, from) => jpeg.fill(0, from),
  '512 bytes of 255': (jpeg, from) => jpeg.fill(255, from, from + 512),
  '4096 random bytes': (jpeg, from, random) => {
    for (let i = from; i < Math.min(jpeg.length, from + 4096); i++) jpeg[i] = integerBelow(random, 256)
  },
}

describe.each([
  { optimiseCoding: false, tables: 'the standard tables' },
  { optimiseCoding: true, tables: 'tables made for each tile' },
])('$tables', ({ optimiseCoding }) => {
  test('every sound tile, of tissue or of glass, looks whole and is decoded as by libvips', async () => {
    for (const jpeg of await tiles(optimiseCoding, 0)) {
      expect(lookAtData(jpeg)).toMatchObject({ isWhole: true, hasZeros: false })
      expect((await jpegToRgb(jpeg)).data.equals(await sharp(jpeg).raw().toBuffer())).toBe(true)
    }
  })

  test.each(Object.keys(damages))('%s are noticed in at least 98 of 100 tiles, and refused (seed 7)', async (kind) => {
    const random = seeded(7)
    const sound = await tiles(optimiseCoding, 8000)
    let [noticed, refused] = [0, 0]
    for (let i = 0; i < 100; i++) {
      const jpeg = Buffer.from(sound[i % sound.length]!)
      damages[kind]!(jpeg, 700 + integerBelow(random, jpeg.length - 700 - 1200), random)
      const { isWhole, hasZeros } = lookAtData(jpeg)
      if (!isWhole || hasZeros) noticed++
      refused += await jpegToRgb(jpeg).then(
        () => 0,
        () => 1,
      )
    }
    expect(noticed).toBeGreaterThanOrEqual(98)
    expect(refused).toBeGreaterThanOrEqual(98)
  })
})

test('an area of one colour may be zeros, where the tables say so', async () => {
  // noise above, so that the tile is not nearly empty; then two thirds of one colour
  const random = seeded(3)
  const pixels = Buffer.alloc(1024 * 1024 * 3, 240)
  for (let i = 0; i < pixels.length / 16; i++) pixels[i] = integerBelow(random, 256)
  const jpeg = await sharp(pixels, { raw: { width: 1024, height: 1024, channels: 3 } })
    .jpeg({ quality: 10, optimiseCoding: true })
    .toBuffer()
  const looked = lookAtData(jpeg)
  expect(looked.isWhole).toBe(true)
  if (looked.hasZeros) expect(looked.zerosAreFlat).toBe(true)
  expect((await jpegToRgb(jpeg)).data.equals(await sharp(jpeg).raw().toBuffer())).toBe(true)
})

test('restarts are part of the data; out of order they are not', async () => {
  const [jpeg] = await tiles(false, 8000)
  const scan = jpeg!.lastIndexOf(Buffer.from([0xff, 0xda]))
  const withRestarts = (...markers: number[]) =>
    Buffer.concat([
      jpeg!.subarray(0, scan + 14),
      ...markers.map((marker) => Buffer.from([1, 2, 3, 0xff, 0xd0 + marker])),
      jpeg!.subarray(scan + 14),
    ])
  expect(lookAtData(withRestarts(0, 1, 2, 3, 4, 5, 6, 7, 0)).isWhole).toBe(true)
  expect(lookAtData(withRestarts(0, 2)).isWhole).toBe(false)
  expect(lookAtData(jpeg!.subarray(0, jpeg!.length - 2)).isWhole).toBe(false)
})

test('a progressive tile with its many scans looks whole', async () => {
  const jpeg = await sharp(tiffSample)
    .extract({ left: 0, top: 0, width: EDGE, height: EDGE })
    .jpeg({ progressive: true })
    .toBuffer()
  // a scan of one channel may well be zeros, so they prove nothing
  expect(lookAtData(jpeg)).toMatchObject({ isWhole: true, zerosAreFlat: true })
})

test.each([svsSample, tiffSample])('every stored tile of %s looks whole', async (file) => {
  const source = await opened(file)
  for (const [level, reader] of source.levels.entries()) {
    const { columns, rows } = source.header.levels[level]!
    for (let row = 0; row < rows; row++)
      for (let column = 0; column < columns; column++) {
        const jpeg = Buffer.from((await reader.tile(column, row))!)
        const { isWhole, hasZeros, zerosAreFlat } = lookAtData(jpeg)
        expect(isWhole && (!hasZeros || zerosAreFlat), `level ${level}, ${column}, ${row}`).toBe(true)
      }
  }
})

test('a sector of zeros in a tile of a slide: the region names the tile, its neighbour has its own pixels', async () => {
  const folder = temporaryFolder()
  const noise = Buffer.from(Uint8Array.from({ length: 512 * 256 * 3 }, (_, i) => (i * 2654435761) >>> 24))
  const whole = await writeTinySlide(path.join(folder, 'whole.tif'), {
    width: 512,
    height: 256,
    tile: 256,
    pyramid: false,
    pixels: noise,
  })
  const tiff = new TiffBytes(whole)
  const from = tiff.valueOf(324, 0) + (tiff.byteCount(0) >> 1)
  tiff.bytes.fill(0, from, from + 512)
  const source = await opened(tiff.write(path.join(folder, 'sector.tif')))
  await expect(readLevelRegion(source, 0, { x: 200, y: 0, width: 100, height: 100 })).rejects.toMatchObject({
    code: 'SLIDE_TILE_BROKEN',
    data: { level: 0, column: 0, row: 0, reason: expect.stringContaining('nothing but zeros') },
  })
  const beside = { x: 256, y: 0, width: 256, height: 256 }
  const sound = await opened(whole)
  expect((await readLevelRegion(source, 0, beside)).data.equals((await readLevelRegion(sound, 0, beside)).data)).toBe(
    true,
  )
})
