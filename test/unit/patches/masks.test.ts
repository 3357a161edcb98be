import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { MaskParams } from '../../../src-shared/masks.ts'
import { type Grid, patchAtCell } from '../../../src-shared/patches.ts'
import {
  insertMask,
  insertPaintedMask,
  insertUnpaintedMask,
  maskOf,
  packBits,
  unpackBits,
} from '../../../src-main/patches/masks.ts'
import { seeded } from '../../fixtures/random.ts'
import { SlideBench } from '../../fixtures/slideBench.ts'
import { sharedReader } from '../../fixtures/slideReaders.ts'
import { SAMPLES, writeTinySlide } from '../../fixtures/tinySlides.ts'

const reader = sharedReader()
const params = (changes: Partial<MaskParams> = {}) => MaskParams.parse({ method: 'otsu-saturation', ...changes })

async function mosaic() {
  const bench = SlideBench.create(reader)
  const slide = await bench.add(bench.file('a.tif'))
  const [grid] = bench.grids(slide)
  return { bench, slide, grid: grid! }
}

/** Puts a mask in force, as the gesture of the labels room does. */
function enforce(bench: SlideBench, grid: Grid, preview: Parameters<typeof insertMask>[3], wanted: MaskParams): void {
  const source = bench.patches.sources.seqOf(grid.id)
  bench.project.store.transaction('a mask', (db) => {
    const mask = insertMask(db, source, wanted, preview)
    db.run('UPDATE grids SET mask = @mask WHERE source = @source', { mask, source })
  })
}

test.each([1, 2, 3])('bits come back as they were packed (seed %i)', (seed) => {
  const random = seeded(seed)
  const inside = Uint8Array.from({ length: 1000 + seed }, () => Math.round(random()))
  expect(packBits(inside)).toHaveLength(Math.ceil(inside.length / 8))
  expect(unpackBits(packBits(inside), inside.length)).toEqual(inside)
})

describe('on the mosaic, whose truth is known', () => {
  const truth = readFileSync(path.join(SAMPLES, 'pcam_composite_demo_labels.csv'), 'utf8')
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(','))

  const found = async ({ bench, grid }: Awaited<ReturnType<typeof mosaic>>, wanted: MaskParams) => {
    const { inside, insideCount } = await bench.patches.computeMask(grid, wanted)
    const counted = { tissue: 0, glass: 0 }
    for (const [column, row, , , label] of truth)
      if (inside[patchAtCell(grid, Number(column), Number(row))] === 1)
        counted[label === 'background' ? 'glass' : 'tissue']++
    expect(counted.tissue + counted.glass).toBe(insideCount)
    return counted
  }

  test('no patch of bare glass counts as tissue, most of the 408 patches of tissue do', async () => {
    const made = await mosaic()
    const { tissue, glass } = await found(made, params())
    expect(glass).toBe(0)
    expect(tissue).toBeGreaterThan(300)
  })

  test('pale colours are found by ranges of HSV: 399 of the 408, and no glass', async () => {
    const made = await mosaic()
    expect(await found(made, MaskParams.parse({ method: 'hsv', leastSaturation: 0.06 }))).toEqual({
      tissue: 399,
      glass: 0,
    })
  })

  test('more sensitivity finds more tissue, less finds less', async () => {
    const made = await mosaic()
    const [low, middle, high] = [
      await found(made, params({ sensitivity: -1 })),
      await found(made, params()),
      await found(made, params({ sensitivity: 1 })),
    ]
    expect(low.tissue).toBeLessThan(middle.tissue)
    expect(high.tissue).toBeGreaterThan(middle.tissue)
  })

  test('the share asked for decides which patches count', async () => {
    const { bench, grid } = await mosaic()
    const preview = await bench.patches.computeMask(grid, params({ minimumShare: 0.9 }))
    for (const [patch, share] of preview.share.entries())
      expect(preview.inside[patch]).toBe(share >= Math.fround(0.9) ? 1 : 0)
  })
})

describe('in force', () => {
  test('the mask of a grid is what the preview showed, also after a restart', async () => {
    const { bench, grid } = await mosaic()
    const wanted = params({ sensitivity: 0.5, closing: 20 })
    expect(await bench.patches.handlers['patches.mask']({ grid: grid.id })).toBeNull()
    const preview = await bench.patches.handlers['patches.previewMask']({ grid: grid.id, params: wanted })
    enforce(bench, grid, preview, wanted)
    await bench.reopen()
    expect(await bench.patches.handlers['patches.mask']({ grid: grid.id })).toEqual({
      params: wanted,
      inside: preview.inside,
      hand: { patch: new Uint32Array(), tissue: new Uint8Array() },
    })
    expect(bench.patches.insideOf(grid.id)).toEqual(preview.inside)
    expect(bench.patches.sources.byId(grid.id)).toMatchObject({ mask: expect.any(String) })
  })

  test('a mask that leaves nothing is refused', async () => {
    const bench = SlideBench.create(reader)
    const white = Buffer.alloc(400 * 400 * 3, 250)
    const slide = await bench.add(
      await writeTinySlide(path.join(bench.folder, 'glass.tif'), { width: 400, height: 400, pixels: white, mpp: 1 }),
    )
    const [grid] = bench.grids(slide)
    const preview = await bench.patches.computeMask(grid!, params({ sensitivity: 1 }))
    expect(preview.insideCount).toBe(0)
    expect(() => enforce(bench, grid!, preview, params())).toThrow(
      expect.objectContaining({ code: 'MASK_EMPTY', data: { slide: 'glass' } }),
    )
  })
})

describe('painted over by hand', () => {
  async function masked() {
    const { bench, grid } = await mosaic()
    const preview = await bench.patches.computeMask(grid, params())
    enforce(bench, grid, preview, params())
    const source = bench.patches.sources.seqOf(grid.id)
    const put = (mask: number | undefined) => {
      if (mask !== undefined)
        bench.project.store.transaction('a mask', (db) =>
          db.run('UPDATE grids SET mask = @mask WHERE source = @source', { mask, source }),
        )
    }
    return {
      bench,
      grid,
      preview,
      now: () => maskOf(bench.project.store.read, source)!,
      paint(patches: number[], tissue: boolean) {
        const made = bench.project.store.transaction('paint', (db) =>
          insertPaintedMask(db, source, Uint32Array.from(patches), tissue),
        )
        put(made?.mask)
        return made?.changed ?? 0
      },
      forget: () => put(bench.project.store.transaction('forget', (db) => insertUnpaintedMask(db, source))?.mask),
    }
  }

  test('patches are as they were painted, and only those that change are remembered', async () => {
    const { preview, paint, now } = await masked()
    const [glass, tissue] = [preview.inside.indexOf(0), preview.inside.indexOf(1)]
    expect(paint([glass, tissue], true)).toBe(1)
    expect(paint([glass], true)).toBe(0)
    expect(paint([tissue, tissue], false)).toBe(1)
    expect([now().inside[glass], now().inside[tissue]]).toEqual([1, 0])
    expect([...now().hand.patch].toSorted((a, b) => a - b)).toEqual([glass, tissue].toSorted((a, b) => a - b))
    expect(now().computed).toEqual(preview.inside)
    // painted back to what is computed, it is no hand change any more
    paint([glass], false)
    expect([...now().hand.patch]).toEqual([tissue])
  })

  test('what was painted stays when the settings change, is in the preview, and can be forgotten', async () => {
    const { bench, grid, preview, paint, now, forget } = await masked()
    const glass = preview.inside.indexOf(0)
    paint([glass], true)
    const other = params({ minimumShare: 0.6 })
    const shown = await bench.patches.handlers['patches.previewMask']({ grid: grid.id, params: other })
    expect(shown.inside[glass]).toBe(1)
    expect(shown.insideCount).toBe(shown.inside.reduce((sum, each) => sum + each, 0))
    enforce(bench, grid, await bench.patches.computeMask(grid, other), other)
    expect(now().inside).toEqual(shown.inside)
    await bench.reopen()
    expect(bench.patches.insideOf(grid.id)).toEqual(shown.inside)
    forget()
    expect(now().inside[glass]).toBe(0)
    expect(now().hand.patch).toHaveLength(0)
  })

  test('nothing is painted where no mask is in force', async () => {
    const { bench, grid } = await mosaic()
    const source = bench.patches.sources.seqOf(grid.id)
    expect(() =>
      bench.project.store.transaction('paint', (db) => insertPaintedMask(db, source, Uint32Array.of(0), true)),
    ).toThrow(expect.objectContaining({ code: 'MASK_NEEDED', data: { slide: 'a' } }))
  })
})

describe('presets', () => {
  test('are kept by name, replaced, told to every window, one of them the default, and deleted', async () => {
    const bench = SlideBench.create(reader)
    const { handlers } = bench.patches
    expect(await handlers['patches.maskPresets']()).toEqual([])
    await handlers['patches.saveMaskPreset']({ name: 'Biopsy', params: params({ leastArea: 500 }) })
    await handlers['patches.saveMaskPreset']({ name: 'Autopsy', params: params() })
    await handlers['patches.setDefaultMaskPreset']({ name: 'biopsy' })
    const kept = await handlers['patches.saveMaskPreset']({ name: 'biopsy', params: params({ leastArea: 900 }) })
    expect(kept.map(({ name, isDefault }) => [name, isDefault])).toEqual([
      ['Autopsy', false],
      ['biopsy', true],
    ])
    expect(kept[1]!.params).toMatchObject({ leastArea: 900 })
    expect(bench.presetChanges.at(-1)).toEqual(kept)
    await handlers['patches.setDefaultMaskPreset']({ name: 'Autopsy' })
    await bench.reopen()
    expect((await bench.patches.handlers['patches.maskPresets']()).filter((each) => each.isDefault)).toHaveLength(1)
    const left = await bench.patches.handlers['patches.deleteMaskPreset']({ name: 'AUTOPSY' })
    expect(left.map(({ name }) => name)).toEqual(['biopsy'])
    expect(() => bench.patches.handlers['patches.deleteMaskPreset']({ name: 'none' })).toThrow(
      expect.objectContaining({ code: 'MASK_PRESET_UNKNOWN' }),
    )
  })
})

describe('out of focus', () => {
  test('needs a measurement, which a job makes, keeps, and does not repeat', async () => {
    const { bench, grid } = await mosaic()
    const wanted = params({ leaveOut: { ...params().leaveOut, blurred: true } })
    await expect(bench.patches.computeMask(grid, wanted)).rejects.toMatchObject({ code: 'FOCUS_NOT_MEASURED' })
    const before = await bench.patches.computeMask(grid, params())
    expect(before.unmeasured).toBe(before.insideCount)

    const job = await bench.patches.handlers['patches.measureFocus']({ grid: grid.id, params: params() })
    const done = await bench.jobs.settled(job.id)
    expect(done).toMatchObject({ state: 'done', done: before.insideCount, total: before.insideCount })
    await bench.reopen()
    const after = await bench.patches.computeMask(grid, wanted)
    expect(after.unmeasured).toBe(0)
    expect(after.insideCount).toBeLessThanOrEqual(before.insideCount)
    // the mosaic is of sharp patches: hardly one is below a tenth of the median
    const least = { ...wanted, leaveOut: { ...wanted.leaveOut, leastSharpness: 0.1 } }
    expect((await bench.patches.computeMask(grid, least)).insideCount).toBeGreaterThan(0.95 * before.insideCount)

    const again = await bench.patches.handlers['patches.measureFocus']({ grid: grid.id, params: params() })
    expect(await bench.jobs.settled(again.id)).toMatchObject({ state: 'done', done: 0, total: 0 })
  })
})
