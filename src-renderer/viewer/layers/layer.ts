/**
 * What every layer is given to draw with: a canvas whose unit is one CSS px, whose origin is the middle of the viewer and
 * whose axes are those of the slide (it is turned and mirrored with it), and the view.
 */
import type { View } from '../../stores/viewport.ts'

export interface Frame {
  g: CanvasRenderingContext2D
  view: View
  /** device px per CSS px */
  density: number
}

export interface Layer {
  draw(frame: Frame): void
}
