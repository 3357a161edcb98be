/** What the stores hold, as the layers want it, and a redraw whenever it changes. */
import { computed, onScopeDispose, watch } from 'vue'
import { UNLABELLED } from '../../src-shared/labels.ts'
import { useLabels } from '../stores/labels.ts'
import { useMaskBrush } from '../stores/maskBrush.ts'
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
const MASK_COLOURS: Partial<Record<Tool, string>> = { 'add-tissue': '#00766e', 'remove-tissue': ERASER }

/** Tools whose size is that of the brush. */
const BRUSHED: ReadonlySet<Tool> = new Set(['label', 'erase', 'add-tissue', 'remove-tissue'])

export interface ShownLayers {
  /** What is known of the slide, bottom first. */
  slide: Layer[]
  /** What the hand is about to do: changes with every move of the pointer, so it is drawn apart. */
  hand: Layer[]
}

/** The layers of the open slide. The callbacks are called when something of theirs looks different. */
export function shownLayers(redraw: () => void, redrawHand: () => void): ShownLayers {
  const viewport = useViewport()
  const patches = usePatches()
  const labels = useLabels()
  const predictions = usePredictions()
  const overlay = useOverlay()
  const frame = useWindow()
  const maskBrush = useMaskBrush()

  const draft = computed(() => {
    const { draft, draftResult } = patches
    return draft && draft.slide === viewport.slideId && draftResult && 'geometry' in draftResult
      ? draftResult.geometry
      : null
  })

  const mask = maskLayer(() => {
    const grid = patches.openGrid
    if (!grid || draft.value) return null
    const trial = patches.preview?.grid === grid.id ? patches.preview.result : null
    const stroke = maskBrush.stroke?.grid === grid.id ? maskBrush.stroke.inside : null
    const inside = trial?.inside ?? stroke ?? patches.masks.get(grid.id)?.inside
    return inside ? { grid, inside, found: trial?.found ?? null } : null
  })

  const shownPredictions = computed(() => {
    const run = predictions.shownRun
    const probabilities = predictions.shown
    const grid = run && patches.gridById(run.source)
    if (!run || !probabilities || !grid || !overlay.shown.predictions) return null
    const { map, threshold, hideBelow, opacity } = overlay
    return { run, grid, probabilities, map, threshold, hideBelow, opacity, positive: predictions.positiveOf(run) }
  })
  const prediction = predictionLayer(() => shownPredictions.value)

  const label = labelLayer(() => {
    const grid = patches.openGrid
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
    return overlay.shown.grid && patches.openGrid ? { grid: patches.openGrid, colour: GRID_LINE } : null
  })

  const pointer = pointerLayer(() => {
    const open = patches.openGrid
    const tool = frame.toolInHand
    if (draft.value || tool === 'pan') return null
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

  onScopeDispose(
    labels.onShown((source, changed) => {
      if (source !== patches.openGrid?.id) return
      label.changed(changed)
      redraw()
    }),
  )
  onScopeDispose(
    maskBrush.onPainted((changed) => {
      mask.changed(changed)
      redraw()
    }),
  )
  onScopeDispose(
    predictions.onBlock((run, arrived) => {
      if (run !== predictions.shownRun?.id) return
      prediction.arrived(arrived)
      redraw()
    }),
  )
  watch(
    () => [labels.classes, patches.openGrid] as const,
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
      patches.openGrid && patches.masks.get(patches.openGrid.id),
    ],
    redraw,
  )
  watch(
    () => [
      overlay.brush,
      draft.value,
      patches.openGrid,
      viewport.cursor,
      viewport.patch,
      viewport.rectangle,
      frame.toolInHand,
      labels.activeClass,
    ],
    redrawHand,
  )

  return { slide: [mask, prediction, grid, label], hand: [pointer] }
}
