/**
 * Pointer gestures on the map: a drag moves it or draws a lasso, a click takes the nearest point, the wheel zooms. Each
 * drag is told from press to release in one function.
 */
import { useFaults } from '../stores/faults.ts'
import { useMap } from '../stores/map.ts'
import { movedBy, type PlaneView, type PlotPoint, toMap, zoomedAbout } from '../viewer/map/plane.ts'
import type { PointIndex } from '../viewer/map/pointIndex.ts'

/** What gestures need of the plot. */
export interface Plot {
  view: PlaneView
  readonly index: PointIndex
  /** The way of a lasso while it is drawn, CSS px; null = none. */
  lasso: readonly PlotPoint[] | null
  /** CSS px across, of a point */
  readonly pointSize: number
  /** Goes to where the patch of a point is. */
  follow(point: number): void
}

/** CSS px: a press that moves less is a click. */
const STILL = 4
/** CSS px: a point this near is meant. */
const NEAR = 8
const ZOOM_PER_WHEEL_PX = 0.0016
/** CSS px between two corners of a lasso */
const LASSO_STEP = 2

type Moves = AsyncIterable<PlotPoint>
type Drag = { push(at: PlotPoint): void; end(isDropped: boolean): void; pointer: number }
type Press = { at: PlotPoint; more: boolean; moves: Moves; isDropped: () => boolean }

/** @param plotNow null while there is nothing on the map; @returns the function that stops listening */
export function handleMapGestures(element: HTMLElement, plotNow: () => Plot | null): () => void {
  const map = useMap()
  let drag: Drag | null = null

  const whereIs = (event: MouseEvent): PlotPoint => {
    const box = element.getBoundingClientRect()
    return { x: event.clientX - box.left, y: event.clientY - box.top }
  }
  const hover = (event: PointerEvent): void => {
    const plot = plotNow()
    map.hovered = plot && !drag ? pointAt(plot, whereIs(event)) : null
  }

  const onDown = (event: PointerEvent): void => {
    const plot = plotNow()
    if (event.button !== 0 || drag || !plot) return
    event.preventDefault()
    element.focus({ preventScroll: true })
    element.setPointerCapture(event.pointerId)
    const { moves, ...feed } = movesFrom(event.pointerId)
    drag = feed
    map.hovered = null
    const press = { at: whereIs(event), more: event.ctrlKey || event.metaKey, moves, isDropped: feed.isDropped }
    const told = map.lasso || event.shiftKey ? drawLasso(plot, press) : moveMap(plot, press)
    told.catch((error: unknown) => useFaults().report('map', 'The gesture was not finished.', error))
  }
  const onMove = (event: PointerEvent): void => {
    if (event.pointerId === drag?.pointer) drag.push(whereIs(event))
    else hover(event)
  }
  const finish = (isDropped: boolean) => (event: PointerEvent) => {
    if (event.pointerId !== drag?.pointer) return
    drag.end(isDropped)
    drag = null
    hover(event)
  }
  const onUp = finish(false)
  const onCancel = finish(true)
  const onLeave = (): void => {
    map.hovered = null
  }
  const onKey = (event: KeyboardEvent): void => {
    if (event.key !== 'Escape' || !drag) return
    event.stopPropagation()
    event.preventDefault()
    drag.end(true)
    drag = null
  }
  const onWheel = (event: WheelEvent): void => {
    const plot = plotNow()
    if (!plot) return
    event.preventDefault()
    plot.view = zoomedAbout(plot.view, Math.exp(-event.deltaY * ZOOM_PER_WHEEL_PX), whereIs(event))
  }

  element.addEventListener('pointerdown', onDown)
  element.addEventListener('pointermove', onMove)
  element.addEventListener('pointerup', onUp)
  element.addEventListener('pointercancel', onCancel)
  element.addEventListener('pointerleave', onLeave)
  element.addEventListener('wheel', onWheel, { passive: false })
  window.addEventListener('keydown', onKey, { capture: true })
  return () => {
    drag?.end(true)
    element.removeEventListener('pointerdown', onDown)
    element.removeEventListener('pointermove', onMove)
    element.removeEventListener('pointerup', onUp)
    element.removeEventListener('pointercancel', onCancel)
    element.removeEventListener('pointerleave', onLeave)
    element.removeEventListener('wheel', onWheel)
    window.removeEventListener('keydown', onKey, { capture: true })
  }
}

export function pointAt(plot: Plot, at: PlotPoint): number | null {
  const { x, y } = toMap(plot.view, at)
  return plot.index.nearest(x, y, Math.max(NEAR, plot.pointSize) / plot.view.scale)
}

/** Moves the map; without a move it is a click: that point alone, or one more, or none. */
async function moveMap(plot: Plot, { at, more, moves, isDropped }: Press): Promise<void> {
  const map = useMap()
  const from = plot.view
  let moved = false

  for await (const to of moves) {
    moved ||= Math.hypot(to.x - at.x, to.y - at.y) >= STILL
    if (moved)
      plot.view = movedBy({ ...from, width: plot.view.width, height: plot.view.height }, to.x - at.x, to.y - at.y)
  }

  if (moved || isDropped()) return
  const point = pointAt(plot, at)
  if (more) {
    if (point === null) return
    const next = new Set(map.selected)
    if (!next.delete(point)) next.add(point)
    map.select(next)
    return
  }
  map.select(point === null ? [] : [point])
  if (point !== null) plot.follow(point)
}

/** Selects what the pointer goes around; with Ctrl also what was selected before. */
async function drawLasso(plot: Plot, { at, more, moves, isDropped }: Press): Promise<void> {
  const map = useMap()
  const way = [at]
  plot.lasso = way

  for await (const to of moves) {
    const last = way.at(-1)!
    if (Math.hypot(to.x - last.x, to.y - last.y) < LASSO_STEP) continue
    way.push(to)
    plot.lasso = [...way]
  }

  plot.lasso = null
  if (isDropped()) return
  const corners = way.flatMap((corner) => {
    const { x, y } = toMap(plot.view, corner)
    return [x, y]
  })
  const inside = plot.index.inside(Float32Array.from(corners))
  map.select(more ? [...map.selected, ...inside] : inside)
}

/** The moves of one drag, fed from pointer events. */
function movesFrom(pointer: number): Drag & { moves: Moves; isDropped: () => boolean } {
  const waiting: PlotPoint[] = []
  let over = false
  let dropped = false
  let wake = (): void => undefined
  async function* moves(): AsyncGenerator<PlotPoint, void> {
    for (;;) {
      while (waiting.length > 0) yield waiting.shift()!
      if (over) return
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
  }
  return {
    pointer,
    moves: moves(),
    isDropped: () => dropped,
    push(at) {
      waiting.push(at)
      wake()
    },
    end(isDropped) {
      over = true
      dropped = isDropped
      if (isDropped) waiting.length = 0
      wake()
    },
  }
}
