/**
 * What is looked at: the open slide, which part of it, how finely, and where the pointer is; or a patch set instead.
 * The viewer writes it and offers its controls; nothing here draws.
 */
import { defineStore } from 'pinia'
import { computed, ref, shallowRef, watch } from 'vue'
import type { Place } from '../../src-shared/bookmarks.ts'
import type { SlideId, SourceId } from '../../src-shared/ids.ts'
import type { Rect } from '../../src-shared/patches.ts'
import type { Slide } from '../../src-shared/slides.ts'
import { objectiveOf, type Level0Px, type MicronPerPx, micronPerPx } from '../../src-shared/units.ts'
import { useSlides } from './slides.ts'

/** A point of the slide, level-0 px. */
export interface SlidePoint {
  x: Level0Px
  y: Level0Px
}

/** What is on the screen now. */
export interface View extends Place {
  /** of the viewer, CSS px */
  width: number
  height: number
}

/** What the viewer can be asked to do. */
export interface ViewerControls {
  fit(): void
  /** Keeps the centre of the view, or `about`. */
  zoomTo(pxPerLevel0: number, about?: SlidePoint): void
  /** Brings a rectangle to the centre; zooms in when it would be smaller than `leastPx` CSS px. */
  centreOn(rect: Rect, leastPx?: number): void
  panTo(point: SlidePoint, immediately?: boolean): void
  /** Turns what is seen about the middle of the viewer, clockwise on the screen, mirrored or not. */
  turnBy(degrees: number): void
  /** Changes left and right of the screen. */
  mirror(): void
  /** Neither turned nor mirrored. */
  upright(): void
  goTo(place: Place, immediately?: boolean): void
  /**
   * What the screen shows, as a PNG of as many px, with a scale bar. Waits until every tile is drawn.
   * @throws {TesseraError} VIEW_INCOMPLETE when tiles do not come
   */
  picture(withOverlays: boolean): Promise<Blob>
}

export const MAGNIFICATIONS = [1, 5, 10, 20, 40] as const

export const useViewport = defineStore('viewport', () => {
  const slides = useSlides()

  const slideId = ref<SlideId | null>(null)
  /** The patch set that is shown instead of a slide. */
  const setId = ref<SourceId | null>(null)
  const view = shallowRef<View | null>(null)
  /** The pointer over the slide; null when it is elsewhere. */
  const cursor = shallowRef<SlidePoint | null>(null)
  /** The patch of the active grid that keys act on: under the pointer, or reached by arrow keys. */
  const patch = ref<number | null>(null)
  /** The patch of the active grid that was pressed last, without a drag, whatever the tool. A new one with each press. */
  const pressed = shallowRef<{ patch: number } | null>(null)
  /** The rectangle being drawn by a gesture. */
  const rectangle = shallowRef<Rect | null>(null)
  /** The first tiles of the slide are drawn. */
  const ready = ref(false)
  const controls = shallowRef<ViewerControls | null>(null)
  /** What the viewer brings to the centre when it has opened the slide. */
  const openAt = shallowRef<Rect | null>(null)
  /** Where each slide was looked at last, and how it was turned. */
  const lastPlaces = new Map<SlideId, Place>()

  const slide = computed<Slide | null>(() => (slideId.value ? slides.byId(slideId.value) : null))

  /** µm per level-0 px, mean of both axes; null until somebody has said it. */
  const mpp = computed<MicronPerPx | null>(() => {
    const { mppX = null, mppY = null } = slide.value ?? {}
    return mppX === null || mppY === null ? null : micronPerPx((mppX + mppY) / 2)
  })

  /** The magnification on the screen, a CSS px taken as a pixel of the camera; null without µm/px. */
  const magnification = computed(() =>
    mpp.value && view.value ? objectiveOf(micronPerPx(mpp.value / view.value.pxPerLevel0)) : null,
  )

  /** @param at what to bring to the centre once the slide is there */
  function open(id: SlideId, at: Rect | null = null): void {
    setId.value = null
    if (slideId.value === id) {
      if (at) controls.value?.centreOn(at)
      return
    }
    openAt.value = at
    if (slideId.value && view.value) lastPlaces.set(slideId.value, view.value)
    ready.value = false
    view.value = null
    cursor.value = null
    patch.value = null
    pressed.value = null
    slideId.value = id
  }

  /** Shows a patch set instead of the slide, which is left where it was looked at. */
  function openSet(id: SourceId): void {
    if (slideId.value && view.value) lastPlaces.set(slideId.value, view.value)
    close()
    setId.value = id
  }

  /** The slide stays open and is not looked at for a while. */
  function lookAway(): void {
    if (slideId.value && view.value) lastPlaces.set(slideId.value, view.value)
    view.value = null
    cursor.value = null
    ready.value = false
  }

  function close(): void {
    setId.value = null
    slideId.value = null
    view.value = null
    cursor.value = null
    patch.value = null
    pressed.value = null
    ready.value = false
  }

  const magnify = (times: number): void => {
    if (mpp.value) controls.value?.zoomTo((times * mpp.value) / objectiveOf(micronPerPx(1)))
  }

  // A slide that was taken out of the project can not be looked at any longer.
  watch(slide, (now) => {
    if (!now && slideId.value) close()
  })

  return {
    slideId,
    setId,
    slide,
    view,
    cursor,
    patch,
    pressed,
    rectangle,
    ready,
    controls,
    openAt,
    mpp,
    magnification,
    open,
    openSet,
    lookAway,
    close,
    magnify,
    remember: (id: SlideId, place: Place): void => void lastPlaces.set(id, place),
    lastPlaceOf: (id: SlideId): Place | null => lastPlaces.get(id) ?? null,
  }
})
