/** The patches a brush touches on its way from one point to another. Pure. */
import { type GridGeometry, patchAt, patchAtCell } from '../../src-shared/patches.ts'
import { firstCell } from '../viewer/coordinates.ts'
import type { SlidePoint } from '../stores/viewport.ts'

/**
 * A pointer reports a few places a frame; a fast stroke must not leave holes between them.
 *
 * @param brush edge of the brush in patches: 1 = the patches under the path, more = those whose centre the disc touches
 */
export function patchesAlong(grid: GridGeometry, from: SlidePoint, to: SlidePoint, brush: number): Set<number> {
  return brush <= 1 ? patchesUnder(grid, from, to) : patchesWithin(grid, from, to, brush / 2)
}

/** Steps of a quarter of a patch: no patch on the path is missed but for a corner the path only grazes. */
function patchesUnder(grid: GridGeometry, from: SlidePoint, to: SlidePoint): Set<number> {
  const step = Math.min(grid.edgeX, grid.edgeY, grid.strideX, grid.strideY) / 4
  const steps = Math.max(1, Math.ceil(Math.hypot(to.x - from.x, to.y - from.y) / step))
  const found = new Set<number>()
  for (let i = 0; i <= steps; i++) {
    const patch = patchAt(grid, from.x + ((to.x - from.x) * i) / steps, from.y + ((to.y - from.y) * i) / steps)
    if (patch !== null) found.add(patch)
  }
  return found
}

/** Patches whose centre is within `radius` cells of the path; the disc follows the grid where strides differ. */
function patchesWithin(grid: GridGeometry, from: SlidePoint, to: SlidePoint, radius: number): Set<number> {
  const cell = firstCell(grid)
  // In cells, a centre has whole coordinates.
  const place = ({ x, y }: SlidePoint) => ({
    column: (x - cell.x) / cell.width - 0.5,
    row: (y - cell.y) / cell.height - 0.5,
  })
  const [a, b] = [place(from), place(to)]
  const along = { column: b.column - a.column, row: b.row - a.row }
  const length2 = along.column ** 2 + along.row ** 2
  const found = new Set<number>()
  const first = Math.max(0, Math.ceil(Math.min(a.row, b.row) - radius))
  const last = Math.min(grid.rows - 1, Math.floor(Math.max(a.row, b.row) + radius))
  const left = Math.max(0, Math.ceil(Math.min(a.column, b.column) - radius))
  const right = Math.min(grid.columns - 1, Math.floor(Math.max(a.column, b.column) + radius))
  for (let row = first; row <= last; row++)
    for (let column = left; column <= right; column++) {
      const dot = (column - a.column) * along.column + (row - a.row) * along.row
      const t = length2 === 0 ? 0 : Math.min(1, Math.max(0, dot / length2))
      const away = (column - a.column - t * along.column) ** 2 + (row - a.row - t * along.row) ** 2
      if (away <= radius * radius) found.add(patchAtCell(grid, column, row))
    }
  return found
}
