/** What the stores hold, as the layers want it, and a redraw whenever it changes. */
import { computed, onScopeDispose, watch } from 'vue'
import type { SlideId } from '../../src-shared/ids.ts'
import { UNLABELLED } from '../../src-shared/labels.ts'
import { useLabels } from '../stores/labels.ts'
import { useMaskBrush } from '../stores/maskBrush.ts'
import { useNeighbours } from '../stores/neighbours.ts'
import { useOverlay } from '../stores/overlay.ts'
import { usePatches } from '../stores/patches.ts'
import { usePredictions } from '../stores/predictions.ts'
import { useViewport } from '../stores/viewport.ts'
import { type Tool, useWindow } from '../stores/window.ts'
import { gridLayer } from './layers/gridLayer.ts'
import { labelLayer } from './layers/labelLayer.ts'
import type { Layer } from './layers/layer.ts'
import { maskLayer } from './layers/maskLayer.ts'
import { pointerLayer } from './layers/pointerLayer.ts'
import { predictionLayer } from './layers/predictionLayer.ts'

const GRID_LINE = 'rgb(28 34 40 / 0.32)'
const DRAFT_LINE = 'rgb(0 118 110 / 0.9)'
const ERASER = '#3b4249'
/** Of the patch that is asked about: no class has it. */
const ASKED = '#00766e'
const MASK_COLOURS: Partial<Record<Tool, string>> = { 'add-tissue': '#00766e', 'remove-tissue': ERASER }

/** Tools whose size is that of the brush. */
const BRUSHED: ReadonlySet<Tool> = new Set(['label', 'erase', 'add-tissue', 'remove-tissue'])

/** What one viewer shows: which slide, and whether anything is drawn over its tissue. */
export interface ShownSlide {
  slideId: () => SlideId | null
  withOverlay: () => boolean
}

/** What is known of a slide, as layers, bottom first. `redraw` is called when something of it looks different. */
export function slideLayers({ slideId, withOverlay }: ShownSlide, redraw: () => void): Layer[] {
  const patches = usePatches()
  const labels = useLabels()
  const predictions = usePredictions()
  const overlay = useOverlay()
  const maskBrush = useMaskBrush()

  const openGrid = computed(() => {
    const slide = slideId()
    return slide && withOverlay() ? patches.activeGrid(slide) : null
  })
  const run = computed(() => {
    const slide = slideId()
    return slide && withOverlay() ? (predictions.bySlide.get(slide) ?? null) : null
  })

  const draft = computed(() => {
    const { draft, draftResult } = patches
    return withOverlay() && draft && draft.slide === slideId() && draftResult && 'geometry' in draftResult
      ? draftResult.geometry
      : null
  })

  const mask = maskLayer(() => {
    const grid = openGrid.value
    if (!grid || draft.value) return null
    const trial = patches.preview?.grid === grid.id ? patches.preview.result : null
    const stroke = maskBrush.stroke?.grid === grid.id ? maskBrush.stroke.inside : null
    const inside = trial?.inside ?? stroke ?? patches.masks.get(grid.id)?.inside
    return inside ? { grid, inside, found: trial?.found ?? null } : null
  })

  /** The same thing while it grows: what arrives is told by onBlock. */
  const known = computed(() => {
    void predictions.revision
    return run.value && predictions.probabilitiesOf(run.value.id)
  })
  const shownPredictions = computed(() => {
    const shown = run.value
    const probabilities = known.value
    const grid = shown && patches.gridById(shown.source)
    if (!shown || !probabilities || !grid || !overlay.shown.predictions) return null
    const { map, threshold, hideBelow, opacity } = overlay
    const positive = predictions.positiveOf(shown)
    return { run: shown, grid, probabilities, map, threshold, hideBelow, opacity, positive }
  })
  const prediction = predictionLayer(() => shownPredictions.value)

  const label = labelLayer(() => {
    const grid = openGrid.value
    const classOf = grid && labels.shownOf(grid.id)
    if (!grid || !classOf || !overlay.shown.labels || draft.value) return null
    const predicted = shownPredictions.value
    return {
      grid,
      classOf,
      classes: labels.classes,
      isPredicted: predicted?.run.source === grid.id ? (patch) => predicted.probabilities.has(patch) : null,
    }
  })

  const grid = gridLayer(() => {
    if (draft.value) return { grid: draft.value, colour: DRAFT_LINE }
    return overlay.shown.grid && openGrid.value ? { grid: openGrid.value, colour: GRID_LINE } : null
  })

  onScopeDispose(
    labels.onShown((source, changed) => {
      if (source !== openGrid.value?.id) return
      label.changed(changed)
      redraw()
    }),
  )
  onScopeDispose(
    maskBrush.onPainted((changed) => {
      if (maskBrush.stroke?.grid !== openGrid.value?.id) return
      mask.changed(changed)
      redraw()
    }),
  )
  onScopeDispose(
    predictions.onBlock((blockOf, arrived) => {
      if (blockOf !== run.value?.id) return
      prediction.arrived(arrived)
      redraw()
    }),
  )
  watch(
    () => [labels.classes, openGrid.value] as const,
    () => {
      label.changed(null)
      redraw()
    },
  )
  watch(
    () => {
      const shown = shownPredictions.value
      return [shown?.run.id, shown?.probabilities, shown?.map, shown?.positive, shown?.threshold, shown?.hideBelow]
    },
    () => {
      prediction.changed()
      redraw()
    },
  )
  watch(
    () => [
      overlay.shown.grid,
      overlay.shown.labels,
      overlay.shown.predictions,
      overlay.opacity,
      draft.value,
      patches.preview,
      maskBrush.stroke,
      openGrid.value && patches.masks.get(openGrid.value.id),
    ],
    redraw,
  )
  return [mask, prediction, grid, label]
}

/**
 * What the hand is about to do on the open slide. Changes with every move of the pointer, so it is drawn apart from what is
 * known.
 */
export function handLayers(redraw: () => void): Layer[] {
  const viewport = useViewport()
  const patches = usePatches()
  const labels = useLabels()
  const overlay = useOverlay()
  const frame = useWindow()

  const isDrafted = computed(
    () =>
      patches.draft !== null &&
      patches.draft.slide === viewport.slideId &&
      patches.draftResult !== null &&
      'geometry' in patches.draftResult,
  )

  const pointer = pointerLayer(() => {
    const open = patches.openGrid
    const tool = frame.toolInHand
    if (isDrafted.value || tool === 'pan') return null
    const erases = tool === 'erase' || labels.active === UNLABELLED
    const brush = BRUSHED.has(tool) ? overlay.brush : 1
    return {
      grid: open,
      patch: viewport.patch,
      ring:
        open && viewport.cursor && brush > 1
          ? { centre: viewport.cursor, radiusX: (brush / 2) * open.strideX, radiusY: (brush / 2) * open.strideY }
          : null,
      rectangle: viewport.rectangle,
      colour: MASK_COLOURS[tool] ?? (erases ? ERASER : (labels.activeClass?.colour ?? ERASER)),
    }
  })

  const neighbours = useNeighbours()
  /** The patch whose neighbours are shown. */
  const asked = pointerLayer(() => {
    const open = patches.openGrid
    if (frame.stage !== 'features' || !open || neighbours.asked?.source !== open.id) return null
    return { grid: open, patch: neighbours.asked.patch, ring: null, rectangle: null, colour: ASKED }
  })

  watch(
    () => [
      neighbours.asked,
      frame.stage,
      overlay.brush,
      isDrafted.value,
      patches.openGrid,
      viewport.cursor,
      viewport.patch,
      viewport.rectangle,
      frame.toolInHand,
      labels.activeClass,
    ],
    redraw,
  )

  return [asked, pointer]
}
