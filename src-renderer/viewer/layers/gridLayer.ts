/** The lines between patches: hairlines where patches are large enough to tell apart, else nothing. */
import type { GridGeometry } from '../../../src-shared/patches.ts'
import { cellsInView, firstCell, level0RectToAligned, turnOf } from '../coordinates.ts'
import { isClosed } from './texelMap.ts'
import type { Frame, Layer } from './layer.ts'

/** CSS px of a cell from which on lines are drawn */
const SMALLEST_CELL = 8
const CELLS_DRAWN_ONE_BY_ONE = 20_000

/** CSS px of a cell from which on lines are as strong as they get; smaller cells have fainter ones. */
const FULL_CELL = 40
const FAINTEST = 0.4

export function gridLayer(current: () => { grid: GridGeometry; colour: string } | null): Layer {
  return {
    draw(frame) {
      const now = current()
      if (!now) return
      const { grid, colour } = now
      const { g, view, density } = frame
      const cells = cellsInView(grid, view)
      const cellPx = Math.min(grid.strideX, grid.strideY) * view.pxPerLevel0
      if (!cells || cellPx < SMALLEST_CELL) return
      g.save()
      g.globalAlpha = Math.min(1, FAINTEST + ((1 - FAINTEST) * (cellPx - SMALLEST_CELL)) / (FULL_CELL - SMALLEST_CELL))
      g.strokeStyle = colour
      g.lineWidth = 1 / density
      g.beginPath()
      if (isClosed(grid)) closedGrid(frame, grid, cells)
      else if ((cells.right - cells.left + 1) * (cells.bottom - cells.top + 1) < CELLS_DRAWN_ONE_BY_ONE)
        for (let row = cells.top; row <= cells.bottom; row++)
          for (let column = cells.left; column <= cells.right; column++)
            g.rect(
              (grid.offsetX + column * grid.strideX - view.centre.x) * view.pxPerLevel0,
              (grid.offsetY + row * grid.strideY - view.centre.y) * view.pxPerLevel0,
              grid.edgeX * view.pxPerLevel0,
              grid.edgeY * view.pxPerLevel0,
            )
      g.stroke()
      g.restore()
    },
  }
}

type Cells = NonNullable<ReturnType<typeof cellsInView>>

/** Patches without gaps: lines from end to end. */
function closedGrid(frame: Frame, grid: GridGeometry, cells: Cells): void {
  const { g, view } = frame
  const cell = level0RectToAligned(view, firstCell(grid))
  const sharp = onWholePx(frame)
  const x = (column: number) => cell.x + column * cell.width
  const y = (row: number) => cell.y + row * cell.height
  for (let column = cells.left; column <= cells.right + 1; column++) {
    g.moveTo(sharp.x(x(column)), y(cells.top))
    g.lineTo(sharp.x(x(column)), y(cells.bottom + 1))
  }
  for (let row = cells.top; row <= cells.bottom + 1; row++) {
    g.moveTo(x(cells.left), sharp.y(y(row)))
    g.lineTo(x(cells.right + 1), sharp.y(y(row)))
  }
}

/** Where a hairline has to lie to fill one row of px of the screen; on a slide at an angle it lies where it lies. */
function onWholePx({ view, density }: Frame): { x(at: number): number; y(at: number): number } {
  if (view.rotation % 90 !== 0) return { x: (at) => at, y: (at) => at }
  const { a, b, c, d } = turnOf(view)
  /** @param across, down where the axis of the slide points to on the screen, one of them 0 */
  const along = (across: number, down: number) => (at: number) => {
    const direction = across + down
    const middle = (density * (across === 0 ? view.height : view.width)) / 2
    const screen = middle + direction * at * density
    return (direction * (Math.floor(screen) + 0.5 - middle)) / density
  }
  return { x: along(a, b), y: along(c, d) }
}
