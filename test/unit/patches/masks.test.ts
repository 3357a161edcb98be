import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { type Grid, MaskParams, patchAtCell } from '../../../src-shared/patches.ts'
import { insertMask, packBits, unpackBits } from '../../../src-main/patches/masks.ts'
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
    expect(tissue).toBeGreaterThan(330)
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
