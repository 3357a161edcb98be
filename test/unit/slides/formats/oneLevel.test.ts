/** Large tiled TIFFs of a single level: smaller levels are made once, in the cache; level 0 stays where it is. */
import { readdirSync } from 'node:fs'
import path from 'node:path'
import sharp from 'sharp'
import { beforeEach, expect, test, vi } from 'vitest'
import { openSlideFile } from '../../../../src-main/slides/formats/openSlideFile.ts'
import { readLevelRegion } from '../../../../src-main/slides/pixels/levelRegion.ts'
import { slideThumbnail } from '../../../../src-main/slides/pixels/slideImages.ts'
import { temporaryFolder } from '../../../fixtures/temporary.ts'
import { writeTinySlide } from '../../../fixtures/tinySlides.ts'

let cache: string
beforeEach(() => {
  cache = temporaryFolder()
  vi.stubEnv('TESSERA_CACHE', cache)
})

const [WIDTH, HEIGHT] = [4503, 700]

test.each(['jpeg', 'deflate', 'none'] as const)(
  '%s: levels are halved until one tile holds all, and have the mean of the pixels they stand for',
  async (compression) => {
    const file = path.join(temporaryFolder(), 'one.tif')
    await writeTinySlide(file, { width: WIDTH, height: HEIGHT, tile: 256, pyramid: false, compression })
    const source = await openSlideFile(file)
    expect(source.header.levels.map(({ width, height, downsample }) => [width, height, downsample])).toEqual([
      [4503, 700, 1],
      [2251, 350, 2],
      [1125, 175, 4],
      [562, 87, 8],
      [281, 43, 16],
      [140, 21, expect.closeTo(32.749, 3)], // no whole number explains both sides: 4503 / 140 and 700 / 21
    ])
    const before = await source.levels[0]!.tile(3, 1)
    expect(before, 'level 0 needs no preparation').toBeInstanceOf(Uint8Array)
    await expect(source.levels[1]!.tile(0, 0)).rejects.toMatchObject({ code: 'SLIDE_NOT_PREPARED' })
    expect(await source.pyramid!.isMade()).toBe(false)
    await source.pyramid!.make(() => undefined)
    expect(await source.pyramid!.isMade()).toBe(true)

    expect(await source.levels[0]!.tile(3, 1)).toEqual(before)
    const rect = { x: 300, y: 40, width: 200, height: 100 }
    const half = await readLevelRegion(source, 1, rect)
    const full = await readLevelRegion(source, 0, { x: 600, y: 80, width: 400, height: 200 })
    const expected = await sharp(full.data, { raw: { width: 400, height: 200, channels: 3 } })
      .resize(200, 100, { fit: 'fill', kernel: 'linear' })
      .raw()
      .toBuffer()
    // 4503 px become 2251 and not 2251.5: the last pixel is shared out over the row, and blue jumps from 255 to 0
    const differences = Array.from(half.data, (value, i) => Math.abs(value - expected[i]!)).filter(
      (_, i) => i % 3 !== 2,
    )
    expect(differences.reduce((sum, value) => sum + value, 0) / differences.length).toBeLessThan(2)
    expect(await sharp(await slideThumbnail(source, 100)).metadata()).toMatchObject({ width: 100 })
    expect(readdirSync(path.join(cache, 'pyramids'))).toEqual([expect.stringMatching(/-0-half\.tif$/)])
    await source.close()
  },
)

test('one of at most 4,000 px, and one that has levels of its own, need none', async () => {
  const folder = temporaryFolder()
  const small = await writeTinySlide(path.join(folder, 'small.tif'), { width: 4000, height: 300, pyramid: false })
  const own = await writeTinySlide(path.join(folder, 'own.tif'), { width: 4600, height: 300 })
  for (const file of [small, own]) {
    const source = await openSlideFile(file)
    expect(source.pyramid).toBeNull()
    await source.close()
  }
})
