/**
 * Labels: a 2 px frame and a light fill in the colour of the class; a dot when far out; a texel when there are more than
 * can be drawn one by one.
 */
import type { PatchClass } from '../../../src-shared/labels.ts'
import type { GridGeometry } from '../../../src-shared/patches.ts'
import { cssOf, rgbOf } from '../../styles/colours.ts'
import { type CellRange, cellsInView } from '../coordinates.ts'
import { classPixels } from './colourTables.ts'
import type { Frame, Layer } from './layer.ts'
import { TexelMap } from './texelMap.ts'

/** CSS px of a patch from which on it is drawn as a frame */
const SMALLEST_FRAME = 12
const SMALLEST_DOT = 3
const FRAME = 2
const FILL = 0.18
const MOST_MARKS = 20_000

export interface ShownLabels {
  grid: GridGeometry
  /** [patch] class number, 0 = unlabelled */
  classOf: Uint16Array
  classes: readonly PatchClass[]
  /** Whether a patch is filled by its prediction already. */
  isPredicted: ((patch: number) => boolean) | null
}

export interface LabelLayer extends Layer {
  /** patches = null: all may have changed. */
  changed(patches: readonly number[] | null): void
}

export function labelLayer(current: () => ShownLabels | null): LabelLayer {
  let texels: { map: TexelMap; grid: GridGeometry } | null = null
  let stale: Set<number> | 'all' = 'all'

  function texelsOf(shown: ShownLabels): TexelMap {
    if (texels?.grid !== shown.grid) {
      texels = { map: new TexelMap(shown.grid), grid: shown.grid }
      stale = 'all'
    }
    const { pixels } = texels.map
    if (stale === 'all') {
      const table = classPixels(shown.classes)
      for (let patch = 0; patch < pixels.length; patch++) pixels[patch] = table[shown.classOf[patch]!] ?? 0
      texels.map.update()
    } else if (stale.size > 0) {
      const table = classPixels(shown.classes)
      const patches = [...stale]
      for (const patch of patches) pixels[patch] = table[shown.classOf[patch]!] ?? 0
      texels.map.update(patches)
    }
    stale = new Set()
    return texels.map
  }

  return {
    changed(patches) {
      if (patches === null || patches.length > MOST_MARKS) stale = 'all'
      else if (stale !== 'all') for (const patch of patches) stale.add(patch)
    },
    draw(frame) {
      const shown = current()
      const cells = shown && cellsInView(shown.grid, frame.view)
      if (!shown || !cells) return
      const marks = marksIn(shown, cells)
      if (!marks) texelsOf(shown).draw(frame, 0.75)
      else if (Math.min(shown.grid.edgeX, shown.grid.edgeY) * frame.view.pxPerLevel0 >= SMALLEST_FRAME)
        drawFrames(frame, shown, marks)
      else drawDots(frame, shown, marks)
    },
  }
}

/** Labelled patches in view by class; null when there are too many to draw one by one. */
function marksIn({ classOf, grid }: ShownLabels, cells: CellRange): Map<number, number[]> | null {
  const marks = new Map<number, number[]>()
  let count = 0
  for (let row = cells.top; row <= cells.bottom; row++)
    for (let patch = row * grid.columns + cells.left; patch <= row * grid.columns + cells.right; patch++) {
      const number = classOf[patch]!
      if (number === 0) continue
      if (++count > MOST_MARKS) return null
      const known = marks.get(number)
      if (known) known.push(patch)
      else marks.set(number, [patch])
    }
  return marks
}

function drawFrames(
  { g, view }: Frame,
  { grid, classes, isPredicted }: ShownLabels,
  marks: Map<number, number[]>,
): void {
  const scale = view.pxPerLevel0
  const width = grid.edgeX * scale - FRAME
  const height = grid.edgeY * scale - FRAME
  g.lineWidth = FRAME
  for (const { number, colour } of classes) {
    const patches = marks.get(number)
    if (!patches) continue
    const frame = new Path2D()
    g.fillStyle = cssOf(rgbOf(colour), FILL)
    for (const patch of patches) {
      const x = (grid.offsetX + (patch % grid.columns) * grid.strideX - view.centre.x) * scale + FRAME / 2
      const y = (grid.offsetY + Math.floor(patch / grid.columns) * grid.strideY - view.centre.y) * scale + FRAME / 2
      frame.rect(x, y, width, height)
      // Where both are visible, the label is the frame and the prediction the fill.
      if (!isPredicted?.(patch)) g.fillRect(x, y, width, height)
    }
    g.strokeStyle = colour
    g.stroke(frame)
  }
}

function drawDots({ g, view }: Frame, { grid, classes }: ShownLabels, marks: Map<number, number[]>): void {
  const scale = view.pxPerLevel0
  const dot = Math.max(SMALLEST_DOT, Math.min(grid.edgeX, grid.edgeY) * scale * 0.6)
  for (const { number, colour } of classes) {
    const patches = marks.get(number)
    if (!patches) continue
    g.fillStyle = colour
    for (const patch of patches) {
      const x = (grid.offsetX + (patch % grid.columns) * grid.strideX + grid.edgeX / 2 - view.centre.x) * scale
      const y =
        (grid.offsetY + Math.floor(patch / grid.columns) * grid.strideY + grid.edgeY / 2 - view.centre.y) * scale
      g.fillRect(x - dot / 2, y - dot / 2, dot, dot)
    }
  }
}
