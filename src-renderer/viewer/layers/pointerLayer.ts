/** What the hand is about to do: the outline of the patch, the ring of the brush, the rectangle being drawn. */
import { type GridGeometry, patchRect, type Rect } from '../../../src-shared/patches.ts'
import type { SlidePoint } from '../../stores/viewport.ts'
import { type AlignedRect, level0RectToAligned, level0ToAligned } from '../coordinates.ts'
import type { Frame, Layer } from './layer.ts'

export interface ShownPointer {
  grid: GridGeometry | null
  patch: number | null
  /** Where the pointer is, when a brush larger than one patch is in hand. */
  ring: { centre: SlidePoint; radiusX: number; radiusY: number } | null
  rectangle: Rect | null
  colour: string
}

/** A white line under the coloured one: seen on dark nuclei and on bare glass alike. */
function outline({ g }: Frame, colour: string, draw: () => void): void {
  for (const [style, width] of [
    ['rgb(255 255 255 / 0.85)', 4],
    [colour, 2],
  ] as const) {
    g.strokeStyle = style
    g.lineWidth = width
    g.beginPath()
    draw()
    g.stroke()
  }
}

export function pointerLayer(current: () => ShownPointer | null): Layer {
  return {
    draw(frame) {
      const shown = current()
      if (!shown) return
      const { grid, patch, ring, rectangle, colour } = shown
      const { g, view } = frame
      const box = ({ x, y, width, height }: AlignedRect) => g.rect(x, y, width, height)
      if (grid && patch !== null) outline(frame, colour, () => box(level0RectToAligned(view, patchRect(grid, patch))))
      if (ring) {
        const { x, y } = level0ToAligned(view, ring.centre)
        outline(frame, colour, () =>
          g.ellipse(x, y, ring.radiusX * view.pxPerLevel0, ring.radiusY * view.pxPerLevel0, 0, 0, 2 * Math.PI),
        )
      }
      if (rectangle) outline(frame, colour, () => box(level0RectToAligned(view, rectangle)))
    },
  }
}
