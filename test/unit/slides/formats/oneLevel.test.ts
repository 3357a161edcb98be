/** Large tiled TIFFs of a single level: smaller levels are made once, in the cache; level 0 stays where it is. */
import { readdirSync } from 'node:fs'
import path from 'node:path'
import sharp from 'sharp'
import { beforeEach, expect, test, vi } from 'vitest'
import { gridGeometry } from '../../../../src-shared/patches.ts'
import { micronPerPx } from '../../../../src-shared/units.ts'
import { openSlideFile } from '../../../../src-main/slides/formats/openSlideFile.ts'
import { readLevelRegion } from '../../../../src-main/slides/pixels/levelRegion.ts'
import { readGridPatches } from '../../../../src-main/slides/pixels/gridPatches.ts'
import { slideThumbnail } from '../../../../src-main/slides/pixels/slideImages.ts'
import { readTissueImage } from '../../../../src-main/slides/pixels/tissueImage.ts'
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

test('what networks read, and the tissue, need no preparation; patches are the same after it', async () => {
  const file = path.join(temporaryFolder(), 'one.tif')
  // whole numbers of px on every level: halving cuts off what is left over, up to a px of the level
  const size = { width: 4608, height: 704 }
  await writeTinySlide(file, { ...size, tile: 256, pyramid: false, mpp: 0.25 })
  const source = await openSlideFile(file)
  const grid = gridGeometry('one', size, micronPerPx(0.25), micronPerPx(0.25), {
    edgePx: 64,
    mpp: micronPerPx(1),
    stridePx: 64,
    offsetXPx: 0,
    offsetYPx: 0,
  })
  const read = async () => {
    const pixels = new Map<number, Buffer>()
    await readGridPatches(source, grid, Uint32Array.of(0, 7, 20), 64, {
      async put(places, rgb) {
        const bytes = 64 * 64 * 3
        for (const [i, place] of places.entries()) pixels.set(place, rgb.subarray(i * bytes, (i + 1) * bytes))
      },
      leaveOut: (place) => expect.unreachable(`patch ${place} was left out`),
    })
    return [0, 1, 2].map((place) => pixels.get(place)!.toString('base64'))
  }
  const before = await read()
  const tissue = await readTissueImage(source, 0.25, 0.25)
  await source.pyramid!.make(() => undefined)
  expect(await read()).toEqual(before)
  const after = await readTissueImage(source, 0.25, 0.25)
  const differences = Array.from(after.rgb, (value, i) => Math.abs(value - tissue.rgb[i]!))
  expect(differences.reduce((sum, value) => sum + value, 0) / differences.length).toBeLessThan(5)
  await source.close()
})

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
