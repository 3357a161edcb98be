/** A stroke leaves no holes, whatever the grid and however far apart the pointer reports. */
import { describe, expect, test } from 'vitest'
import {
  columnOf,
  patchAt,
  patchAtCell,
  patchCount,
  patchRect,
  rowOf,
  type GridGeometry,
} from '../../../src-shared/patches.ts'
import { level0Px } from '../../../src-shared/units.ts'
import { patchesAlong } from '../../../src-renderer/tools/patchesAlong.ts'
import { integerBelow, seeded } from '../../fixtures/random.ts'

const grid: GridGeometry = {
  edgeX: level0Px(96),
  edgeY: level0Px(96),
  strideX: level0Px(96),
  strideY: level0Px(96),
  offsetX: level0Px(0),
  offsetY: level0Px(0),
  columns: 28,
  rows: 24,
}
const point = (x: number, y: number) => ({ x: level0Px(x), y: level0Px(y) })
const centre = (column: number, row: number) => point(column * 96 + 48, row * 96 + 48)
const SEEDS = Array.from({ length: 30 }, (_, i) => i + 1)

describe('a brush of one patch', () => {
  test('a click is the patch under the pointer', () => {
    expect([...patchesAlong(grid, centre(3, 2), centre(3, 2), 1)]).toEqual([patchAtCell(grid, 3, 2)])
  })

  test('a straight drag is every patch between its ends', () => {
    const along = patchesAlong(grid, centre(2, 5), centre(9, 5), 1)
    expect([...along]).toEqual([2, 3, 4, 5, 6, 7, 8, 9].map((column) => patchAtCell(grid, column, 5)))
  })

  test.each(SEEDS)('each patch touches the one before it (seed %i)', (seed) => {
    const random = seeded(seed)
    const somewhere = () => point(integerBelow(random, 28 * 96), integerBelow(random, 24 * 96))
    const along = [...patchesAlong(grid, somewhere(), somewhere(), 1)]
    for (const [i, patch] of along.entries()) {
      if (i === 0) continue
      expect(Math.abs(columnOf(grid, patch) - columnOf(grid, along[i - 1]!))).toBeLessThanOrEqual(1)
      expect(Math.abs(rowOf(grid, patch) - rowOf(grid, along[i - 1]!))).toBeLessThanOrEqual(1)
    }
  })

  test('between patches and outside the grid there is nothing to paint', () => {
    const gaps = { ...grid, strideX: level0Px(200), strideY: level0Px(200) }
    expect([...patchesAlong(gaps, point(150, 150), point(150, 160), 1)]).toEqual([])
    expect([...patchesAlong(grid, point(-500, -500), point(-10, -10), 1)]).toEqual([])
  })

  test('with overlap, the patch whose centre is nearest is painted, as a click would', () => {
    const overlap = { ...grid, strideX: level0Px(48), strideY: level0Px(48) }
    const at = point(100, 100)
    expect([...patchesAlong(overlap, at, at, 1)]).toEqual([patchAt(overlap, at.x, at.y)])
  })
})

describe('a larger brush', () => {
  test.each(SEEDS)('paints the patches whose centre is within its radius of the path (seed %i)', (seed) => {
    const random = seeded(seed)
    const somewhere = () => point(28 * 96 * random(), 24 * 96 * random())
    const [from, to] = [somewhere(), somewhere()]
    const brush = 3 + 2 * integerBelow(random, 4)
    const painted = patchesAlong(grid, from, to, brush)
    for (let patch = 0; patch < patchCount(grid); patch++) {
      const { x, y, width, height } = patchRect(grid, patch)
      const away = distanceToSegment({ x: x + width / 2, y: y + height / 2 }, from, to) / 96
      if (Math.abs(away - brush / 2) < 1e-9) continue
      expect(painted.has(patch), `patch ${patch}, ${away} cells away`).toBe(away < brush / 2)
    }
  })

  test('of three patches takes the eight neighbours of a patch it is centred on', () => {
    const [column, row] = [5, 5]
    const painted = patchesAlong(grid, centre(column, row), centre(column, row), 3)
    expect(painted.size).toBe(9)
  })
})

function distanceToSegment(
  p: { x: number; y: number },
  a: { x: number; y: number },
  b: { x: number; y: number },
): number {
  const [dx, dy] = [b.x - a.x, b.y - a.y]
  const length2 = dx * dx + dy * dy
  const t = length2 === 0 ? 0 : Math.min(1, Math.max(0, ((p.x - a.x) * dx + (p.y - a.y) * dy) / length2))
  return Math.hypot(p.x - a.x - t * dx, p.y - a.y - t * dy)
}
