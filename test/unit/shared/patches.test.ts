/** Geometry of grids: there and back, on every kind of grid. */
import { describe, expect, test } from 'vitest'
import {
  columnOf,
  type GridGeometry,
  gridGeometry,
  patchArea,
  patchAt,
  patchAtCell,
  patchCount,
  patchesIn,
  patchRect,
  rowOf,
} from '../../../src-shared/patches.ts'
import { level0Px, micronPerPx } from '../../../src-shared/units.ts'
import { integerBelow, seeded } from '../../fixtures/random.ts'

const SEEDS = Array.from({ length: 40 }, (_, i) => i + 1)

/** A slide and a grid on it: overlapping or with gaps, different along each axis, with an offset. */
function aGrid(seed: number) {
  const random = seeded(seed)
  const between = (from: number, to: number) => from + integerBelow(random, to - from + 1)
  const slide = { width: between(300, 3000), height: between(300, 3000) }
  const edgePx = between(2, 60)
  const params = {
    edgePx,
    mpp: micronPerPx(0.2 + 2 * random()),
    stridePx: between(1, 2 * edgePx),
    offsetXPx: between(0, 20),
    offsetYPx: between(0, 20),
  }
  const [mppX, mppY] = [micronPerPx(0.3 + random()), micronPerPx(0.3 + random())]
  const grid = gridGeometry('slide', slide, mppX, mppY, params)
  return {
    random,
    slide,
    params,
    mppX,
    mppY,
    grid,
    point: () => [random() * slide.width, random() * slide.height] as const,
  }
}

const centre = (grid: GridGeometry, patch: number) => {
  const { x, y, width, height } = patchRect(grid, patch)
  return [x + width / 2, y + height / 2] as const
}

describe.each(SEEDS)('a grid (seed %i)', (seed) => {
  const { random, slide, params, mppX, mppY, grid, point } = aGrid(seed)
  const some = Array.from({ length: 30 }, () => integerBelow(random, patchCount(grid)))

  test('numbers its patches row by row, there and back', () => {
    for (const patch of some) expect(patchAtCell(grid, columnOf(grid, patch), rowOf(grid, patch))).toBe(patch)
    expect(patchAtCell(grid, grid.columns - 1, grid.rows - 1)).toBe(patchCount(grid) - 1)
  })

  test('lies on the slide, and one more column or row would not', () => {
    const last = patchRect(grid, patchCount(grid) - 1)
    expect(last.x + last.width).toBeLessThanOrEqual(slide.width)
    expect(last.y + last.height).toBeLessThanOrEqual(slide.height)
    expect(last.x + grid.strideX + last.width).toBeGreaterThan(slide.width)
    expect(last.y + grid.strideY + last.height).toBeGreaterThan(slide.height)
  })

  test('is rounded once, each axis by its own µm/px, to whole px', () => {
    const rounded = (px: number, mpp: number, least: number) => Math.max(least, Math.round((px * params.mpp) / mpp))
    expect(grid).toMatchObject({
      edgeX: rounded(params.edgePx, mppX, 1),
      edgeY: rounded(params.edgePx, mppY, 1),
      strideX: rounded(params.stridePx, mppX, 1),
      strideY: rounded(params.stridePx, mppY, 1),
      offsetX: rounded(params.offsetXPx, mppX, 0),
      offsetY: rounded(params.offsetYPx, mppY, 0),
    })
  })

  test('a point in the middle of a patch hits that patch', () => {
    for (const patch of some) expect(patchAt(grid, ...centre(grid, patch))).toBe(patch)
  })

  test('any point hits the patch around it whose centre is nearest, or none where there is none', () => {
    for (let i = 0; i < 50; i++) {
      const [x, y] = point()
      const around = [-1, 0, 1].flatMap((down) =>
        [-1, 0, 1].flatMap((right) => {
          const column = Math.round((x - grid.offsetX - grid.edgeX / 2) / grid.strideX) + right
          const row = Math.round((y - grid.offsetY - grid.edgeY / 2) / grid.strideY) + down
          return [
            Math.min(grid.rows - 1, Math.max(0, row)) * grid.columns + Math.min(grid.columns - 1, Math.max(0, column)),
          ]
        }),
      )
      const containing = around.filter((patch) => {
        const rect = patchRect(grid, patch)
        return x >= rect.x && x < rect.x + rect.width && y >= rect.y && y < rect.y + rect.height
      })
      const distance = (patch: number) => Math.hypot(centre(grid, patch)[0] - x, centre(grid, patch)[1] - y)
      const found = patchAt(grid, x, y)
      if (containing.length === 0) expect(found).toBeNull()
      else expect(distance(found!)).toBeCloseTo(Math.min(...containing.map(distance)), 9)
    }
  })

  test('a point outside all patches hits none', () => {
    for (const [x, y] of [
      [-1, -1],
      [slide.width + 1, 10],
      [10, slide.height + 1],
      [grid.offsetX - 0.5, grid.offsetY + 1],
    ] as const)
      expect(patchAt(grid, x, y)).toBeNull()
  })

  test('a rectangle holds exactly the patches whose centre it holds', () => {
    const [x, y] = point()
    const [width, height] = [random() * slide.width, random() * slide.height]
    const rect = { x: level0Px(x), y: level0Px(y), width: level0Px(width), height: level0Px(height) }
    const expected = Array.from({ length: patchCount(grid) }, (_, patch) => patch).filter((patch) => {
      const [cx, cy] = centre(grid, patch)
      return cx >= x && cx <= x + width && cy >= y && cy <= y + height
    })
    expect([...patchesIn(grid, rect)]).toEqual(expected)
  })

  test('its patches never stand for more glass than the slide has', () => {
    expect(patchArea(grid) * patchCount(grid)).toBeLessThanOrEqual(
      (slide.width + grid.strideX) * (slide.height + grid.strideY),
    )
    expect(patchArea(grid)).toBe(Math.min(grid.edgeX, grid.strideX) * Math.min(grid.edgeY, grid.strideY))
  })
})

test('224 px at 0.5 µm/px are 448 px of a slide with 0.25 µm/px along one side and 224 of one with 0.5 along the other', () => {
  const params = { edgePx: 224, mpp: micronPerPx(0.5), stridePx: 112, offsetXPx: 10, offsetYPx: 10 }
  expect(gridGeometry('slide', { width: 1000, height: 1000 }, micronPerPx(0.25), micronPerPx(0.5), params)).toEqual({
    edgeX: 448,
    edgeY: 224,
    strideX: 224,
    strideY: 112,
    offsetX: 20,
    offsetY: 10,
    columns: 3,
    rows: 7,
  })
})

test.each([
  ['no patch fits', 2000, 1, 'GRID_EMPTY'],
  ['there would be too many', 2, 1, 'GRID_TOO_LARGE'],
])('a grid is refused when %s', (_, edgePx, stridePx, code) => {
  const params = { edgePx, mpp: micronPerPx(1), stridePx, offsetXPx: 0, offsetYPx: 0 }
  const slide = { width: edgePx === 2 ? 4000 : 1000, height: 4000 }
  expect(() => gridGeometry('slide', slide, micronPerPx(1), micronPerPx(1), params)).toThrow(
    expect.objectContaining({ code }),
  )
})
