import { execFileSync } from 'node:child_process'
import { chmodSync, copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { openSlideFile } from '../../../../src-main/slides/formats/openSlideFile.ts'
import { sharedFile, testWith } from '../../../fixtures/sharedData.ts'
import { temporaryFolder } from '../../../fixtures/temporary.ts'
import { svsSample, tiffSample, type TinySlide, TiffBytes, writeTinySlide } from '../../../fixtures/tinySlides.ts'

async function headerOf(file: string) {
  const source = await openSlideFile(file)
  await source.close()
  return source.header
}

const refused = (file: string, code: string, words: RegExp) =>
  expect(openSlideFile(file)).rejects.toMatchObject({ code, message: expect.stringMatching(words) })

describe('what is read', () => {
  test('an Aperio SVS: size, tiles, µm/px with its tag, objective, associated images and vendor properties', async () => {
    const header = await headerOf(svsSample)
    expect(header).toMatchObject({
      format: 'Aperio SVS',
      vendor: 'Aperio',
      width: 2220,
      height: 2967,
      fileMpp: { x: 0.499, y: 0.499, tag: 'aperio.MPP' },
      objectivePower: 20,
      levels: [{ width: 2220, height: 2967, downsample: 1, tileWidth: 240, tileHeight: 240, columns: 10, rows: 13 }],
    })
    expect(header.associatedImages).toEqual([
      { name: 'thumbnail', width: 574, height: 768 },
      { name: 'label', width: 387, height: 463 },
      { name: 'macro', width: 1280, height: 431 },
    ])
    expect(header.properties).toContainEqual({ name: 'aperio.ScanScope ID', value: 'CPAPERIOCS' })
  })

  test('a pyramidal TIFF: all five levels, and µm/px from its resolution', async () => {
    const header = await headerOf(tiffSample)
    expect(header.levels.map(({ width, height, downsample }) => [width, height, downsample])).toEqual([
      [2688, 2304, 1],
      [1344, 1152, 2],
      [672, 576, 4],
      [336, 288, 8],
      [168, 144, 16],
    ])
    expect(header.fileMpp?.tag).toBe('TIFF XResolution and YResolution')
    expect(header.fileMpp?.x).toBeCloseTo(0.972, 5)
  })

  test.each([
    ['a BigTIFF', { bigTiff: true }],
    ['a grey TIFF', { grey: true }],
    ['a TIFF of one level', { pyramid: false }],
    ['a TIFF smaller than one of its tiles', { width: 50, height: 40 }],
  ] satisfies [string, TinySlide][])('%s', async (_, slide) => {
    const folder = temporaryFolder()
    const { width = 700, height = 500 } = slide as TinySlide
    expect(await headerOf(await writeTinySlide(path.join(folder, 'a.tif'), slide))).toMatchObject({ width, height })
  })

  test.each(['größe 1 (Kopie).tif', '切片.tif', '🔬 slide.tif', `${'long'.repeat(55)}.tif`])(
    'a file called %s',
    async (name) => {
      const file = path.join(temporaryFolder(), name)
      copyFileSync(tiffSample, file)
      expect((await headerOf(file)).width).toBe(2688)
    },
  )

  test('a resolution of 72 dpi is kept as the file’s statement', async () => {
    const file = await writeTinySlide(path.join(temporaryFolder(), 'a.tif'))
    expect((await headerOf(file)).fileMpp?.x).toBeCloseTo(25_400 / 72, 0)
  })

  test('levels that are not powers of two', async () => {
    const bytes = new TiffBytes(
      await writeTinySlide(path.join(temporaryFolder(), 'a.tif'), { width: 600, height: 400 }),
    )
    // the second level (300 × 200) claims to be 200 × 134, a third of the first
    const file = bytes.set(256, 200, 1).set(257, 134, 1).write(path.join(temporaryFolder(), 'b.tif'))
    expect((await headerOf(file)).levels.map((level) => level.downsample)).toEqual([1, 3, 4, 8])
  })
})

describe('what is refused, by its name', () => {
  test('a text file called .svs', async () => {
    const file = path.join(temporaryFolder(), 'notes.svs')
    writeFileSync(file, 'Aperio Image Library? No: a shopping list.\n')
    await refused(file, 'SLIDE_NOT_A_SLIDE', /“notes\.svs” is not a slide: it is a text file/)
  })

  test('an empty file', async () => {
    const file = path.join(temporaryFolder(), 'empty.svs')
    writeFileSync(file, '')
    await refused(file, 'SLIDE_NOT_A_SLIDE', /it is empty/)
  })

  test('a folder', async () => {
    const file = path.join(temporaryFolder(), 'folder.svs')
    mkdirSync(file)
    await refused(file, 'FILE_IS_DIRECTORY', /is a folder/)
  })

  test('a file that is not there', () => refused(path.join(temporaryFolder(), 'no.svs'), 'FILE_NOT_FOUND', /no file/))

  test.skipIf(process.platform === 'win32')('a pipe, without waiting for its writer', async () => {
    const file = path.join(temporaryFolder(), 'pipe.svs')
    execFileSync('mkfifo', [file])
    await refused(file, 'SLIDE_NOT_A_SLIDE', /a device or a pipe/)
  })

  const mayReadAll = process.getuid?.() === 0
  if (mayReadAll) console.warn('Skipped, because root may read every file: a file without permission.')
  test.skipIf(mayReadAll)('a file without permission', async () => {
    const file = path.join(temporaryFolder(), 'secret.tif')
    copyFileSync(tiffSample, file)
    chmodSync(file, 0)
    await refused(file, 'FILE_NO_PERMISSION', /may not open/)
  })

  test.each([
    ['scan.vsi', 'II*\0 and so on', /an Olympus VSI file\. This format is not read/],
    ['scan.gif', 'GIF89a', /a GIF picture/],
    ['scan.jp2', '\0\0\0\x0cjP  \r\n', /a JPEG 2000 picture/],
  ])('%s', async (name, content, words) => {
    const file = path.join(temporaryFolder(), name)
    writeFileSync(file, content, 'latin1')
    await refused(file, 'SLIDE_FORMAT_NOT_READ', words)
  })
})

describe('files of other programs', () => {
  testWith('wsi/openslide_python_fixtures/😐.svs')('an SVS with an emoji in its name is read', async () => {
    expect(await headerOf(sharedFile('wsi/openslide_python_fixtures/😐.svs'))).toMatchObject({ width: 16, height: 16 })
  })
  testWith('wsi/TCGA-XK-AAJU-01A-01-TS1_prad_corrected.tif')('a slide whose resolution says 72 dpi', async () => {
    const header = await headerOf(sharedFile('wsi/TCGA-XK-AAJU-01A-01-TS1_prad_corrected.tif'))
    expect(header.fileMpp?.x).toBeCloseTo(352.86, 1)
    expect(header.levels.map((level) => level.downsample)).toEqual([1, 2, 4, 8, 16])
  })
})
