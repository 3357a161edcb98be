/**
 * Where things are: the viewer's element (CSS px, origin top left) and the slide (level-0 px), there and back.
 * Every function names the frame it comes from and the frame it goes to. Pure.
 */
import type { GridGeometry, Rect } from '../../src-shared/patches.ts'
import { level0Px, type Micron, type MicronPerPx, toMicron } from '../../src-shared/units.ts'
import type { SlidePoint, View } from '../stores/viewport.ts'

/** A point of the viewer's element, CSS px. */
export interface ViewerPoint {
  x: number
  y: number
}

/** A rectangle of the viewer's element, CSS px. */
export interface ViewerRect extends ViewerPoint {
  width: number
  height: number
}

export const viewerToLevel0 = (view: View, { x, y }: ViewerPoint): SlidePoint => ({
  x: level0Px(view.left + x / view.pxPerLevel0),
  y: level0Px(view.top + y / view.pxPerLevel0),
})

export const level0ToViewer = (view: View, { x, y }: SlidePoint): ViewerPoint => ({
  x: (x - view.left) * view.pxPerLevel0,
  y: (y - view.top) * view.pxPerLevel0,
})

export const level0RectToViewer = (view: View, rect: Rect): ViewerRect => ({
  ...level0ToViewer(view, rect),
  width: rect.width * view.pxPerLevel0,
  height: rect.height * view.pxPerLevel0,
})

/** The part of the slide's plane that is on the screen; reaches past the slide where the view does. */
export const viewInLevel0 = (view: View): Rect => ({
  x: level0Px(view.left),
  y: level0Px(view.top),
  width: level0Px(view.width / view.pxPerLevel0),
  height: level0Px(view.height / view.pxPerLevel0),
})

export const level0ToMicron = (
  { x, y }: SlidePoint,
  mppX: MicronPerPx,
  mppY: MicronPerPx,
): { x: Micron; y: Micron } => ({
  x: toMicron(x, mppX),
  y: toMicron(y, mppY),
})

/** Two corners, in any order, as a rectangle. */
export const rectBetween = (a: SlidePoint, b: SlidePoint): Rect => ({
  x: level0Px(Math.min(a.x, b.x)),
  y: level0Px(Math.min(a.y, b.y)),
  width: level0Px(Math.abs(a.x - b.x)),
  height: level0Px(Math.abs(a.y - b.y)),
})

/** Columns and rows of a grid, both ends included. */
export interface CellRange {
  left: number
  top: number
  right: number
  bottom: number
}

/** The patches of a grid that reach into the view; null when none does. */
export function cellsInView(grid: GridGeometry, view: View): CellRange | null {
  const seen = viewInLevel0(view)
  const range = (from: number, length: number, offset: number, edge: number, stride: number, count: number) => {
    const first = Math.floor((from - offset - edge) / stride) + 1
    const last = Math.ceil((from + length - offset) / stride) - 1
    return [Math.max(0, first), Math.min(count - 1, last)] as const
  }
  const [left, right] = range(seen.x, seen.width, grid.offsetX, grid.edgeX, grid.strideX, grid.columns)
  const [top, bottom] = range(seen.y, seen.height, grid.offsetY, grid.edgeY, grid.strideY, grid.rows)
  return right < left || bottom < top ? null : { left, top, right, bottom }
}

/**
 * The area whose points are nearest to the centre of the first patch: what one patch stands for, where patches overlap
 * or leave gaps. Cells lie side by side, one stride apart.
 */
export const firstCell = (grid: GridGeometry): Rect => ({
  x: level0Px(grid.offsetX + (grid.edgeX - grid.strideX) / 2),
  y: level0Px(grid.offsetY + (grid.edgeY - grid.strideY) / 2),
  width: grid.strideX,
  height: grid.strideY,
})
