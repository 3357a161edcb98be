/**
 * Pointer events of the viewer, turned into gestures of the tool in hand.
 *
 * Listens before OpenSeadragon does and keeps from it what a tool takes; the wheel and touch stay OpenSeadragon's, but for
 * Ctrl+wheel (opacity) and Alt+wheel (turning).
 */
import { patchAt } from '../../src-shared/patches.ts'
import { useFaults } from '../stores/faults.ts'
import { useOverlay } from '../stores/overlay.ts'
import { usePatches } from '../stores/patches.ts'
import { useViewport } from '../stores/viewport.ts'
import { viewerToLevel0 } from '../viewer/coordinates.ts'
import { gestureFrom, type GestureSource, type PointerAt } from './gesture.ts'
import { gestureFor } from './toolInHand.ts'

const FADE_STEP = 0.05
/** A notch of a wheel is 100 to 120 px in browsers: 5°, as the keys. A touchpad sends many small steps. */
const DEGREES_PER_WHEEL_PX = 0.05
const MOST_DEGREES = 5
/** A hand that moves less while it presses means the place, CSS px. */
const STILL_PX = 4

/** @returns the function that stops listening */
export function handleGestures(element: HTMLElement): () => void {
  const viewport = useViewport()
  const faults = useFaults()
  let active: { source: GestureSource; pointer: number; press: PointerAt } | null = null
  let controlIsHeld = false

  const whereIs = (event: MouseEvent): PointerAt | null => {
    if (!viewport.view) return null
    const box = element.getBoundingClientRect()
    const viewer = { x: event.clientX - box.left, y: event.clientY - box.top }
    return { viewer, slide: viewerToLevel0(viewport.view, viewer) }
  }

  const hover = (at: PointerAt | null): void => {
    const grid = usePatches().openGrid
    viewport.cursor = at?.slide ?? null
    viewport.patch = at && grid ? patchAt(grid, at.slide.x, at.slide.y) : null
  }

  const keep = (event: Event): void => {
    event.stopPropagation()
    event.preventDefault()
  }

  const onDown = (event: PointerEvent): void => {
    const press = whereIs(event)
    if (event.pointerType === 'touch' || active || !press) return
    const tool = gestureFor(event)
    if (!tool) return
    keep(event)
    element.focus({ preventScroll: true })
    element.setPointerCapture(event.pointerId)
    const source = gestureFrom(press)
    active = { source, pointer: event.pointerId, press }
    tool(source.gesture).catch((error: unknown) => faults.report('viewer', 'The gesture was not finished.', error))
  }

  const onMove = (event: PointerEvent): void => {
    const at = whereIs(event)
    hover(at)
    if (!active || event.pointerId !== active.pointer || !at) return
    keep(event)
    active.source.move(at)
  }

  /** A press without a drag is on a patch, besides what the tool makes of it. */
  const tellPressed = (press: PointerAt, up: PointerAt | null): void => {
    const grid = usePatches().openGrid
    if (!grid || !up || Math.hypot(up.viewer.x - press.viewer.x, up.viewer.y - press.viewer.y) > STILL_PX) return
    const patch = patchAt(grid, press.slide.x, press.slide.y)
    if (patch !== null) viewport.pressed = { patch }
  }

  const finish = (how: 'end' | 'drop') => (event: PointerEvent) => {
    if (event.pointerId !== active?.pointer) return
    keep(event)
    active.source[how]()
    if (how === 'end') tellPressed(active.press, whereIs(event))
    active = null
  }
  const onUp = finish('end')
  const onCancel = finish('drop')

  const onLeave = (): void => {
    if (!active) hover(null)
  }

  const onKey = (event: KeyboardEvent): void => {
    controlIsHeld = event.ctrlKey || event.metaKey
    if (event.key !== 'Escape' || !active) return
    keep(event)
    active.source.drop()
    active = null
  }

  const onWheel = (event: WheelEvent): void => {
    if (event.altKey) {
      keep(event)
      const degrees = event.deltaY * DEGREES_PER_WHEEL_PX
      viewport.controls?.turnBy(Math.max(-MOST_DEGREES, Math.min(MOST_DEGREES, degrees)))
      return
    }
    // A pinch on a touchpad says it is Ctrl+wheel too, but then nobody holds the key.
    if (!controlIsHeld || !(event.ctrlKey || event.metaKey)) return
    keep(event)
    useOverlay().fade(event.deltaY < 0 ? FADE_STEP : -FADE_STEP)
  }

  const noMenu = (event: Event): void => event.preventDefault()

  const early = { capture: true }
  element.addEventListener('pointerdown', onDown, early)
  element.addEventListener('pointermove', onMove, early)
  element.addEventListener('pointerup', onUp, early)
  element.addEventListener('pointercancel', onCancel, early)
  element.addEventListener('pointerleave', onLeave)
  element.addEventListener('wheel', onWheel, { capture: true, passive: false })
  element.addEventListener('contextmenu', noMenu)
  window.addEventListener('keydown', onKey, early)
  window.addEventListener('keyup', onKey, early)

  return () => {
    active?.source.drop()
    element.removeEventListener('pointerdown', onDown, early)
    element.removeEventListener('pointermove', onMove, early)
    element.removeEventListener('pointerup', onUp, early)
    element.removeEventListener('pointercancel', onCancel, early)
    element.removeEventListener('pointerleave', onLeave)
    element.removeEventListener('wheel', onWheel, early)
    element.removeEventListener('contextmenu', noMenu)
    window.removeEventListener('keydown', onKey, early)
    window.removeEventListener('keyup', onKey, early)
  }
}
