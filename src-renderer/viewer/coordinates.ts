/**
 * Where things are: the viewer's element (CSS px, origin top left), the slide (level-0 px), and between them the frame
 * that layers draw in (CSS px, origin in the middle of the viewer, axes those of the slide). There and back.
 *
 *   aligned = (level0 − centre) · pxPerLevel0
 *   viewer  = middle + M · R(rotation) · aligned        R turns clockwise (y points down), M mirrors left and right
 *
 * Every function names the frame it comes from and the frame it goes to. Pure, so that any room may ask it.
 */
import type { GridGeometry, Rect } from '../../src-shared/patches.ts'
import { level0Px, type Micron, type MicronPerPx, toMicron } from '../../src-shared/units.ts'
import type { SlidePoint, View } from '../stores/viewport.ts'

/** A point of the viewer's element, CSS px. */
export interface ViewerPoint {
  x: number
  y: number
}

/** A point of the frame of the layers: CSS px from the middle of the viewer along the axes of the slide. */
export interface AlignedPoint {
  x: number
  y: number
}

/** A rectangle of the frame of the layers. */
export interface AlignedRect extends AlignedPoint {
  width: number
  height: number
}

/** a, b, c, d of `x' = a·x + c·y`, `y' = b·x + d·y`: from the frame of the layers to the viewer, but for the middle. */
export interface Turn {
  a: number
  b: number
  c: number
  d: number
}

/** Right angles are exact, so that lines fall on whole px there. */
export function turnOf({ rotation, mirrored }: Pick<View, 'rotation' | 'mirrored'>): Turn {
  const right = rotation % 90 === 0
  const angle = (rotation * Math.PI) / 180
  const cos = right ? Math.round(Math.cos(angle)) : Math.cos(angle)
  const sin = right ? Math.round(Math.sin(angle)) : Math.sin(angle)
  const side = mirrored ? -1 : 1
  return { a: side * cos, b: sin, c: -side * sin, d: cos }
}

/** The inverse of a turn is its transpose: it is a rotation, or one with a reflection. */
export const viewerToLevel0 = (view: View, { x, y }: ViewerPoint): SlidePoint => {
  const { a, b, c, d } = turnOf(view)
  const [dx, dy] = [x - view.width / 2, y - view.height / 2]
  return {
    x: level0Px(view.centre.x + (a * dx + b * dy) / view.pxPerLevel0),
    y: level0Px(view.centre.y + (c * dx + d * dy) / view.pxPerLevel0),
  }
}

export const level0ToAligned = (view: View, { x, y }: SlidePoint): AlignedPoint => ({
  x: (x - view.centre.x) * view.pxPerLevel0,
  y: (y - view.centre.y) * view.pxPerLevel0,
})

export const level0RectToAligned = (view: View, rect: Rect): AlignedRect => ({
  ...level0ToAligned(view, rect),
  width: rect.width * view.pxPerLevel0,
  height: rect.height * view.pxPerLevel0,
})

export const level0ToViewer = (view: View, point: SlidePoint): ViewerPoint => {
  const { a, b, c, d } = turnOf(view)
  const { x, y } = level0ToAligned(view, point)
  return { x: view.width / 2 + a * x + c * y, y: view.height / 2 + b * x + d * y }
}

/** Four corners one after the other. */
const cornersOf = ({ x, y, width, height }: AlignedRect): [AlignedPoint, AlignedPoint, AlignedPoint, AlignedPoint] => [
  { x, y },
  { x: x + width, y },
  { x: x + width, y: y + height },
  { x, y: y + height },
]

function boxAround(points: readonly AlignedPoint[]): AlignedRect {
  const xs = points.map((point) => point.x)
  const ys = points.map((point) => point.y)
  const [x, y] = [Math.min(...xs), Math.min(...ys)]
  return { x, y, width: Math.max(...xs) - x, height: Math.max(...ys) - y }
}

const viewerCorners = (view: View): SlidePoint[] =>
  cornersOf({ x: 0, y: 0, width: view.width, height: view.height }).map((corner) => viewerToLevel0(view, corner))

/**
 * The smallest upright rectangle of the slide's plane that holds all that is on the screen; reaches past the slide where
 * the view does, and past the view where that is turned.
 */
export const viewInLevel0 = (view: View): Rect => boxAround(viewerCorners(view)) as Rect

/** The smallest upright rectangle of the viewer around a rectangle of the slide. */
const level0RectToViewerBox = (view: View, rect: Rect): AlignedRect =>
  boxAround(cornersOf(rect).map(({ x, y }) => level0ToViewer(view, { x: level0Px(x), y: level0Px(y) })))

/** How large a rectangle of the slide is on the screen at a turn, in the unit it has. */
export function turnedSize({ width, height }: { width: number; height: number }, rotation: number) {
  const { a, b } = turnOf({ rotation, mirrored: false })
  return {
    width: Math.abs(a) * width + Math.abs(b) * height,
    height: Math.abs(b) * width + Math.abs(a) * height,
  }
}

/** Whether all of a rectangle is on the screen. */
export function isWhollySeen(view: View, rect: Rect): boolean {
  const box = level0RectToViewerBox(view, rect)
  return box.x >= 0 && box.y >= 0 && box.x + box.width <= view.width && box.y + box.height <= view.height
}

const meet = (a: AlignedRect, b: AlignedRect): boolean =>
  a.x < b.x + b.width && a.x + a.width > b.x && a.y < b.y + b.height && a.y + a.height > b.y

/** Whether a part of a rectangle is on the screen: two rectangles are apart along an axis of one of them, or meet. */
export const isPartlySeen = (view: View, rect: Rect): boolean =>
  meet(level0RectToViewerBox(view, rect), { x: 0, y: 0, width: view.width, height: view.height }) &&
  meet(rect, viewInLevel0(view))

/**
 * The part of a slide that is on the screen, corner after corner; empty when it is elsewhere.
 *
 * @see Sutherland and Hodgman (1974), Reentrant polygon clipping: one edge of the slide after the other
 */
export function seenOutline(view: View, slide: { width: number; height: number }): SlidePoint[] {
  const edges: ((point: SlidePoint) => number)[] = [
    ({ x }) => x,
    ({ y }) => y,
    ({ x }) => slide.width - x,
    ({ y }) => slide.height - y,
  ]
  return edges.reduce<SlidePoint[]>(
    (outline, inside) =>
      outline.flatMap((to, i) => {
        const from = outline.at(i - 1)!
        const [before, now] = [inside(from), inside(to)]
        const t = before / (before - now)
        const crossing = {
          x: level0Px(from.x + (to.x - from.x) * t),
          y: level0Px(from.y + (to.y - from.y) * t),
        }
        return [...(before >= 0 !== now >= 0 ? [crossing] : []), ...(now >= 0 ? [to] : [])]
      }),
    viewerCorners(view),
  )
}

/**
 * The axis of the slide that points most nearly to a side of the screen: what the arrow keys mean on a slide that is
 * turned. The four sides keep four axes, also at 45°.
 */
export function axisTowards(
  view: Pick<View, 'rotation' | 'mirrored'>,
  screen: { columns: number; rows: number },
): { columns: number; rows: number } {
  const { a, b, c, d } = turnOf({ ...view, rotation: Math.round(view.rotation / 90) * 90 })
  // + 0 turns a negative zero into zero
  return { columns: a * screen.columns + b * screen.rows + 0, rows: c * screen.columns + d * screen.rows + 0 }
}

/** 0 ≤ degrees < 360 */
export const fullTurn = (degrees: number): number => ((degrees % 360) + 360) % 360

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

/** The patches of a grid that reach into the upright rectangle around the view; null when none does. */
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
