import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { type GridParams, patchCount } from '../../../src-shared/patches.ts'
import { micronPerPx } from '../../../src-shared/units.ts'
import { defaultGrid } from '../../../src-main/patches/grids.ts'
import { SlideBench } from '../../fixtures/slideBench.ts'
import { sharedReader } from '../../fixtures/slideReaders.ts'
import { svsSample, writeTinySlide } from '../../fixtures/tinySlides.ts'

const reader = sharedReader()
const params = (edgePx: number, mpp: number, stridePx = edgePx): GridParams => ({
  edgePx,
  mpp: micronPerPx(mpp),
  stridePx,
  offsetXPx: 0,
  offsetYPx: 0,
})

async function mosaic(bench: SlideBench) {
  const slide = await bench.add(bench.file('a.tif'))
  return {
    slide,
    create: (wanted: GridParams) => bench.patches.handlers['patches.createGrid']({ slide: slide.id, params: wanted }),
  }
}

describe('the grid a slide begins with', () => {
  test.each([
    [0.25, 224, 0.5],
    [0.499, 224, 0.5],
    [0.6, 96, 0.6],
    [0.971996809876095, 96, 0.972],
    [2.34567, 96, 2.35],
  ])('of a slide with %d µm/px: %i px at %d µm/px', (mpp, edgePx, at) => {
    expect(defaultGrid({ mppX: mpp, mppY: mpp })).toMatchObject({ edgePx, mpp: at, stridePx: edgePx })
  })

  test('is there and active when the slide is added: 28 × 24 cells of 96 px on the mosaic', async () => {
    const bench = SlideBench.create(reader)
    const { slide } = await mosaic(bench)
    expect(bench.grids(slide)).toMatchObject([
      { columns: 28, rows: 24, edgeX: 96, edgeY: 96, active: true, mask: null, stale: null },
    ])
    expect(bench.sourceChanges.at(-1)).toEqual(bench.grids(slide))
  })

  test('is made when a person says the µm/px the file did not say', async () => {
    const bench = SlideBench.create(reader)
    const slide = await bench.add(await writeTinySlide(path.join(bench.folder, 'a.tif')))
    expect(bench.grids(slide)).toEqual([])
    await bench.slides.handlers['slides.setMpp']({ slide: slide.id, mppX: micronPerPx(1), mppY: micronPerPx(1) })
    expect(bench.grids(slide)).toMatchObject([{ params: { edgePx: 96, mpp: 1 }, columns: 7, rows: 5 }])
  })

  test('is left out on a slide too small for one patch', async () => {
    const bench = SlideBench.create(reader)
    const slide = await bench.add(
      await writeTinySlide(path.join(bench.folder, 'a.tif'), { width: 60, height: 60, mpp: 1 }),
    )
    expect([slide.mppX !== null, bench.grids(slide)]).toEqual([true, []])
  })
})

describe('making grids', () => {
  test('a grid is made once and found again by its numbers; the one made or found is shown', async () => {
    const bench = SlideBench.create(reader)
    const { slide, create } = await mosaic(bench)
    const coarse = await create(params(96, 2))
    const fine = await create(params(48, 0.972))
    const found = await create(params(96, 2))
    expect(found).toEqual(coarse)
    expect(bench.grids(slide).map((grid) => [grid.id, grid.active])).toEqual([
      [expect.any(String), false],
      [coarse.id, true],
      [fine.id, false],
    ])
    expect(bench.sourceChanges.at(-1)).toHaveLength(3)
    await bench.patches.handlers['patches.activateGrid']({ grid: fine.id })
    expect(bench.grids(slide).map((grid) => grid.active)).toEqual([false, false, true])
  })

  test('geometry is rounded once and stays as it is after a restart', async () => {
    const bench = SlideBench.create(reader)
    const { create } = await mosaic(bench)
    const grid = await create(params(96, 1, 50))
    expect(grid).toMatchObject({ edgeX: 99, strideX: 51, slideMppX: 0.971996809876095, params: { edgePx: 96, mpp: 1 } })
    await bench.reopen()
    expect(bench.patches.sources.byId(grid.id)).toEqual(grid)
    expect(bench.patches.sources.idOf(bench.patches.sources.seqOf(grid.id))).toBe(grid.id)
  })

  test.each([
    ['larger than the slide', params(4096, 5), 'GRID_EMPTY'],
    ['of too many patches', params(2, 0.972, 1), 'GRID_TOO_LARGE'],
  ])('a grid %s is refused and leaves nothing', async (_, wanted, code) => {
    const bench = SlideBench.create(reader)
    const { slide, create } = await mosaic(bench)
    expect(() => create(wanted)).toThrow(expect.objectContaining({ code }))
    expect(bench.grids(slide)).toHaveLength(1)
  })

  test('correcting µm/px moves no patch: the grid says that its µm are no longer true, and the same numbers make a new one', async () => {
    const bench = SlideBench.create(reader)
    const slide = await bench.add(bench.file('a.svs', svsSample))
    const [before] = bench.grids(slide)
    await bench.slides.handlers['slides.setMpp']({ slide: slide.id, mppX: micronPerPx(0.25), mppY: micronPerPx(0.25) })
    const [after] = bench.grids(slide)
    expect({ ...after, stale: null }).toEqual(before)
    expect(after!.stale).toMatch(/believed to have 0\.499 µm\/px; it has 0\.25/)
    expect(bench.sourceChanges.at(-1)).toEqual([after])
    const made = await bench.patches.handlers['patches.createGrid']({ slide: slide.id, params: before!.params })
    expect([made.id === before!.id, made.edgeX, made.stale]).toEqual([false, 448, null])
  })
})

test('sources and patches nobody knows are refused', async () => {
  const bench = SlideBench.create(reader)
  const { slide } = await mosaic(bench)
  const [grid] = bench.grids(slide)
  expect(() => bench.patches.sources.byId(slide.id as never)).toThrow(
    expect.objectContaining({ code: 'SOURCE_UNKNOWN' }),
  )
  const wanted = { source: grid!.id, patches: Uint32Array.of(0, patchCount(grid!)), margin: 0, edge: 96 }
  await expect(bench.patches.handlers['patches.pictures'](wanted)).rejects.toMatchObject({
    code: 'PATCH_UNKNOWN',
    data: { patch: 672, patches: 672 },
  })
})
