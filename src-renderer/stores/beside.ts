/**
 * The second view, beside the main one: for looking. What it shows, whether it moves with the main view, and what the
 * viewer there can be asked to do.
 */
import { defineStore } from 'pinia'
import { computed, ref, shallowRef, watch } from 'vue'
import type { SlideId } from '../../src-shared/ids.ts'
import type { Slide } from '../../src-shared/slides.ts'
import { type MicronPerPx, micronPerPx } from '../../src-shared/units.ts'
import { useSlides } from './slides.ts'
import { useViewport, type View, type ViewerControls } from './viewport.ts'

export const useBeside = defineStore('beside', () => {
  const slides = useSlides()
  const viewport = useViewport()

  const open = ref(false)
  /** null = whatever slide the main view has */
  const ownSlide = ref<SlideId | null>(null)
  /** Grid, labels and predictions are drawn there too. */
  const withOverlay = ref(false)
  /** Both views move, zoom and turn together. */
  const linked = ref(true)
  const view = shallowRef<View | null>(null)
  const ready = ref(false)
  const controls = shallowRef<Omit<ViewerControls, 'picture'> | null>(null)

  const slideId = computed<SlideId | null>(() => (open.value ? (ownSlide.value ?? viewport.slideId) : null))
  const slide = computed<Slide | null>(() => (slideId.value ? slides.byId(slideId.value) : null))
  const isSame = computed(() => slideId.value === viewport.slideId)
  const mpp = computed<MicronPerPx | null>(() => {
    const { mppX = null, mppY = null } = slide.value ?? {}
    return mppX === null || mppY === null ? null : micronPerPx((mppX + mppY) / 2)
  })

  /** Opens the second view. Of the same slide it shows the tissue alone, of another what the main view shows. */
  function show(slide: SlideId | null): void {
    const own = slide === viewport.slideId ? null : slide
    if (!open.value) withOverlay.value = own !== null
    ownSlide.value = own
    open.value = true
  }

  function close(): void {
    open.value = false
    ownSlide.value = null
    view.value = null
    ready.value = false
  }

  /** Each view takes the other's slide, at the place where it was looked at. */
  function swap(): void {
    const [there, here] = [ownSlide.value, viewport.slideId]
    if (!there || !here || there === here) return
    if (view.value) viewport.remember(there, view.value)
    if (viewport.view) viewport.remember(here, viewport.view)
    ownSlide.value = here
    viewport.open(there)
  }

  watch(slide, (now) => {
    if (!now && open.value) close()
  })

  return {
    open,
    ownSlide,
    withOverlay,
    linked,
    view,
    ready,
    controls,
    slideId,
    slide,
    isSame,
    mpp,
    show,
    close,
    swap,
  }
})
