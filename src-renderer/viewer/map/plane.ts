/**
 * The view of a map: which part of its plane the plot shows. Pure.
 *
 * Frames: *map* units of the positions, y upwards; *plot* CSS px from the top left corner, y downwards.
 */
export interface PlaneView {
  /** map units, in the middle of the plot */
  x: number
  y: number
  /** CSS px per map unit */
  scale: number
  /** of the plot, CSS px */
  width: number
  height: number
}

export interface PlotPoint {
  x: number
  y: number
}

export const toPlot = (view: PlaneView, x: number, y: number): PlotPoint => ({
  x: view.width / 2 + (x - view.x) * view.scale,
  y: view.height / 2 - (y - view.y) * view.scale,
})

export const toMap = (view: PlaneView, at: PlotPoint): PlotPoint => ({
  x: view.x + (at.x - view.width / 2) / view.scale,
  y: view.y - (at.y - view.height / 2) / view.scale,
})

/** What lies at `about` stays there. */
export function zoomedAbout(view: PlaneView, factor: number, about: PlotPoint): PlaneView {
  const at = toMap(view, about)
  const scale = view.scale * factor
  return {
    ...view,
    scale,
    x: at.x - (about.x - view.width / 2) / scale,
    y: at.y + (about.y - view.height / 2) / scale,
  }
}

export const movedBy = (view: PlaneView, dx: number, dy: number): PlaneView => ({
  ...view,
  x: view.x - dx / view.scale,
  y: view.y + dy / view.scale,
})

/** CSS px around all points */
const MARGIN = 24

/** All points, as large as they fit. @param positions [point, 2] */
export function fitted(positions: Float32Array, width: number, height: number): PlaneView {
  let [left, right, low, high] = [Infinity, -Infinity, Infinity, -Infinity]
  for (let i = 0; i < positions.length; i += 2) {
    const [x, y] = [positions[i]!, positions[i + 1]!]
    if (x < left) left = x
    if (x > right) right = x
    if (y < low) low = y
    if (y > high) high = y
  }
  if (left > right) return { x: 0, y: 0, scale: 1, width, height }
  const room = (length: number) => Math.max(1, length - 2 * MARGIN)
  const scale = Math.min(room(width) / (right - left), room(height) / (high - low))
  // All in one place: any scale shows them.
  return { x: (left + right) / 2, y: (low + high) / 2, scale: Number.isFinite(scale) ? scale : 1, width, height }
}
