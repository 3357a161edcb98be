/** DICOM slides: frames where they belong, whichever way they are packed, found and spread over files. */
import { copyFileSync, readFileSync } from 'node:fs'
import path from 'node:path'
import dicomParser from 'dicom-parser'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { openSlideFile } from '../../../../src-main/slides/formats/openSlideFile.ts'
import { mppConflicts } from '../../../../src-shared/slides.ts'
import { fingerprintOf } from '../../../../src-main/slides/fingerprint.ts'
import { greatestDifference, levelFromTiles, levelRegion, openedSlide } from '../../../fixtures/pixels.ts'
import { sharedFile, testWith } from '../../../fixtures/sharedData.ts'
import { temporaryFolder } from '../../../fixtures/temporary.ts'
import { pattern } from '../../../fixtures/tinySlides.ts'
import { type DicomSlideFile, JPEG, RAW, writeDicom } from '../../../fixtures/writeDicom.ts'

const TILE = 64
const [WIDTH, HEIGHT] = [200, 130]

/** Tiles of the pattern, row by row: [tile, TILE, TILE, 3]. */
function tiles(width = WIDTH, height = HEIGHT): Buffer[] {
  const whole = pattern(width, height)
  const cut: Buffer[] = []
  for (let top = 0; top < height; top += TILE)
    for (let left = 0; left < width; left += TILE) {
      const tile = Buffer.alloc(TILE * TILE * 3, 255)
      for (let y = 0; y < Math.min(TILE, height - top); y++)
        whole.copy(
          tile,
          y * TILE * 3,
          ((top + y) * width + left) * 3,
          ((top + y) * width + Math.min(width, left + TILE)) * 3,
        )
      cut.push(tile)
    }
  return cut
}

const made = (name: string, slide: Partial<DicomSlideFile>, folder = temporaryFolder()): string =>
  writeDicom(path.join(folder, name), {
    width: WIDTH,
    height: HEIGHT,
    tile: TILE,
    syntax: RAW,
    frames: tiles(),
    ...slide,
  })

async function holdsThePattern(file: string): Promise<void> {
  const source = await openedSlide(file)
  expect(greatestDifference((await levelRegion(source)).data, pattern(WIDTH, HEIGHT))).toBe(0)
  expect(greatestDifference((await levelFromTiles(source)).data, pattern(WIDTH, HEIGHT))).toBe(0)
}

const planes = (tile: Buffer): Buffer =>
  Buffer.concat([0, 1, 2].map((channel) => Buffer.from(tile.filter((_, i) => i % 3 === channel))))

const places = tiles().map((_, i) => [(i % 4) * TILE, Math.floor(i / 4) * TILE] as const)

describe('uncompressed', () => {
  test('TILED_FULL, with µm/px, objective and vendor', async () => {
    const file = made('a.dcm', {})
    await holdsThePattern(file)
    expect((await openedSlide(file)).header).toMatchObject({
      format: 'DICOM',
      vendor: 'Test scanner',
      width: WIDTH,
      height: HEIGHT,
      objectivePower: 40,
      fileMpp: { x: 0.25, y: 0.5, tag: 'DICOM PixelSpacing' },
    })
  })

  test('a whole size that contradicts the distance of px is kept beside it, and told as a conflict', async () => {
    const { header } = await openedSlide(made('a.dcm', { imagedSize: [0.2, 0.13] }))
    expect(header).toMatchObject({
      fileMpp: { x: 0.25, y: 0.5 },
      otherMpp: [{ x: expect.closeTo(1, 5), y: expect.closeTo(1, 5) }],
    })
    expect(mppConflicts(header)).toEqual(header.otherMpp)
    // 72 dpi is no conflict, and a value that was rounded is none
    const fileMpp = { x: 0.25, y: 0.25, tag: 'a' }
    const otherMpp = [353, 0.2508, 0.26].map((x) => ({ x, y: x, tag: String(x) }))
    expect(mppConflicts({ fileMpp, otherMpp }).map(({ tag }) => tag)).toEqual(['0.26'])
  })

  test('a distance of px that can not be true gives way to the whole size', async () => {
    const { header } = await openedSlide(made('a.dcm', { spacing: [0.5, 0.5], imagedSize: [0.1, 0.065] }))
    expect(header).toMatchObject({
      fileMpp: { x: expect.closeTo(0.5, 5), tag: expect.stringContaining('Imaged') },
      otherMpp: [{ x: 500 }],
    })
  })

  test('with its channels in planes', () =>
    holdsThePattern(made('a.dcm', { planar: true, frames: tiles().map(planes) })))

  test('TILED_SPARSE, frames in any order', () =>
    holdsThePattern(made('a.dcm', { frames: tiles().toReversed(), positions: places.toReversed() })))

  test('TILED_SPARSE, what is not stored is white', async () => {
    const source = await openedSlide(made('a.dcm', { frames: tiles().slice(1), positions: places.slice(1) }))
    expect(await source.levels[0]!.tile(0, 0)).toBeNull()
    const { data } = await source.levels[0]!.region({ x: 0, y: 0, width: TILE, height: TILE })
    expect(data.every((value) => value === 255)).toBe(true)
  })

  test('a concatenation of two files, opened by either', async () => {
    const folder = temporaryFolder()
    const first = made('a.dcm', { frames: tiles().slice(0, 5), firstFrame: 0 }, folder)
    const second = made('b.dcm', { frames: tiles().slice(5), firstFrame: 5 }, folder)
    await holdsThePattern(first)
    await holdsThePattern(second)
  })

  test('levels, label and macro from the files of its series; other series are left alone', async () => {
    const folder = temporaryFolder()
    const file = made('a.dcm', {}, folder)
    made('b.dcm', { width: 100, height: 65, frames: tiles(100, 65) }, folder)
    made('c.dcm', { width: 60, height: 40, frames: tiles(60, 40), flavour: 'LABEL' }, folder)
    made('d.dcm', { width: 50, height: 33, series: '9.9.9', frames: tiles(50, 33) }, folder)
    const source = await openedSlide(file)
    expect(source.header.levels.map(({ width, downsample }) => [width, downsample])).toEqual([
      [200, 1],
      [100, 2],
    ])
    expect(source.header.associatedImages).toEqual([{ name: 'label', width: 60, height: 40 }])
    expect(greatestDifference((await levelRegion(source, 1)).data, pattern(100, 65))).toBe(0)
    expect(greatestDifference((await source.associatedImage('label'))!.data, pattern(60, 40))).toBe(0)
    expect((await openedSlide(folder)).header.width).toBe(200)
    expect(source.parts.map((part) => path.basename(part))).toEqual(['b.dcm', 'c.dcm'])
    expect(await fingerprintOf(file, source.parts)).not.toBe(await fingerprintOf(file))
  })
})

describe('JPEG', () => {
  const packed = () =>
    Promise.all(
      tiles().map((tile) =>
        sharp(tile, { raw: { width: TILE, height: TILE, channels: 3 } })
          .jpeg({ quality: 95, chromaSubsampling: '4:2:0' })
          .toBuffer(),
      ),
    )

  test.each([
    ['with a basic offset table', { offsetTable: 'basic' }],
    ['with an extended offset table', { offsetTable: 'extended' }],
    ['without any table', { offsetTable: 'none' }],
    ['in several fragments a frame', { offsetTable: 'basic', fragments: 3 }],
  ] satisfies [string, Partial<DicomSlideFile>][])(
    '%s: every frame goes out with the pixels it was stored with',
    async (_, how) => {
      const frames = await packed()
      const source = await openedSlide(made('a.dcm', { syntax: JPEG, photometric: 'YBR_FULL_422', frames, ...how }))
      for (const [i, frame] of frames.entries()) {
        const tile = await source.levels[0]!.tile(i % 4, Math.floor(i / 4))
        expect(Buffer.from(tile!.subarray(0, 3)).toString('hex')).toBe('ffd8ff')
        const theirs = await sharp(frame).raw().toBuffer()
        expect(greatestDifference(await sharp(tile!).raw().toBuffer(), theirs)).toBe(0)
      }
      const { data } = await source.levels[0]!.region({ x: TILE, y: 0, width: TILE, height: TILE })
      expect(greatestDifference(data, await sharp(frames[1]).raw().toBuffer())).toBe(0)
    },
  )

  test('that holds YCbCr under a header that says RGB is shown in its true colours', async () => {
    const frames = await packed()
    const source = await openedSlide(made('a.dcm', { syntax: JPEG, photometric: 'RGB', frames }))
    const tile = await source.levels[0]!.tile(0, 0)
    expect(greatestDifference(await sharp(tile!).raw().toBuffer(), await sharp(frames[0]).raw().toBuffer())).toBe(0)
  })
})

describe('refused, by name', () => {
  test.each([
    [
      'frames that do not say where they lie',
      { positions: [] },
      'SLIDE_BROKEN',
      /does not say where its 12 frames lie/,
    ],
    [
      'tiles that overlap',
      { positions: places.map(([x, y]) => [x + 5, y] as const) },
      'SLIDE_FORMAT_NOT_READ',
      /beside the grid/,
    ],
    ['12 bits', { bits: 12 }, 'SLIDE_FORMAT_NOT_READ', /3 channels of 12 bits/],
    ['RLE', { syntax: '1.2.840.10008.1.2.5' }, 'SLIDE_FORMAT_NOT_READ', /packed with RLE/],
    [
      'too few pixels',
      { frames: tiles().map((tile) => tile.subarray(0, 100)) },
      'SLIDE_BROKEN',
      /its pixels have 1200 bytes/,
    ],
    ['a label alone', { flavour: 'LABEL' }, 'SLIDE_FORMAT_NOT_READ', /label image without its slide/],
  ] satisfies [string, Partial<DicomSlideFile>, string, RegExp][])('%s', async (_, slide, code, words) => {
    await expect(openSlideFile(made('a.dcm', slide))).rejects.toMatchObject({
      code,
      message: expect.stringMatching(words),
    })
  })

  testWith('wsi/pathml_small_dicom.dcm')('a file whose frames have no places', () =>
    expect(openSlideFile(sharedFile('wsi/pathml_small_dicom.dcm'))).rejects.toMatchObject({
      code: 'SLIDE_BROKEN',
      message: expect.stringMatching(/does not say where its 42 frames lie/),
    }),
  )
})

describe('files of other programs', () => {
  /** In a folder of its own: the samples share a series. */
  const alone = (name: string): string => {
    const file = path.join(temporaryFolder(), path.basename(name))
    copyFileSync(sharedFile(name), file)
    return file
  }

  testWith('wsi/gcp_jpeg.dcm')('JPEG: each tile is its frame as dicom-parser finds it', async () => {
    const file = alone('wsi/gcp_jpeg.dcm')
    const source = await openedSlide(file)
    expect(source.header).toMatchObject({
      width: 957,
      height: 715,
      fileMpp: { x: expect.closeTo(16.783, 6), tag: 'DICOM PixelSpacing' },
    })
    const data = dicomParser.parseDicom(readFileSync(file))
    for (const frame of [0, 5, 11]) {
      const bytes = dicomParser.readEncapsulatedPixelDataFromFragments(data, data.elements['x7fe00010']!, frame)
      const theirs = await sharp(bytes).raw().toBuffer()
      const tile = await source.levels[0]!.tile(frame % 4, Math.floor(frame / 4))
      expect(greatestDifference(await sharp(tile!).raw().toBuffer(), theirs)).toBe(0)
    }
  })

  testWith('wsi/gcp_jpeg.dcm', 'wsi/gcp_jpeg2000.dcm')(
    'lossless JPEG 2000 shows what the JPEG of the same slide shows',
    async () => {
      const exact = await levelRegion(await openedSlide(alone('wsi/gcp_jpeg2000.dcm')))
      const lossy = await levelRegion(await openedSlide(alone('wsi/gcp_jpeg.dcm')))
      let sum = 0
      for (let i = 0; i < exact.data.length; i++) sum += Math.abs(exact.data[i]! - lossy.data[i]!)
      expect(sum / exact.data.length).toBeLessThan(4)
    },
  )

  testWith('wsi/openslide_python_fixtures/boxes_0.dcm')(
    'the boxes of OpenSlide’s tests, with their thumbnail',
    async () => {
      const { header } = await openedSlide(sharedFile('wsi/openslide_python_fixtures/boxes_0.dcm'))
      expect(header).toMatchObject({ width: 16, height: 16, vendor: 'Leica Biosystems' })
      expect(header.fileMpp?.x).toBeCloseTo(0.499, 6)
      expect(header.associatedImages).toEqual([{ name: 'thumbnail', width: 16, height: 16 }])
    },
  )
})
