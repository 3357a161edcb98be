/** Frames of the viewer: there and back, and which patches a view holds. */
import { describe, expect, test } from 'vitest'
import { patchCount, patchRect, type GridGeometry } from '../../../src-shared/patches.ts'
import { level0Px, micronPerPx } from '../../../src-shared/units.ts'
import type { View } from '../../../src-renderer/stores/viewport.ts'
import {
  cellsInView,
  firstCell,
  level0RectToViewer,
  level0ToMicron,
  level0ToViewer,
  rectBetween,
  viewerToLevel0,
  viewInLevel0,
} from '../../../src-renderer/viewer/coordinates.ts'
import { integerBelow, seeded } from '../../fixtures/random.ts'

const SEEDS = Array.from({ length: 30 }, (_, i) => i + 1)

function aView(seed: number): View {
  const random = seeded(seed)
  return {
    pxPerLevel0: 2 ** (8 * random() - 5),
    left: 4000 * random() - 2000,
    top: 4000 * random() - 2000,
    width: 200 + integerBelow(random, 1800),
    height: 200 + integerBelow(random, 1200),
  }
}

function aGrid(seed: number): GridGeometry {
  const random = seeded(seed)
  const between = (from: number, to: number) => level0Px(from + integerBelow(random, to - from + 1))
  return {
    edgeX: between(1, 90),
    edgeY: between(1, 90),
    strideX: between(1, 120),
    strideY: between(1, 120),
    offsetX: between(0, 50),
    offsetY: between(0, 50),
    columns: between(1, 60),
    rows: between(1, 60),
  }
}

describe('viewer and slide', () => {
  test.each(SEEDS)('a point of the viewer comes back from the slide to where it was (seed %i)', (seed) => {
    const view = aView(seed)
    const random = seeded(seed + 1000)
    const point = { x: view.width * random(), y: view.height * random() }
    const back = level0ToViewer(view, viewerToLevel0(view, point))
    expect(back.x).toBeCloseTo(point.x, 6)
    expect(back.y).toBeCloseTo(point.y, 6)
  })

  test('at 2 CSS px per level-0 px, ten px to the right on the screen are five on the slide', () => {
    const view = { pxPerLevel0: 2, left: 100, top: 50, width: 800, height: 600 }
    expect(viewerToLevel0(view, { x: 10, y: 4 })).toEqual({ x: 105, y: 52 })
    expect(viewInLevel0(view)).toEqual({ x: 100, y: 50, width: 400, height: 300 })
    const rect = { x: level0Px(105), y: level0Px(52), width: level0Px(20), height: level0Px(10) }
    expect(level0RectToViewer(view, rect)).toEqual({ x: 10, y: 4, width: 40, height: 20 })
  })

  test('µm are counted along each axis with its own sampling', () => {
    const point = { x: level0Px(1000), y: level0Px(1000) }
    expect(level0ToMicron(point, micronPerPx(0.25), micronPerPx(0.5))).toEqual({ x: 250, y: 500 })
  })

  test('a rectangle is the same from whichever corner it is drawn', () => {
    const a = { x: level0Px(40), y: level0Px(10) }
    const b = { x: level0Px(10), y: level0Px(30) }
    expect(rectBetween(a, b)).toEqual({ x: 10, y: 10, width: 30, height: 20 })
    expect(rectBetween(b, a)).toEqual(rectBetween(a, b))
  })
})

describe('cells in view', () => {
  test.each(SEEDS)('are exactly the patches that reach into the view (seed %i)', (seed) => {
    const grid = aGrid(seed)
    const view = aView(seed)
    const seen = viewInLevel0(view)
    const cells = cellsInView(grid, view)
    for (let patch = 0; patch < patchCount(grid); patch++) {
      const { x, y, width, height } = patchRect(grid, patch)
      const reaches = x + width > seen.x && x < seen.x + seen.width && y + height > seen.y && y < seen.y + seen.height
      const column = patch % grid.columns
      const row = Math.floor(patch / grid.columns)
      const listed =
        cells !== null && column >= cells.left && column <= cells.right && row >= cells.top && row <= cells.bottom
      expect(listed, `patch ${patch}`).toBe(reaches)
    }
  })

  test('of a grid with gaps, a cell is one stride wide and centred on its patch', () => {
    const grid = { ...aGrid(1), edgeX: level0Px(10), strideX: level0Px(30), offsetX: level0Px(100) }
    expect(firstCell(grid).x).toBe(90)
    expect(firstCell(grid).width).toBe(30)
  })
})
