/**
 * OpenSeadragon, tamed: one slide at a time, its view told in our own words, gestures left to tools/.
 *
 * In: a slide to show, the controls of the viewport store. Out: the view after every change, and whether tiles are drawn.
 */
import OpenSeadragon from 'openseadragon'
import type { Place } from '../../src-shared/bookmarks.ts'
import type { Rect } from '../../src-shared/patches.ts'
import type { Slide } from '../../src-shared/slides.ts'
import { tesseraError } from '../../src-shared/errors.ts'
import { level0Px } from '../../src-shared/units.ts'
import type { ShownLook } from '../stores/looks.ts'
import type { SlidePoint, View, ViewerControls } from '../stores/viewport.ts'
import { fullTurn, turnedSize } from './coordinates.ts'
import { displayFilter } from './displayFilter.ts'
import { chooseDrawer } from './drawer.ts'
import { slideTiles } from './slideTiles.ts'
import { tileLookOf } from './tileLook.ts'

export interface SlideStage {
  /** What draws the tiles: `webgl` or `canvas`. */
  readonly drawer: string
  /** Shows a slide; `start` says where to look first, null = all of it. */
  show(slide: Slide | null, look: ShownLook, start: (view: View) => Place | Rect | null): void
  /** Shows the same slide in another way. */
  relook(look: ShownLook): void
  /** Asks for every tile again. */
  reload(): void
  controls: Omit<ViewerControls, 'picture'>
  /** The tiles as they are on the screen. Resolves when all of them are. @throws {TesseraError} VIEW_INCOMPLETE */
  drawnTiles(): Promise<HTMLCanvasElement>
  /** How many bitmaps of tiles are kept: two stages share what one may have. */
  keepBitmaps(share: 1 | 0.5): void
  destroy(): void
}

interface StageEvents {
  /** The view changed, and is being drawn now. */
  onView(view: View): void
  /** The first tiles of the slide are on the screen. */
  onReady(): void
  /** Tiles of this look, and no others, are drawn. */
  onLook(key: string): void
  onFault(error: Error): void
}

const MOST_ENLARGED = 16
const BITMAPS_KEPT = 1200
/** For a picture of the view: a slide on a slow drive. */
const TILES_COME_WITHIN_MS = 10_000

/** What a stage is for: with tools over it, or only to be looked at; then dragging pans. */
export type StageUse = 'tools' | 'looking'

export function slideStage(
  element: HTMLElement,
  { onView, onReady, onLook, onFault }: StageEvents,
  use: StageUse = 'tools',
): SlideStage {
  const { drawer, tileType } = chooseDrawer()
  const still = matchMedia('(prefers-reduced-motion: reduce)').matches
  const gestures = { dragToPan: false, clickToZoom: false, dblClickToZoom: false, flickEnabled: false }
  const osd = new OpenSeadragon.Viewer({
    element,
    drawer,
    showNavigationControl: false,
    keyboardNavEnabled: false,
    tabIndex: -1,
    gestureSettingsMouse: { ...gestures, dragToPan: use === 'looking', scrollToZoom: true },
    gestureSettingsPen: { ...gestures, dragToPan: use === 'looking' },
    gestureSettingsTouch: { ...gestures, dragToPan: true, flickEnabled: true, pinchToZoom: true },
    animationTime: still ? 0.001 : 0.15,
    springStiffness: 8,
    zoomPerScroll: 1.25,
    blendTime: 0,
    maxTilesPerFrame: 32,
    maxImageCacheCount: BITMAPS_KEPT,
    maxZoomPixelRatio: MOST_ENLARGED,
    minZoomImageRatio: 0.5,
    visibilityRatio: 0.2,
    imageLoaderLimit: 0,
    // Tiles that fail are said once, not asked for over and over.
    tileRetryMax: 0,
  })
  const { viewport } = osd
  const tiles = slideTiles(osd, tileType, onLook, onFault)
  const filter = displayFilter(osd.drawer.canvas)
  let shown: Slide | null = null
  let drawn = false

  function currentView(current = true): View | null {
    if (!shown || !osd.world.getItemAt(0)) return null
    const size = viewport.getContainerSize()
    const { x, y } = viewport.getCenter(current)
    return {
      pxPerLevel0: (size.x * viewport.getZoom(current)) / shown.width,
      centre: { x: level0Px(x * shown.width), y: level0Px(y * shown.width) },
      rotation: fullTurn(viewport.getRotation(current)),
      mirrored: viewport.getFlip(),
      width: size.x,
      height: size.y,
    }
  }

  const tell = (): void => {
    const view = currentView()
    if (view) onView(view)
  }
  osd.addHandler('update-viewport', tell)
  osd.addHandler('resize', () => queueMicrotask(tell))
  // Only the canvas drawer says when a tile is drawn; a tile that is there is drawn with the next frame.
  osd.addHandler('tile-loaded', () => {
    if (drawn) return
    drawn = true
    const slide = shown
    requestAnimationFrame(() => {
      if (shown === slide) onReady()
    })
  })

  /** The middle of the view at a magnification, as OpenSeadragon's bounds: they are turned against the slide. */
  function lookAt({ x, y }: SlidePoint, pxPerLevel0: number, immediately: boolean): void {
    if (!shown) return
    const size = viewport.getContainerSize()
    const unit = shown.width
    const width = size.x / pxPerLevel0 / unit
    const height = size.y / pxPerLevel0 / unit
    const bounds = new OpenSeadragon.Rect(x / unit - width / 2, y / unit - height / 2, width, height)
    viewport.fitBounds(bounds.rotate(-viewport.getRotation()), immediately)
  }

  const turnTo = (rotation: number, mirrored: boolean, immediately: boolean): void => {
    viewport.setFlip(mirrored)
    viewport.setRotation(fullTurn(rotation), immediately)
  }

  const controls: SlideStage['controls'] = {
    fit: () => void viewport.goHome(still),
    zoomTo(pxPerLevel0, about) {
      const view = currentView(false)
      if (!view) return
      const { centre } = view
      const ratio = view.pxPerLevel0 / pxPerLevel0
      const fixed = about ?? centre
      lookAt(
        {
          x: level0Px(fixed.x + (centre.x - fixed.x) * ratio),
          y: level0Px(fixed.y + (centre.y - fixed.y) * ratio),
        },
        pxPerLevel0,
        still,
      )
    },
    centreOn(rect, leastPx = 96) {
      const view = currentView(false)
      if (!view) return
      const turned = turnedSize(rect, view.rotation)
      const most = Math.min(view.width / turned.width, view.height / turned.height) * 0.8
      const least = Math.min(leastPx / Math.max(rect.width, rect.height), most)
      const scale = Math.min(Math.max(view.pxPerLevel0, least), most)
      const middle = { x: level0Px(rect.x + rect.width / 2), y: level0Px(rect.y + rect.height / 2) }
      lookAt(middle, scale, still)
    },
    panTo({ x, y }, immediately = still) {
      if (!shown) return
      // A zoom that is still on its way keeps a point of its own in place and would take the centre along.
      viewport.zoomTo(viewport.getZoom(), undefined, true)
      viewport.panTo(new OpenSeadragon.Point(x / shown.width, y / shown.width), immediately)
    },
    turnBy(degrees) {
      // A mirror turns clockwise into the other way round.
      const mirrored = viewport.getFlip()
      turnTo(viewport.getRotation() + (mirrored ? -degrees : degrees), mirrored, still)
    },
    mirror: () => turnTo(viewport.getRotation(), !viewport.getFlip(), true),
    upright: () => turnTo(0, false, still),
    goTo(place, immediately = still) {
      turnTo(place.rotation, place.mirrored, immediately)
      lookAt(place.centre, place.pxPerLevel0, immediately)
    },
  }

  function relook(look: ShownLook): void {
    filter.set(look.look)
    tiles.relook(tileLookOf(look))
  }

  function show(slide: Slide | null, look: ShownLook, start: (view: View) => Place | Rect | null): void {
    shown = slide
    drawn = false
    filter.set(look.look)
    tiles.show(slide, tileLookOf(look), () => {
      turnTo(0, false, true)
      viewport.goHome(true)
      const view = currentView()
      const place = view && start(view)
      if (place && 'pxPerLevel0' in place) controls.goTo(place, true)
      else if (place) {
        controls.centreOn(place)
        viewport.applyConstraints(true)
      }
      tell()
    })
  }

  /** No movement is on its way. */
  const isAtRest = (): boolean => {
    const [here, there] = [viewport.getCenter(true), viewport.getCenter()]
    const px = viewport.getContainerSize().x * viewport.getZoom()
    return (
      Math.hypot(here.x - there.x, here.y - there.y) * px < 0.01 &&
      Math.abs(viewport.getZoom(true) / viewport.getZoom() - 1) < 1e-5 &&
      Math.abs(viewport.getRotation(true) - viewport.getRotation()) < 0.001
    )
  }

  async function drawnAnew(): Promise<void> {
    osd.forceRedraw()
    await new Promise(requestAnimationFrame)
    await new Promise(requestAnimationFrame)
  }

  async function drawnTiles(): Promise<HTMLCanvasElement> {
    const wanted = shown
    const until = performance.now() + TILES_COME_WITHIN_MS
    const isWhole = (): boolean => tiles.isWhole() && isAtRest()
    // What is there is told anew with each drawing: a view that has just moved still has the answer of the old one.
    await drawnAnew()
    while (!isWhole() && performance.now() < until) await new Promise(requestAnimationFrame)
    if (!wanted || shown !== wanted || !isWhole())
      throw tesseraError(
        'VIEW_INCOMPLETE',
        `Part of “${wanted?.name ?? 'the slide'}” in this view is not there: it is still being read, or can not be. Wait until it is sharp, or move the damaged part out of the view.`,
        { slide: wanted?.name ?? '' },
      )
    await drawnAnew()
    return osd.drawer.canvas
  }

  function keepBitmaps(share: 1 | 0.5): void {
    // OpenSeadragon takes this number only when it starts; starting anew would empty the screen.
    const cache = osd.tileCache as unknown as { _maxCacheItemCount?: unknown }
    if (typeof cache._maxCacheItemCount !== 'number')
      throw new Error('OpenSeadragon keeps the limit of its bitmaps elsewhere now; see slideStage.ts, keepBitmaps.')
    cache._maxCacheItemCount = BITMAPS_KEPT * share
  }

  return {
    drawer: osd.drawer.getType() ?? drawer,
    show,
    relook,
    reload: () => tiles.reload(),
    controls,
    drawnTiles,
    keepBitmaps,
    destroy() {
      tiles.destroy()
      filter.destroy()
      osd.destroy()
    },
  }
}
