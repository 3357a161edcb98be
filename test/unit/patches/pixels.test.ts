/** Pixels of patches as other rooms ask for them: into a file for networks, as pictures for a person. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { patchRect, type PatchSource, sourceSize } from '../../../src-shared/patches.ts'
import { handle, SlideBench } from '../../fixtures/slideBench.ts'
import { sharedReader } from '../../fixtures/slideReaders.ts'
import { SAMPLES, tiffSample } from '../../fixtures/tinySlides.ts'

const reader = sharedReader()

async function pixels(bench: SlideBench, source: PatchSource, patches: number[], edgePx: number, channels: 1 | 3 = 3) {
  const folder = path.join(bench.folder, 'pixels')
  mkdirSync(folder, { recursive: true })
  const file = path.join(folder, 'patches.raw')
  const done: number[] = []
  const wanted = { source, patches: Uint32Array.from(patches), edgePx, channels }
  await bench.patches.readPatchPixels(wanted, file, { onProgress: (each) => done.push(each) })
  expect(readdirSync(folder)).toEqual(['patches.raw'])
  expect(done.at(-1)).toBe(patches.length)
  const bytes = readFileSync(file)
  const size = edgePx * edgePx * channels
  expect(bytes).toHaveLength(size * patches.length)
  return patches.map((_, i) => bytes.subarray(i * size, (i + 1) * size))
}

const ofSlide = (left: number, top: number, width: number, height: number) =>
  sharp(tiffSample, { ignoreIcc: true }).extract({ left, top, width, height }).raw().toBuffer()

async function gridBench() {
  const bench = SlideBench.create(reader)
  const slide = await bench.add(bench.file('a.tif'))
  return { bench, slide, grid: bench.grids(slide)[0]! }
}

describe('of a grid', () => {
  test('patches lie in the file in the order asked for', async () => {
    const { bench, grid } = await gridBench()
    const patches = [671, 3, 30, 4, 3]
    for (const [i, found] of (await pixels(bench, grid, patches, 96)).entries()) {
      const { x, y, width, height } = patchRect(grid, patches[i]!)
      expect(found.equals(await ofSlide(x, y, width, height))).toBe(true)
    }
  })

  test('one channel is their brightness', async () => {
    const { bench, grid } = await gridBench()
    const [[colour], [grey]] = [await pixels(bench, grid, [100], 96), await pixels(bench, grid, [100], 96, 1)]
    for (let i = 0; i < grey!.length; i += 97) {
      const [r, g, b] = colour!.subarray(3 * i, 3 * i + 3)
      expect(grey![i]).toBe(Math.round(0.299 * r! + 0.587 * g! + 0.114 * b!))
    }
  })

  test('a slide that is missing, and a cancelled reading, leave no file', async () => {
    const { bench, grid } = await gridBench()
    const wanted = { source: grid, patches: Uint32Array.of(1), edgePx: 96, channels: 3 as const }
    const file = path.join(bench.folder, 'none.raw')
    await expect(bench.patches.readPatchPixels(wanted, file, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'CANCELLED',
    })
    await expect(
      bench.patches.readPatchPixels(wanted, path.join(bench.folder, 'no folder', 'x.raw')),
    ).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' })
    expect(readdirSync(bench.folder).filter((name) => name.includes('.raw'))).toEqual([])
  })
})

describe('of a set', () => {
  test('a folder: pixels of the files, in the order asked for, resampled when another size is wanted', async () => {
    const bench = SlideBench.create(reader)
    const set = await bench.patches.handlers['patches.addFolder']({
      folder: handle(path.join(SAMPLES, 'patches')),
      mpp: null,
    })
    const files = ['normal', 'tumor'].flatMap((name) =>
      readdirSync(path.join(SAMPLES, 'patches', name))
        .toSorted()
        .map((file) => path.join(SAMPLES, 'patches', name, file)),
    )
    const patches = [150, 0, 199]
    for (const [i, found] of (await pixels(bench, set, patches, 96)).entries())
      expect(found.equals(await sharp(files[patches[i]!]).raw().toBuffer())).toBe(true)
    for (const [i, found] of (await pixels(bench, set, patches, 64)).entries()) {
      const theirs = sharp(files[patches[i]!]).resize(64, 64, {
        fit: 'fill',
        kernel: 'linear',
        fastShrinkOnLoad: false,
      })
      expect(found.equals(await theirs.raw().toBuffer())).toBe(true)
    }
  })

  test('an IDX file: its bytes, or three equal channels', async () => {
    const bench = SlideBench.create(reader)
    const [count, side] = [300, 5]
    const header = Buffer.alloc(16)
    for (const [i, value] of [2051, count, side, side].entries()) header.writeUInt32BE(value, 4 * i)
    const values = Buffer.from(Array.from({ length: count * side * side }, (_, i) => i % 251))
    const [images, labels] = ['images.idx', 'labels.idx'].map((name) => path.join(bench.folder, name))
    writeFileSync(images!, Buffer.concat([header, values]))
    writeFileSync(labels!, Buffer.concat([Buffer.from([0, 0, 8, 1, 0, 0, 1, 44]), Buffer.alloc(count)]))
    const set = await bench.patches.handlers['patches.addIdx']({ images: handle(images!), labels: handle(labels!) })
    const all = Array.from({ length: sourceSize(set) }, (_, patch) => patch)
    const grey = await pixels(bench, set, all, side, 1)
    expect(Buffer.concat(grey).equals(values)).toBe(true)
    const [rgb] = await pixels(bench, set, [299], side)
    expect([...rgb!.subarray(0, 6)]).toEqual([0, 0, 0, 1, 1, 1].map((i) => values[299 * 25 + i]!))
  })

  test('a picture that was changed since is refused by name to networks, and shown as it is now', async () => {
    const bench = SlideBench.create(reader)
    const folder = path.join(bench.folder, 'set', 'a')
    mkdirSync(folder, { recursive: true })
    const write = (side: number) =>
      sharp({ create: { width: side, height: side, channels: 3, background: 'red' } })
        .png()
        .toFile(path.join(folder, 'x.png'))
    await write(8)
    const set = await bench.patches.handlers['patches.addFolder']({ folder: handle(path.dirname(folder)), mpp: null })
    await write(9)
    await expect(pixels(bench, set, [0], 8)).rejects.toMatchObject({
      code: 'PATCH_SET_BROKEN',
      message: expect.stringMatching(/“x\.png” .* has 9 × 9 px, but had 8 × 8 when the set was added/),
    })
    const shown = await bench.patches.handlers['patches.pictures']({
      source: set.id,
      patches: Uint32Array.of(0),
      margin: 0,
      edge: 18,
    })
    expect(await sharp(shown[0]!).metadata()).toMatchObject({ width: 18, height: 18 })
  })
})

describe('pictures', () => {
  test('a patch with its surroundings, white where the slide ends', async () => {
    const { bench, grid } = await gridBench()
    const asked = { source: grid.id, patches: Uint32Array.of(0, 29), margin: 1, edge: 288 }
    const [corner, inner] = await bench.patches.handlers['patches.pictures'](asked)
    const raw = async (png: Uint8Array | null | undefined) => {
      const { data, info } = await sharp(png!).raw().toBuffer({ resolveWithObject: true })
      expect([info.width, info.height, info.channels]).toEqual([288, 288, 3])
      return data
    }
    expect((await raw(inner)).equals(await ofSlide(0, 0, 288, 288))).toBe(true)
    const found = await raw(corner)
    expect([...found.subarray(0, 3)]).toEqual([255, 255, 255])
    const first = await ofSlide(0, 0, 1, 1)
    expect([...found.subarray((96 * 288 + 96) * 3, (96 * 288 + 96) * 3 + 3)]).toEqual([...first])
  })

  test('of a set: its picture, enlarged to the size asked for', async () => {
    const bench = SlideBench.create(reader)
    const set = await bench.patches.handlers['patches.addFolder']({
      folder: handle(path.join(SAMPLES, 'patches')),
      mpp: null,
    })
    const [png] = await bench.patches.handlers['patches.pictures']({
      source: set.id,
      patches: Uint32Array.of(7),
      margin: 0,
      edge: 200,
    })
    expect(await sharp(png!).metadata()).toMatchObject({ format: 'png', width: 200, height: 200 })
  })
})
