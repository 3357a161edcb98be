/** Tiles of a range read in as few pieces as they lie in, and as a small TIFF for libvips. */
import { describe, expect, test } from 'vitest'
import sharp from 'sharp'
import { NOT_STORED, storedTiles } from '../../../../src-main/slides/formats/storedTiles.ts'
import { TAG, type Tiff, type TiffDirectory } from '../../../../src-main/slides/formats/tiffDirectory.ts'
import type { TiffImage } from '../../../../src-main/slides/formats/tiffImage.ts'
import { tiffOfTiles } from '../../../../src-main/slides/formats/tiffOfTiles.ts'
import { pattern } from '../../../fixtures/tinySlides.ts'

/** A level of 3 × 2 tiles at these places of a file whose byte i is i modulo 251. */
async function level(places: [offset: number, bytes: number][], fileBytes = 1e6) {
  const reads: [offset: number, length: number][] = []
  const tiff = {
    file: 'a.tif',
    bytes: fileBytes,
    async read(offset: number, length: number, into = Buffer.allocUnsafe(length), at = 0) {
      reads.push([offset, length])
      for (let i = 0; i < length; i++) into[at + i] = (offset + i) % 251
      return into
    },
    numbers: async (_: TiffDirectory, tag: number) =>
      Float64Array.from(places, ([offset, bytes]) => (tag === TAG.tileOffsets ? offset : bytes)),
  } as unknown as Tiff
  const image = { directory: {}, tiles: { width: 256, height: 256, columns: 3, rows: 2 } } as TiffImage
  const grid = { width: 700, height: 500, tileWidth: 256, tileHeight: 256, columns: 3, rows: 2 }
  return { tiles: await storedTiles(tiff, image, grid, 0), reads }
}

const whole = { left: 0, top: 0, right: 3, bottom: 2 }

describe('a range of tiles', () => {
  test('is read in one go where its tiles lie behind each other', async () => {
    const { tiles, reads } = await level([
      [1000, 100],
      [1100, 50],
      [1150, 70],
      [1220, 10],
      [1230, 40],
      [1270, 30],
    ])
    const { bytes, at, length } = (await tiles.readRange(whole))!
    expect(reads).toEqual([[1000, 300]])
    expect([...at]).toEqual([0, 100, 150, 220, 230, 270])
    expect([...length]).toEqual([100, 50, 70, 10, 40, 30])
    expect(bytes[150]).toBe(1150 % 251)
  })

  test('is read in pieces where it does not, and every tile is its own bytes', async () => {
    const places: [number, number][] = [
      [500_000, 100],
      [1100, 50],
      [900_000, 70],
      [1150, 10],
      [0, 0],
      [1100, 50],
    ]
    const { tiles, reads } = await level(places)
    const { bytes, at, length } = (await tiles.readRange(whole))!
    expect(reads).toHaveLength(5)
    for (const [tile, [offset, stored]] of places.entries()) {
      expect(length[tile]).toBe(stored)
      if (stored === 0) expect(at[tile]).toBe(NOT_STORED)
      else
        expect([bytes[at[tile]!], bytes[at[tile]! + stored - 1]]).toEqual([offset % 251, (offset + stored - 1) % 251])
    }
  })

  test('that claims more bytes than can be meant is not read', async () => {
    const { tiles, reads } = await level(
      Array.from({ length: 6 }, () => [0, 60e6]),
      1e9,
    )
    expect(await tiles.readRange(whole)).toBeNull()
    expect(reads).toEqual([])
  })

  test('with a tile behind the end of the file names that tile', async () => {
    const { tiles } = await level(Array.from({ length: 6 }, (_, i) => [i === 4 ? 999_990 : 1000, 100]))
    await expect(tiles.readRange(whole)).rejects.toMatchObject({
      code: 'SLIDE_TILE_BROKEN',
      data: { level: 0, column: 1, row: 1 },
    })
  })
})

test.each([1, 2, 3])('%i tiles beside each other decode to what each of them decodes to', async (columns) => {
  const jpegs = await Promise.all(
    Array.from({ length: columns }, (_, i) =>
      sharp(
        pattern(64, 64).map((value) => value ^ (i * 16)),
        { raw: { width: 64, height: 64, channels: 3 } },
      )
        .jpeg({ quality: 90 })
        .toBuffer(),
    ),
  )
  let end = 0
  const at = Float64Array.from(jpegs, (jpeg) => (end += jpeg.length) - jpeg.length)
  const bytes = { bytes: Buffer.concat(jpegs), at, length: Float64Array.from(jpegs, (jpeg) => jpeg.length) }
  const tiff = tiffOfTiles(bytes, columns, { width: 64, height: 64, components: 3, yCbCr: true }, null)
  const { data, info } = await sharp(tiff).raw().toBuffer({ resolveWithObject: true })
  expect([info.width, info.height, info.channels]).toEqual([columns * 64, 64, 3])
  for (const [i, jpeg] of jpegs.entries()) {
    const alone = await sharp(jpeg).raw().toBuffer()
    for (let y = 0; y < 64; y++)
      expect(
        data
          .subarray((y * columns + i) * 192, (y * columns + i + 1) * 192)
          .equals(alone.subarray(y * 192, (y + 1) * 192)),
      ).toBe(true)
  }
})
