/** The scanned part of a slide's level 0: read, kept with the slide, and coordinates that count from its corner. */
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { gridGeometry } from '../../../src-shared/patches.ts'
import type { Grid } from '../../../src-shared/patches.ts'
import { SlideHeader } from '../../../src-shared/slides.ts'
import { micronPerPx } from '../../../src-shared/units.ts'
import { readLabelsCsv } from '../../../src-main/labels/importCsv.ts'
import { boundsOf } from '../../../src-main/slides/formats/openSlideSource.ts'
import { SlideBench } from '../../fixtures/slideBench.ts'
import { sharedReader } from '../../fixtures/slideReaders.ts'
import { temporaryFolder } from '../../fixtures/temporary.ts'

const reader = sharedReader()
const base = { width: 100_000, height: 200_000 }

const properties = (x: string, y: string, width: string, height: string) =>
  new Map(Object.entries({ x, y, width, height }).map(([side, value]) => [`openslide.bounds-${side}`, value]))

describe('as OpenSlide says them', () => {
  test('a part of level 0', () => {
    expect(boundsOf(properties('512', '1024', '40000', '30000'), base)).toEqual({
      x: 512,
      y: 1024,
      width: 40_000,
      height: 30_000,
    })
  })

  test.each([
    ['none', new Map<string, string>()],
    ['one that is not inside level 0', properties('90000', '0', '40000', '30000')],
    ['a negative corner', properties('-1', '0', '10', '10')],
    ['no size', properties('0', '0', '0', '10')],
    ['words', properties('here', '0', '10', '10')],
  ])('%s: no bounds', (_, said) => expect(boundsOf(said, base)).toBeNull())
})

test('a slide keeps its bounds in the project; one from before they were kept has none', async () => {
  const bench = SlideBench.create(reader)
  const slide = await bench.add(bench.file('a.tif'))
  expect(slide.bounds).toBeNull()
  const bounds = { x: 96, y: 192, width: 1000, height: 900 }
  const header = { ...bench.slides.byId(slide.id).header, bounds }
  bench.project.store.transaction('as a MIRAX slide', (db) =>
    db.run('UPDATE slides SET header = @header', { header: JSON.stringify(header) }),
  )
  await bench.reopen()
  expect(bench.now(slide).bounds).toEqual(bounds)
  const { bounds: _bounds, warnings: _warnings, ...older } = header
  expect(SlideHeader.parse(older)).toMatchObject({ bounds: null, warnings: [] })
})

describe('labels from a file of a program that crops to the bounds', () => {
  const grid = {
    ...gridGeometry('a', { width: 2688, height: 2304 }, micronPerPx(1), micronPerPx(1), {
      edgePx: 96,
      mpp: micronPerPx(1),
      stridePx: 96,
      offsetXPx: 0,
      offsetYPx: 0,
    }),
  } as Grid

  test('x,y count from their corner', async () => {
    const file = path.join(temporaryFolder(), 'labels.csv')
    writeFileSync(file, 'x,y,label\n0,0,tumor\n192,96,normal\n')
    const whole = await readLabelsCsv(file, grid)
    const cropped = await readLabelsCsv(file, grid, { x: 96, y: 192 })
    const cell = (patch: number) => [patch % grid.columns, Math.floor(patch / grid.columns)]
    expect(Array.from(whole.patch, cell)).toEqual([
      [0, 0],
      [2, 1],
    ])
    expect(Array.from(cropped.patch, cell)).toEqual([
      [1, 2],
      [3, 3],
    ])
  })

  test('columns and rows are those of the grid, wherever x,y count from', async () => {
    const file = path.join(temporaryFolder(), 'labels.csv')
    writeFileSync(file, 'col,row,x,y,label\n1,2,0,0,tumor\n')
    expect((await readLabelsCsv(file, grid, { x: 96, y: 192 })).patch).toEqual(Uint32Array.of(2 * grid.columns + 1))
  })
})
