/** A slide whose last tiles are missing: what is there is shown, what is not is marked, and networks never get white. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import sharp from 'sharp'
import { expect, test } from 'vitest'
import { gridGeometry } from '../../../src-shared/patches.ts'
import { MISSING_STRIPES } from '../../../src-shared/slides.ts'
import { MaskParams } from '../../../src-shared/masks.ts'
import { micronPerPx } from '../../../src-shared/units.ts'
import { CUT, isMissing, writeCutSlide } from '../../fixtures/cutSlide.ts'
import { SlideBench } from '../../fixtures/slideBench.ts'
import { sharedReader } from '../../fixtures/slideReaders.ts'
import { temporaryFolder } from '../../fixtures/temporary.ts'

const reader = sharedReader()
const { width: WIDTH, height: HEIGHT, tile: TILE, columns: COLUMNS } = CUT

const cutSlide = () => writeCutSlide(temporaryFolder())

const ask = (file: string) => ({ subject: { key: file, name: 'cut.tif' }, slide: { file, fingerprint: null } })

test('tiles: those that are there are given, each other says that it lies behind the end of the file', async () => {
  const { file } = await cutSlide()
  const { subject, slide } = ask(file)
  for (let row = 0; row < 4; row++) {
    const tiles = Array.from({ length: COLUMNS }, (_, column): [number, number] => [column, row])
    const replies = await reader.ask(subject, 'slides.tiles', { ...slide, level: 0, tiles })
    for (const [column, reply] of replies.entries())
      if (isMissing(column, row))
        expect(reply).toMatchObject({
          code: 'SLIDE_TILE_BROKEN',
          data: { file, column, row },
          message: expect.stringMatching(/“cut\.tif”.*behind the end of the file/),
        })
      else expect(reply).toBeInstanceOf(Uint8Array)
  }
})

test('regions: sound places have the pixels of the whole file, a region over a missing tile is refused', async () => {
  const { file, whole } = await cutSlide()
  const { subject, slide } = ask(file)
  const region = (of: { file: string; fingerprint: null }, y: number, height: number) =>
    reader.ask(subject, 'slides.region', { ...of, x: 30, y, width: 500, height, at: { level: 0 } })
  expect(await region(slide, 10, 240)).toEqual(await region({ file: whole, fingerprint: null }, 10, 240))
  await expect(region(slide, 200, 100)).rejects.toMatchObject({ code: 'SLIDE_TILE_BROKEN', data: { row: 2 } })
})

/** A grid of one patch for each tile. */
const tileGrid = () =>
  gridGeometry('cut', { width: WIDTH, height: HEIGHT }, micronPerPx(0.5), micronPerPx(0.5), {
    edgePx: TILE,
    mpp: micronPerPx(0.5),
    stridePx: TILE,
    offsetXPx: 0,
    offsetYPx: 0,
  })

/** What is written of patches, and what is said to be left out. */
async function readPatches(file: string, patches: number[], edgePx: number, channels: 1 | 3 = 3) {
  const { subject, slide } = ask(file)
  const out = path.join(temporaryFolder(), 'patches.raw')
  const origin = { kind: 'grid' as const, slide, grid: tileGrid(), patches: Uint32Array.from(patches) }
  const items: { done: number; unread: Uint32Array | null }[] = []
  await reader.follow(subject, 'patches.read', { origin, edgePx, channels, file: out }, (item) => items.push(item))
  return { bytes: readFileSync(out), last: items.at(-1)! }
}

test.each([
  { edge: TILE, channels: 3, how: 'as they are' },
  { edge: 100, channels: 3, how: 'resampled' },
  { edge: TILE, channels: 1, how: 'as brightness' },
] as const)(
  'patches for networks, $how: those on missing tiles are left out and named, the others are exact',
  async ({ edge, channels }) => {
    const { file, whole } = await cutSlide()
    // not in the order of the grid, so that gaps lie at the beginning, in the middle and at the end
    const wanted = [19, 10, 12, 3, 11, 7, 15, 14]
    const gone = wanted.filter((patch) => isMissing(patch % COLUMNS, Math.floor(patch / COLUMNS)))
    const { bytes, last } = await readPatches(file, wanted, edge, channels)
    expect([...last.unread!]).toEqual(gone)
    expect(gone).toEqual([19, 12, 11, 15, 14])
    expect(last.done).toBe(wanted.length)
    const sound = await readPatches(whole, [10, 3, 7], edge, channels)
    expect([...sound.last.unread!]).toEqual([])
    expect(bytes.equals(sound.bytes)).toBe(true)
  },
)

test('all patches on missing tiles: an empty file, and the name of each', async () => {
  const { file } = await cutSlide()
  const { bytes, last } = await readPatches(file, [17, 18, 19], 64)
  expect(bytes).toHaveLength(0)
  expect([...last.unread!]).toEqual([17, 18, 19])
})

test('pictures of patches for a person: none where tiles are missing', async () => {
  const { file } = await cutSlide()
  const { subject, slide } = ask(file)
  const grid = tileGrid()
  const pictures = await reader.ask(subject, 'patches.pictures', {
    origin: { kind: 'grid', slide, grid, patches: Uint32Array.of(0, 11) },
    margin: 0,
    edge: 64,
  })
  expect(pictures).toEqual([expect.any(Uint8Array), null])
})

test('the overview shows what is there, and grey stripes where tiles are missing', async () => {
  const { file, whole } = await cutSlide()
  const thumbnail = async (of: string) => {
    const { subject, slide } = ask(of)
    const jpeg = await reader.ask(subject, 'slides.thumbnail', { ...slide, edge: WIDTH })
    return sharp(jpeg).raw().toBuffer()
  }
  const [cut, sound] = [await thumbnail(file), await thumbnail(whole)]
  const about = (pixels: Buffer, column: number, row: number) => {
    const values = []
    for (let y = row * TILE + 16; y < (row + 1) * TILE - 16; y++)
      for (let x = column * TILE + 16; x < (column + 1) * TILE - 16; x++) {
        const at = (y * WIDTH + x) * 3
        values.push([pixels[at]!, pixels[at + 1]!, pixels[at + 2]!])
      }
    return values
  }
  for (let row = 0; row < 4; row++)
    for (let column = 0; column < COLUMNS; column++) {
      const values = about(cut, column, row)
      if (!isMissing(column, row)) {
        expect(values, `${column}, ${row}`).toEqual(about(sound, column, row))
        continue
      }
      const greys = values.map(([r]) => r!)
      const colour = Math.max(...values.map((each) => Math.max(...each) - Math.min(...each)))
      expect(colour, 'grey').toBeLessThan(12)
      // JPEG blurs the stripes by a few levels
      expect(Math.min(...greys)).toBeGreaterThan(MISSING_STRIPES.dark - 25)
      expect(Math.max(...greys)).toBeLessThan(MISSING_STRIPES.light + 25)
      expect(Math.max(...greys) - Math.min(...greys), 'stripes').toBeGreaterThan(20)
    }
})

test.each(['otsu-saturation', 'hsv', 'luminance'] as const)(
  'missing tiles are no tissue by %s, so that nothing is predicted there',
  async (method) => {
    const { file } = await cutSlide()
    const bench = SlideBench.create(reader)
    const slide = await bench.add(file)
    const grid = await bench.patches.handlers['patches.createGrid']({
      slide: slide.id,
      params: { edgePx: TILE, mpp: micronPerPx(0.5), stridePx: TILE, offsetXPx: 0, offsetYPx: 0 },
    })
    const { share } = await reader.ask(bench.slides.subjectOf(slide.id), 'slides.tissue', {
      ...(await bench.slides.fileOf(slide.id)),
      grid,
      mppX: 0.5,
      mppY: 0.5,
      wanted: MaskParams.parse({ method, closing: 0 }),
    })
    const byPlace = Array.from(share, (value, i) => ({ value, gone: isMissing(i % COLUMNS, Math.floor(i / COLUMNS)) }))
    expect(Math.max(...byPlace.filter(({ gone }) => gone).map(({ value }) => value))).toBeLessThan(0.01)
    expect(Math.max(...byPlace.filter(({ gone }) => !gone).map(({ value }) => value))).toBeGreaterThan(0.3)
  },
)
