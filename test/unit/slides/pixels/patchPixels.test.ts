/** Patches of a grid as the networks get them. */
import path from 'node:path'
import sharp from 'sharp'
import { describe, expect, onTestFinished, test } from 'vitest'
import { gridGeometry, type GridParams, patchCount, patchRect } from '../../../../src-shared/patches.ts'
import { micronPerPx } from '../../../../src-shared/units.ts'
import { openSlideFile } from '../../../../src-main/slides/formats/openSlideFile.ts'
import type { SlideSource } from '../../../../src-main/slides/formats/slideSource.ts'
import { readGridPatches } from '../../../../src-main/slides/pixels/gridPatches.ts'
import { toGrey } from '../../../../src-main/slides/pixels/patchPixels.ts'
import { patchBlocks, patchesAcross, patchWindows } from '../../../../src-main/slides/pixels/patchWindows.ts'
import { integerBelow, seeded } from '../../../fixtures/random.ts'
import { temporaryFolder } from '../../../fixtures/temporary.ts'
import { tiffSample, TiffBytes, writeTinySlide } from '../../../fixtures/tinySlides.ts'

const MPP = micronPerPx(0.25)

async function opened(file: string): Promise<SlideSource> {
  const source = await openSlideFile(file)
  onTestFinished(() => source.close())
  return source
}

const gridOn = (source: SlideSource, params: Partial<GridParams>) =>
  gridGeometry('slide', source.header, MPP, MPP, {
    edgePx: 96,
    mpp: MPP,
    stridePx: params.edgePx ?? 96,
    offsetXPx: 0,
    offsetYPx: 0,
    ...params,
  })

/** Patches in the order asked for: [patch, edge, edge, 3] each. */
async function read(
  source: SlideSource,
  grid: ReturnType<typeof gridOn>,
  patches: number[],
  edge: number,
): Promise<Buffer[]> {
  const found: Buffer[] = []
  const bytes = edge * edge * 3
  await readGridPatches(source, grid, Uint32Array.from(patches), edge, {
    async put(places, rgb) {
      expect(rgb).toHaveLength(places.length * bytes)
      for (const [i, place] of places.entries()) found[place] = Buffer.from(rgb.subarray(i * bytes, (i + 1) * bytes))
    },
    leaveOut: (place) => expect.unreachable(`patch ${place} was left out`),
  })
  expect(found).toHaveLength(patches.length)
  return found
}

type Window = { page: number; left: number; top: number; width: number; height: number }

/** sharp's own reading of one patch, resampled by itself when `edge` is given. */
async function bySharp(file: string, { page, ...rect }: Window, edge?: number): Promise<Buffer> {
  const cut = await sharp(file, { page, ignoreIcc: true }).extract(rect).toColourspace('srgb').raw().toBuffer()
  if (edge === undefined) return cut
  return sharp(cut, { raw: { width: rect.width, height: rect.height, channels: 3 } })
    .resize(edge, edge, { fit: 'fill', kernel: 'linear' })
    .raw()
    .toBuffer()
}

const every = (grid: ReturnType<typeof gridOn>) => Array.from({ length: patchCount(grid) }, (_, patch) => patch)

describe('without resampling', () => {
  test.each([
    ['side by side', { edgePx: 96 }],
    ['overlapping, odd stride and offset', { edgePx: 96, stridePx: 37, offsetXPx: 5, offsetYPx: 11 }],
    ['with gaps', { edgePx: 64, stridePx: 171 }],
    ['larger than a tile', { edgePx: 300, stridePx: 250 }],
  ] satisfies [string, Partial<GridParams>][])('patches %s are libvips’ own pixels', async (_, params) => {
    const file = await writeTinySlide(path.join(temporaryFolder(), 'a.tif'))
    const source = await opened(file)
    const grid = gridOn(source, params)
    const patches = every(grid)
    const found = await read(source, grid, patches, params.edgePx)
    for (const patch of patches) {
      const { x, y, width, height } = patchRect(grid, patch)
      expect(found[patch]!.equals(await bySharp(file, { page: 0, left: x, top: y, width, height }))).toBe(true)
    }
  })

  test('the last patches touch the slide’s last row and column', async () => {
    const file = await writeTinySlide(path.join(temporaryFolder(), 'a.tif'), { width: 700, height: 500 })
    const source = await opened(file)
    const grid = gridOn(source, { edgePx: 100, stridePx: 100 })
    const last = patchCount(grid) - 1
    const [found] = await read(source, grid, [last], 100)
    expect(found!.equals(await bySharp(file, { page: 0, left: 600, top: 400, width: 100, height: 100 }))).toBe(true)
  })

  test('a coarser scale that the pyramid has is read from its level, not resampled from level 0', async () => {
    const source = await opened(tiffSample)
    const grid = gridOn(source, { edgePx: 96, mpp: micronPerPx(1) })
    expect([grid.edgeX, grid.columns, grid.rows]).toEqual([384, 7, 6])
    const found = await read(source, grid, every(grid), 96)
    for (const patch of every(grid)) {
      const { x, y } = patchRect(grid, patch)
      const theirs = await bySharp(tiffSample, { page: 2, left: x / 4, top: y / 4, width: 96, height: 96 })
      expect(found[patch]!.equals(theirs)).toBe(true)
    }
  })

  test('a scale within 2 % of a level is read from that level', async () => {
    const source = await opened(tiffSample)
    const grid = gridOn(source, { edgePx: 96, mpp: micronPerPx(0.99) })
    expect(patchWindows(source.header.levels, grid, Uint32Array.of(0), 96)).toMatchObject({ level: 2, width: 95 })
    expect(await read(source, grid, [3], 96)).toHaveLength(1)
  })
})

describe('with resampling', () => {
  test.each([
    ['0.25 → 0.35 µm/px', 0.35, 0],
    ['0.25 → 0.4999 µm/px', 0.4999, 1],
    ['0.25 → 0.75 µm/px, from level 1', 0.75, 1],
    ['0.25 → 3 µm/px, from level 3', 3, 3],
    ['0.25 → 0.2 µm/px, enlarged', 0.2, 0],
  ])('%s: as sharp resamples each patch by itself', async (_, mpp, page) => {
    const source = await opened(tiffSample)
    const grid = gridOn(source, { edgePx: 96, mpp: micronPerPx(mpp), stridePx: 80, offsetXPx: 3 })
    const patches = every(grid)
    const windows = patchWindows(source.header.levels, grid, Uint32Array.from(patches), 96)
    expect(windows.level).toBe(page)
    const found = await read(source, grid, patches, 96)
    for (const patch of patches.filter((each) => each % 7 === 0)) {
      const { width, height } = windows
      const window = { page, left: windows.left[patch]!, top: windows.top[patch]!, width, height }
      expect(found[patch]!.equals(await bySharp(tiffSample, window, 96))).toBe(true)
    }
  })

  test.each([1, 2, 3])('a patch has the same pixels whatever is read together with it (seed %i)', async (seed) => {
    const random = seeded(seed)
    const source = await opened(tiffSample)
    const grid = gridOn(source, { edgePx: 64, mpp: micronPerPx(0.6), stridePx: 50 })
    const all = await read(source, grid, every(grid), 64)
    const some = Array.from({ length: 40 }, () => integerBelow(random, patchCount(grid)))
    const found = await read(source, grid, some, 64)
    for (const [place, patch] of some.entries()) expect(found[place]!.equals(all[patch]!)).toBe(true)
  })

  test('each side has its own scale where the slide has', async () => {
    const source = await opened(tiffSample)
    const grid = gridGeometry('slide', source.header, micronPerPx(0.25), micronPerPx(0.5), {
      edgePx: 100,
      mpp: micronPerPx(0.5),
      stridePx: 100,
      offsetXPx: 0,
      offsetYPx: 0,
    })
    expect([grid.edgeX, grid.edgeY]).toEqual([200, 100])
    const [found] = await read(source, grid, [15], 100)
    const { x, y } = patchRect(grid, 15)
    expect(found!.equals(await bySharp(tiffSample, { page: 0, left: x, top: y, width: 200, height: 100 }, 100))).toBe(
      true,
    )
  })

  test('shrinking keeps no detail finer than the new pixels: fine stripes become even grey', async () => {
    const pixels = Buffer.alloc(512 * 512 * 3)
    for (let i = 0; i < 512 * 512; i++) pixels.fill(i % 2 === 0 ? 0 : 255, 3 * i, 3 * i + 3)
    const file = await writeTinySlide(path.join(temporaryFolder(), 'a.tif'), {
      width: 512,
      height: 512,
      pixels,
      pyramid: false,
    })
    const source = await opened(file)
    const [patch] = await read(source, gridOn(source, { edgePx: 64, mpp: micronPerPx(1) }), [0], 64)
    const inner = [...patch!.subarray(64 * 3 * 8, 64 * 3 * 56)]
    expect(Math.max(...inner) - Math.min(...inner)).toBeLessThan(12)
  })
})

test('patches over a tile that is not stored are white there and read all the same', async () => {
  const folder = temporaryFolder()
  const whole = await writeTinySlide(path.join(folder, 'whole.tif'))
  const file = new TiffBytes(whole).setValue(324, 1, 0).setValue(325, 1, 0).write(path.join(folder, 'sparse.tif'))
  const [left, right] = [await opened(whole), await opened(file)]
  const grid = gridOn(left, { edgePx: 128 })
  const [a, b] = [await read(left, grid, every(grid), 128), await read(right, grid, every(grid), 128)]
  for (const patch of every(grid))
    if (patch === 1) expect(b[1]!.every((value) => value === 255)).toBe(true)
    else expect(b[patch]!.equals(a[patch]!)).toBe(true)
})

describe('blocks', () => {
  const tile = { width: 256, height: 256 }
  const levels = [
    { width: 20_000, height: 20_000, downsample: 1, tileWidth: 256, tileHeight: 256, columns: 79, rows: 79 },
  ]
  const grid = gridGeometry('slide', { width: 20_000, height: 20_000 }, MPP, MPP, {
    edgePx: 224,
    mpp: MPP,
    stridePx: 224,
    offsetXPx: 0,
    offsetYPx: 0,
  })

  test.each([1, 2, 3, 4, 5])('hold every patch once, whole (seed %i)', (seed) => {
    const random = seeded(seed)
    const patches = Uint32Array.from({ length: 500 }, () => integerBelow(random, patchCount(grid)))
    const windows = patchWindows(levels, grid, patches, 224)
    const members = patchBlocks(windows, tile).flatMap((block) => {
      for (const i of block.members) {
        expect(windows.left[i]).toBeGreaterThanOrEqual(block.x)
        expect(windows.left[i]! + windows.width).toBeLessThanOrEqual(block.x + block.width)
        expect(windows.top[i]).toBeGreaterThanOrEqual(block.y)
        expect(windows.top[i]! + windows.height).toBeLessThanOrEqual(block.y + block.height)
      }
      return block.members
    })
    expect(members.toSorted((a, b) => a - b)).toEqual([...patches.keys()])
  })

  test('neighbours are decoded together, strangers are not', () => {
    const together = patchWindows(levels, grid, Uint32Array.of(0, 1, 2, 89, 90, 91), 224)
    expect(patchBlocks(together, tile)).toHaveLength(1)
    const apart = patchWindows(levels, grid, Uint32Array.of(0, 8, 8 * 89, 8 * 89 + 8), 224)
    expect(patchBlocks(apart, tile)).toHaveLength(4)
  })

  test('a whole slide of 224 px patches decodes each tile of 256 px about once, in blocks within memory', () => {
    const all = patchWindows(
      levels,
      grid,
      Uint32Array.from({ length: patchCount(grid) }, (_, i) => i),
      224,
    )
    const blocks = patchBlocks(all, tile)
    const tiles = blocks.reduce((sum, { x, y, width, height }) => {
      const across = Math.ceil((x + width) / tile.width) - Math.floor(x / tile.width)
      return sum + across * (Math.ceil((y + height) / tile.height) - Math.floor(y / tile.height))
    }, 0)
    const stored = Math.ceil(levels[0]!.width / tile.width) * Math.ceil(levels[0]!.height / tile.height)
    expect(tiles / stored).toBeLessThan(1.02)
    expect(Math.max(...blocks.map((block) => block.width * block.height))).toBeLessThan(2400 ** 2 + 1)
  })

  test.each([
    [96, 0, 256],
    [224, 0, 256],
    [240, 0, 240],
    [314, 0, 256],
    [224, 37, 256],
    [1000, 0, 256],
    [5000, 0, 256],
  ])(
    'patches of %i px from %i on, on tiles of %i px: no other number of them in a row costs less',
    (px, offset, edge) => {
      const across = patchesAcross(offset, px, px, edge)
      const perPatch = (n: number) => {
        let tiles = 0
        for (let block = 0; block < 16; block++) {
          const from = offset + block * n * px
          tiles += Math.ceil((from + n * px) / edge) - Math.floor(from / edge)
        }
        return tiles / n
      }
      const possible = Array.from({ length: Math.max(1, Math.floor(2400 / px)) }, (_, i) => i + 1)
      expect(possible).toContain(across)
      // within a fiftieth: a longer block saves calls
      expect(perPatch(across)).toBeLessThanOrEqual(1.02 * Math.min(...possible.map(perPatch)))
    },
  )
})

test('brightness is that of JPEG, and grey stays what it is', () => {
  expect([...toGrey(Buffer.from([255, 0, 0, 0, 255, 0, 0, 0, 255, 7, 7, 7, 255, 255, 255]))]).toEqual([
    76, 150, 29, 7, 255,
  ])
})
