/** Slides with JPEG 2000 tiles: pixels as OpenSlide and as the tiles were made of, and what is refused. */
import { createRequire } from 'node:module'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { greatestDifference, levelFromTiles, levelRegion, openedSlide } from '../../../fixtures/pixels.ts'
import { openSlideRegion, testWithOpenSlide } from '../../../fixtures/openSlidePeer.ts'
import { sharedFile, testWith } from '../../../fixtures/sharedData.ts'
import { temporaryFolder } from '../../../fixtures/temporary.ts'
import { pattern, TiffBytes, writeTinySlide } from '../../../fixtures/tinySlides.ts'

type Encoder = {
  getDecodedBuffer(frame: object): Uint8Array
  setQuality(lossless: boolean, rate: number): void
  encode(): void
  getEncodedBuffer(): Uint8Array
  delete(): void
}
type Codec = { J2KEncoder: new () => Encoder }
const load = createRequire(import.meta.url)('@cornerstonejs/codec-openjpeg/wasmjs') as (
  options: object,
) => Promise<Codec>

const quiet = () => undefined
const codec = await load({ print: quiet, printErr: quiet })

/** Lossless codestream of [height, width, components]. */
function encoded(pixels: Uint8Array, width: number, height: number, components: 1 | 3): Buffer {
  const encoder = new codec.J2KEncoder()
  const frame = {
    width,
    height,
    bitsPerSample: 8,
    componentCount: components,
    isSigned: false,
    isUsingColorTransform: false,
  }
  encoder.getDecodedBuffer(frame).set(pixels)
  encoder.setQuality(true, 0)
  encoder.encode()
  const codestream = Buffer.from(encoder.getEncodedBuffer())
  encoder.delete()
  return codestream
}

const TILE = 128
const [WIDTH, HEIGHT] = [300, 200]

/** An uncompressed tiled TIFF whose tiles are replaced by codestreams. */
async function slide(compression: number, change: (tile: Buffer) => Buffer = (tile) => tile): Promise<TiffBytes> {
  const plain = await writeTinySlide(path.join(temporaryFolder(), 'plain.tif'), {
    width: WIDTH,
    height: HEIGHT,
    compression: 'none',
    pyramid: false,
  })
  const tiff = new TiffBytes(plain)
  tiff.set(259, compression)
  for (let tile = 0; tile < tiff.entry(324).count; tile++) {
    const at = tiff.valueOf(324, tile)
    const pixels = change(Buffer.from(tiff.bytes.subarray(at, at + TILE * TILE * 3)))
    const codestream = encoded(pixels, TILE, TILE, 3)
    codestream.copy(tiff.bytes, at)
    tiff.setByteCount(tile, codestream.length)
  }
  return tiff
}

const written = (tiff: TiffBytes) => tiff.write(path.join(temporaryFolder(), 'a.tif'))

describe('tiles', () => {
  test.each([33_005, 34_712])('of RGB (compression %i) hold the pixels they were made of', async (compression) => {
    const source = await openedSlide(written(await slide(compression)))
    const truth = pattern(WIDTH, HEIGHT)
    expect(greatestDifference((await levelRegion(source)).data, truth)).toBe(0)
    expect(greatestDifference((await levelFromTiles(source)).data, truth)).toBe(0)
  })

  test('of YCbCr (compression 33003) come out as RGB', async () => {
    const toYCbCr = (tile: Buffer) => {
      for (let at = 0; at < tile.length; at += 3) {
        const [r, g, b] = [tile[at]!, tile[at + 1]!, tile[at + 2]!]
        const y = 0.299 * r + 0.587 * g + 0.114 * b
        tile.set([y, (b - y) / 1.772 + 128, (r - y) / 1.402 + 128].map(Math.round), at)
      }
      return tile
    }
    const source = await openedSlide(written(await slide(33_003, toYCbCr)))
    // brightness and colour were rounded once: at most 2 grey levels
    expect(greatestDifference((await levelRegion(source)).data, pattern(WIDTH, HEIGHT))).toBeLessThanOrEqual(2)
  })

  test.each([
    ['that are no codestream', (tiff: TiffBytes, at: number) => tiff.bytes.fill(0x55, at, at + 8), /not a JPEG 2000/],
    [
      'that unpack to 65,500² px',
      (tiff: TiffBytes, at: number) => {
        tiff.bytes.writeUInt32BE(65_500, at + 8)
        tiff.bytes.writeUInt32BE(65_500, at + 12)
        tiff.bytes.writeUInt32BE(65_500, at + 24)
        tiff.bytes.writeUInt32BE(65_500, at + 28)
      },
      /its JPEG 2000 has 65500 × 65500 px/,
    ],
    ['with 12 bits', (tiff: TiffBytes, at: number) => tiff.bytes.writeUInt8(11, at + 42), /12 bits, only 8/],
    [
      'cut into parts of 1 px',
      (tiff: TiffBytes, at: number) => {
        tiff.bytes.writeUInt32BE(1, at + 24)
        tiff.bytes.writeUInt32BE(1, at + 28)
      },
      /sizes that can not be/,
    ],
    [
      'of which a part is missing',
      (tiff: TiffBytes, at: number) => tiff.bytes.writeUInt32BE(64, at + 24),
      /only 1 of its 2 parts/,
    ],
    ['whose main header is damaged', (tiff: TiffBytes, at: number) => tiff.bytes.fill(0xff, at + 52, at + 60), /./],
  ])('%s are named, the others are read', async (_, spoil, words) => {
    const tiff = await slide(33_005)
    spoil(tiff, tiff.valueOf(324, 0))
    const source = await openedSlide(written(tiff))
    await expect(source.levels[0]!.tile(0, 0)).rejects.toMatchObject({
      code: 'SLIDE_TILE_BROKEN',
      data: { level: 0, column: 0, row: 0, reason: expect.stringMatching(words) },
    })
    expect(await source.levels[0]!.tile(1, 0)).toBeInstanceOf(Uint8Array)
  })
})

describe('luna_1065626.svs, whose colour is stored at half the width', () => {
  const file = 'wsi/luna_1065626.svs'

  testWith(file)('is read with its levels and its µm/px', async () => {
    const { header } = await openedSlide(sharedFile(file))
    expect(header).toMatchObject({ format: 'Aperio SVS', width: 11_952, height: 10_249, fileMpp: { x: 0.5026 } })
    expect(header.levels.map((level) => level.width)).toEqual([11_952, 2988])
  })

  testWithOpenSlide(file)('has the pixels OpenSlide reads, within one grey level, on both levels', async () => {
    const source = await openedSlide(sharedFile(file))
    const rect = { x: 16 * 512, y: 14 * 512, width: 700, height: 600 }
    const { data } = await source.levels[0]!.region(rect)
    expect(greatestDifference(data, openSlideRegion(sharedFile(file), 0, rect))).toBeLessThanOrEqual(1)
    // from the corner on: elsewhere OpenSlide shifts by a part of a px, as its downsample is 4.0002
    const small = { x: 0, y: 0, width: 1100, height: 900 }
    const reduced = await source.levels[1]!.region(small)
    expect(greatestDifference(reduced.data, openSlideRegion(sharedFile(file), 1, small))).toBeLessThanOrEqual(1)
  })
})
