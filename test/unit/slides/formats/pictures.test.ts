/** PNG, JPEG and Deep Zoom: small ones as they are, large ones by a pyramid that is made once. */
import { existsSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import sharp from 'sharp'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { fingerprintOf } from '../../../../src-main/slides/fingerprint.ts'
import { openSlideFile } from '../../../../src-main/slides/formats/openSlideFile.ts'
import { greatestDifference, levelFromTiles, levelRegion, openedSlide } from '../../../fixtures/pixels.ts'
import { temporaryFolder } from '../../../fixtures/temporary.ts'
import { pattern } from '../../../fixtures/tinySlides.ts'

const picture = (width: number, height: number) =>
  sharp(pattern(width, height), { raw: { width, height, channels: 3 } })

describe('small pictures', () => {
  test('a PNG: its pixels, its resolution, one level', async () => {
    const file = path.join(temporaryFolder(), 'a.png')
    await picture(700, 500).withMetadata({ density: 50_800 }).png().toFile(file)
    const source = await openedSlide(file)
    expect(source.header).toMatchObject({ format: 'PNG', width: 700, height: 500, levels: [{ columns: 3, rows: 2 }] })
    expect(source.header.fileMpp?.x).toBeCloseTo(0.5, 3)
    expect(source.pyramid).toBeNull()
    expect(greatestDifference((await levelRegion(source)).data, pattern(700, 500))).toBe(0)
    expect(greatestDifference((await levelFromTiles(source)).data, pattern(700, 500))).toBe(0)
  })

  test('a JPEG is what libvips makes of it', async () => {
    const file = path.join(temporaryFolder(), 'a.jpg')
    await picture(700, 500).jpeg().toFile(file)
    const theirs = await sharp(file).raw().toBuffer()
    expect(greatestDifference((await levelRegion(await openedSlide(file))).data, theirs)).toBe(0)
  })

  test('a grey PNG with 16 bits, and one with transparency', async () => {
    const folder = temporaryFolder()
    const deep = Uint16Array.of(0, 0x1234, 0xffff, 0x8000)
    await sharp(deep, { raw: { width: 2, height: 2, channels: 1 } })
      .toColourspace('grey16')
      .png()
      .toFile(path.join(folder, 'deep.png'))
    const { data } = await levelRegion(await openedSlide(path.join(folder, 'deep.png')))
    expect([...data]).toEqual([0, 0, 0, 0x12, 0x12, 0x12, 255, 255, 255, 0x80, 0x80, 0x80])
    await sharp(Buffer.from([9, 9, 9, 0]), { raw: { width: 1, height: 1, channels: 4 } })
      .png()
      .toFile(path.join(folder, 'glass.png'))
    expect([...(await levelRegion(await openedSlide(path.join(folder, 'glass.png')))).data]).toEqual([255, 255, 255])
  })

  test.each([
    ['a.png', 60],
    ['a.jpg', 400],
  ])('%s that is cut short says so', async (name, bytes) => {
    const file = path.join(temporaryFolder(), name)
    await picture(700, 500).toFile(file)
    truncateSync(file, bytes)
    const reading = openSlideFile(file).then((source) => levelRegion(source))
    await expect(reading).rejects.toMatchObject({ code: 'SLIDE_BROKEN', data: { file } })
  })
})

describe('large pictures', () => {
  let cache: string
  beforeEach(() => {
    cache = temporaryFolder()
    vi.stubEnv('TESSERA_CACHE', cache)
  })

  async function large(name = 'large.png', width = 4501, height = 600): Promise<string> {
    const file = path.join(temporaryFolder(), name)
    await picture(width, height).toFile(file)
    return file
  }

  test('say what they need; the pyramid is made once, with exactly the picture’s pixels and libvips’ levels', async () => {
    const file = await large()
    const source = await openedSlide(file)
    await expect(source.levels[0]!.tile(0, 0)).rejects.toMatchObject({ code: 'SLIDE_NOT_PREPARED', data: { file } })
    expect(await source.pyramid!.isMade()).toBe(false)
    const reports: number[] = []
    await source.pyramid!.make((done) => reports.push(done))
    expect(await source.pyramid!.isMade()).toBe(true)
    expect(reports.every((done) => done <= source.pyramid!.bytes)).toBe(true)

    const made = readdirSync(path.join(cache, 'pyramids'))
    expect(made).toEqual([`${await fingerprintOf(file)}.tif`])
    expect(greatestDifference((await levelRegion(source)).data, pattern(4501, 600))).toBe(0)
    expect(greatestDifference((await levelFromTiles(source)).data, pattern(4501, 600))).toBe(0)
    for (const [level, { width, height }] of source.header.levels.entries()) {
      const theirs = sharp(path.join(cache, 'pyramids', made[0]!), { page: level })
      expect(await theirs.metadata()).toMatchObject({ width, height })
      expect(greatestDifference((await levelRegion(source, level)).data, await theirs.raw().toBuffer())).toBe(0)
    }
  })

  test('a pyramid that is gone, or was cut short, is made again', async () => {
    const source = await openedSlide(await large())
    await source.pyramid!.make(() => undefined)
    const made = path.join(cache, 'pyramids', readdirSync(path.join(cache, 'pyramids'))[0]!)
    truncateSync(made, 100_000)
    expect(await source.pyramid!.isMade()).toBe(false)
    await expect(source.levels[0]!.tile(0, 0)).rejects.toMatchObject({ code: 'SLIDE_NOT_PREPARED' })
    rmSync(made)
    await source.pyramid!.make(() => undefined)
    expect(await source.levels[0]!.tile(0, 0)).toBeInstanceOf(Uint8Array)
  })

  test('a picture that is cut short leaves nothing behind', async () => {
    const file = await large()
    truncateSync(file, 20_000)
    const source = await openedSlide(file)
    await expect(source.pyramid!.make(() => undefined)).rejects.toMatchObject({ code: 'SLIDE_BROKEN', data: { file } })
    expect(readdirSync(path.join(cache, 'pyramids'))).toEqual([])
  })

  test('a picture that claims a size no disk holds says so before anything is written', async () => {
    const file = await large()
    const bytes = readFileSync(file)
    bytes.writeUInt32BE(4_000_000, 16)
    bytes.writeUInt32BE(4_000_000, 20)
    const { crc32 } = await import('node:zlib')
    bytes.writeUInt32BE(crc32(bytes.subarray(12, 29)), 29)
    writeFileSync(file, bytes)
    const source = await openedSlide(file)
    await expect(source.pyramid!.make(() => undefined)).rejects.toMatchObject({ code: 'DISK_FULL' })
  })
})

describe('Deep Zoom', () => {
  async function zoom(options: { size?: number; overlap?: number; png?: boolean } = {}): Promise<string> {
    const folder = temporaryFolder()
    const { size = 254, overlap = 1, png = true } = options
    const whole = picture(700, 500)
    await (png ? whole.png() : whole.jpeg({ quality: 90 }))
      .tile({ layout: 'dz', size, overlap })
      .toFile(path.join(folder, 'a.dz'))
    return path.join(folder, 'a.dzi')
  }

  test.each([
    [1, 254],
    [0, 256],
    [3, 100],
  ])('with an overlap of %i px: the pixels it was made of', async (overlap, size) => {
    const source = await openedSlide(await zoom({ overlap, size }))
    expect(source.header).toMatchObject({ format: 'Deep Zoom', width: 700, height: 500 })
    expect(source.header.levels.map(({ width }) => width)).toEqual([700, 350, 175])
    expect(greatestDifference((await levelRegion(source)).data, pattern(700, 500))).toBe(0)
    expect(greatestDifference((await levelFromTiles(source)).data, pattern(700, 500))).toBe(0)
  })

  test('a tile that is missing is white; one that is damaged, or of another size, is named', async () => {
    const file = await zoom()
    const tiles = path.join(path.dirname(file), 'a_files', '10')
    expect(existsSync(path.join(tiles, '1_0.png'))).toBe(true)
    rmSync(path.join(tiles, '1_0.png'))
    writeFileSync(path.join(tiles, '0_0.png'), 'no picture')
    await picture(20, 20).toFile(path.join(tiles, '2_0.png'))
    const source = await openedSlide(file)
    expect(await source.levels[0]!.tile(1, 0)).toBeNull()
    await expect(source.levels[0]!.tile(0, 0)).rejects.toMatchObject({ code: 'SLIDE_TILE_BROKEN' })
    await expect(source.levels[0]!.tile(2, 0)).rejects.toMatchObject({
      code: 'SLIDE_TILE_BROKEN',
      message: expect.stringMatching(/has 20 × 20 px, at least/),
    })
  })

  test('two of the same size with other tiles are two slides', async () => {
    const [one, other] = [await zoom(), await zoom({ overlap: 1 })]
    await sharp({ create: { width: 255, height: 255, channels: 3, background: 'red' } })
      .png()
      .toFile(path.join(path.dirname(other), 'a_files', '10', '0_0.png'))
    const printOf = async (file: string) => fingerprintOf(file, (await openedSlide(file)).parts)
    expect(await fingerprintOf(one)).toBe(await fingerprintOf(other))
    expect(await printOf(one)).not.toBe(await printOf(other))
  })

  test.each([
    [
      'without its folder',
      (file: string) => rmSync(path.join(path.dirname(file), 'a_files'), { recursive: true }),
      /no such folder/,
    ],
    [
      'with no size',
      (file: string) => writeFileSync(file, readFileSync(file, 'utf8').replace(/<Size[^>]*>/s, '')),
      /has no Size/,
    ],
    [
      'of −5 px',
      (file: string) => writeFileSync(file, readFileSync(file, 'utf8').replace(/Width="\d+"/, 'Width="-5"')),
      /Width is “-5”/,
    ],
    [
      'that is no XML',
      (file: string) => writeFileSync(file, readFileSync(file, 'utf8').replace('</Image>', '')),
      /XML can not be read/,
    ],
  ])('%s is refused', async (_, spoil, words) => {
    const file = await zoom()
    spoil(file)
    await expect(openSlideFile(file)).rejects.toMatchObject({
      code: 'SLIDE_BROKEN',
      message: expect.stringMatching(words),
    })
  })
})
