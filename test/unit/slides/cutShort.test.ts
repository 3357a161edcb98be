/** A slide whose last tiles are missing: what is there is shown, what is not is marked, and networks never get white. */
import { existsSync } from 'node:fs'
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

test('patches for networks: an error that names the tile, never white pixels', async () => {
  const { file } = await cutSlide()
  const { subject, slide } = ask(file)
  const grid = gridGeometry('cut', { width: WIDTH, height: HEIGHT }, micronPerPx(0.5), micronPerPx(0.5), {
    edgePx: 128,
    mpp: micronPerPx(0.5),
    stridePx: 128,
    offsetXPx: 0,
    offsetYPx: 0,
  })
  const out = path.join(temporaryFolder(), 'patches.raw')
  const read = (patches: number[]) =>
    reader.follow(
      subject,
      'patches.read',
      {
        origin: { kind: 'grid', slide, grid, patches: Uint32Array.from(patches) },
        edgePx: 128,
        channels: 3,
        file: out,
      },
      () => undefined,
    )
  await read([0, 1, 9])
  expect(existsSync(out)).toBe(true)
  await expect(read([0, 11])).rejects.toMatchObject({ code: 'SLIDE_TILE_BROKEN', data: { column: 1, row: 2 } })
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
