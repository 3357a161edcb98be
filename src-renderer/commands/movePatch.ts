/**
 * Arrow keys on the slide: the patch beside the one that keys act on, kept in view.
 *
 * An arrow means a side of the screen, not of the file: the hand follows what the eye sees, also on a slide that is turned
 * or mirrored. At an angle the axis of the grid counts that is nearest to the arrow.
 */
import { columnOf, patchAt, patchAtCell, patchRect, rowOf } from '../../src-shared/patches.ts'
import { level0Px } from '../../src-shared/units.ts'
import { usePatches } from '../stores/patches.ts'
import { useViewport } from '../stores/viewport.ts'
import { axisTowards, isWhollySeen } from '../viewer/coordinates.ts'

const clamp = (value: number, most: number): number => Math.min(most, Math.max(0, value))

/** @param across, down steps on the screen */
export function movePatch(across: number, down: number): void {
  const viewport = useViewport()
  const grid = usePatches().openGrid
  const { view } = viewport
  if (!grid || !view) return
  const from = viewport.patch ?? patchAt(grid, view.centre.x, view.centre.y)
  const step = viewport.patch === null ? { columns: 0, rows: 0 } : axisTowards(view, { columns: across, rows: down })
  const next =
    from === null
      ? 0
      : patchAtCell(
          grid,
          clamp(columnOf(grid, from) + step.columns, grid.columns - 1),
          clamp(rowOf(grid, from) + step.rows, grid.rows - 1),
        )
  viewport.patch = next
  const rect = patchRect(grid, next)
  if (!isWhollySeen(view, rect))
    viewport.controls?.panTo({ x: level0Px(rect.x + rect.width / 2), y: level0Px(rect.y + rect.height / 2) })
}
