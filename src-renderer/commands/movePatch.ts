/** Arrow keys on the slide: the patch beside the one that keys act on, kept in view. */
import { columnOf, patchAt, patchAtCell, patchRect, rowOf } from '../../src-shared/patches.ts'
import { level0Px } from '../../src-shared/units.ts'
import { usePatches } from '../stores/patches.ts'
import { useViewport } from '../stores/viewport.ts'

const clamp = (value: number, most: number): number => Math.min(most, Math.max(0, value))

export function movePatch(columns: number, rows: number): void {
  const viewport = useViewport()
  const grid = usePatches().openGrid
  const { view } = viewport
  if (!grid || !view) return
  const middle = [view.left + view.width / view.pxPerLevel0 / 2, view.top + view.height / view.pxPerLevel0 / 2] as const
  const from = viewport.patch ?? patchAt(grid, ...middle)
  const next =
    from === null
      ? 0
      : patchAtCell(
          grid,
          clamp(columnOf(grid, from) + (viewport.patch === null ? 0 : columns), grid.columns - 1),
          clamp(rowOf(grid, from) + (viewport.patch === null ? 0 : rows), grid.rows - 1),
        )
  viewport.patch = next
  const rect = patchRect(grid, next)
  const isInView =
    rect.x >= view.left &&
    rect.y >= view.top &&
    rect.x + rect.width <= view.left + view.width / view.pxPerLevel0 &&
    rect.y + rect.height <= view.top + view.height / view.pxPerLevel0
  if (!isInView)
    viewport.controls?.panTo({ x: level0Px(rect.x + rect.width / 2), y: level0Px(rect.y + rect.height / 2) })
}
