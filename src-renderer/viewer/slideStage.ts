/**
 * OpenSeadragon, tamed: one slide at a time, its view told in our own words, gestures left to tools/.
 *
 * In: a slide to show, the controls of the viewport store. Out: the view after every change, and whether tiles are drawn.
 */
import OpenSeadragon from 'openseadragon'
import type { Rect } from '../../src-shared/patches.ts'
import type { Slide } from '../../src-shared/slides.ts'
import type { View, ViewerControls } from '../stores/viewport.ts'
import type { ShownLook } from '../stores/looks.ts'
import { displayFilter } from './displayFilter.ts'
import { chooseDrawer } from './drawer.ts'
import { slideTiles } from './slideTiles.ts'
import { tileLookOf } from './tileLook.ts'

export interface SlideStage {
  /** Shows a slide; `start` says where to look first, null = all of it. */
  show(slide: Slide | null, look: ShownLook, start: (view: View) => View | Rect | null): void
  /** Shows the same slide in another way. */
  relook(look: ShownLook): void
  controls: ViewerControls
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

export function slideStage(element: HTMLElement, { onView, onReady, onLook, onFault }: StageEvents): SlideStage {
  const { drawer, tileType } = chooseDrawer()
  const still = matchMedia('(prefers-reduced-motion: reduce)').matches
  const gestures = { dragToPan: false, clickToZoom: false, dblClickToZoom: false, flickEnabled: false }
  const osd = new OpenSeadragon.Viewer({
    element,
    drawer,
    showNavigationControl: false,
    keyboardNavEnabled: false,
    tabIndex: -1,
    gestureSettingsMouse: { ...gestures, scrollToZoom: true },
    gestureSettingsPen: gestures,
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
  const filter = displayFilter(osd.canvas)
  let shown: Slide | null = null
  let drawn = false

  function currentView(current = true): View | null {
    if (!shown || !osd.world.getItemAt(0)) return null
    const bounds = viewport.getBoundsNoRotate(current)
    const size = viewport.getContainerSize()
    const level0PerUnit = shown.width
    return {
      pxPerLevel0: size.x / (bounds.width * level0PerUnit),
      left: bounds.x * level0PerUnit,
      top: bounds.y * level0PerUnit,
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

  /** The middle of the view at a magnification, as OpenSeadragon's bounds. */
  function lookAt(x: number, y: number, pxPerLevel0: number, immediately: boolean): void {
    if (!shown) return
    const size = viewport.getContainerSize()
    const unit = shown.width
    const width = size.x / pxPerLevel0 / unit
    const height = size.y / pxPerLevel0 / unit
    viewport.fitBounds(new OpenSeadragon.Rect(x / unit - width / 2, y / unit - height / 2, width, height), immediately)
  }

  const controls: ViewerControls = {
    fit: () => void viewport.goHome(still),
    zoomTo(pxPerLevel0, about) {
      const view = currentView(false)
      if (!view) return
      const middle = {
        x: view.left + view.width / view.pxPerLevel0 / 2,
        y: view.top + view.height / view.pxPerLevel0 / 2,
      }
      const ratio = view.pxPerLevel0 / pxPerLevel0
      const fixed = about ?? middle
      lookAt(fixed.x + (middle.x - fixed.x) * ratio, fixed.y + (middle.y - fixed.y) * ratio, pxPerLevel0, still)
    },
    centreOn(rect, leastPx = 96) {
      const view = currentView(false)
      if (!view) return
      const most = Math.min(view.width / rect.width, view.height / rect.height) * 0.8
      const least = Math.min(leastPx / Math.max(rect.width, rect.height), most)
      const scale = Math.min(Math.max(view.pxPerLevel0, least), most)
      lookAt(rect.x + rect.width / 2, rect.y + rect.height / 2, scale, still)
    },
    panTo({ x, y }, immediately = still) {
      if (shown) viewport.panTo(new OpenSeadragon.Point(x / shown.width, y / shown.width), immediately)
    },
  }

  function relook(look: ShownLook): void {
    filter.set(look.look)
    tiles.relook(tileLookOf(look))
  }

  function show(slide: Slide | null, look: ShownLook, start: (view: View) => View | Rect | null): void {
    shown = slide
    drawn = false
    filter.set(look.look)
    tiles.show(slide, tileLookOf(look), () => {
      viewport.goHome(true)
      const view = currentView()
      const place = view && start(view)
      if (place && 'pxPerLevel0' in place)
        lookAt(
          place.left + place.width / place.pxPerLevel0 / 2,
          place.top + place.height / place.pxPerLevel0 / 2,
          place.pxPerLevel0,
          true,
        )
      else if (place) {
        controls.centreOn(place)
        viewport.applyConstraints(true)
      }
      tell()
    })
  }

  return {
    show,
    relook,
    controls,
    destroy() {
      tiles.destroy()
      filter.destroy()
      osd.destroy()
    },
  }
}
