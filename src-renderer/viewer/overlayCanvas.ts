/** A canvas over the tiles; its layers are drawn together, at most once for each frame of the screen. */
import type { View } from '../stores/viewport.ts'
import { turnOf } from './coordinates.ts'
import type { Layer } from './layers/layer.ts'

export interface OverlayCanvas {
  readonly canvas: HTMLCanvasElement
  /** Draws now, with the tiles, so that the overlay never lags behind the slide. */
  drawNow(view: View): void
  /** Draws with the next frame. */
  schedule(): void
  destroy(): void
}

export function overlayCanvas(parent: HTMLElement, view: () => View | null, layers: readonly Layer[]): OverlayCanvas {
  const canvas = document.createElement('canvas')
  canvas.className = 'overlay-canvas'
  canvas.setAttribute('aria-hidden', 'true')
  parent.append(canvas)
  const g = canvas.getContext('2d')!
  let scheduled = 0

  function drawNow(now: View): void {
    const density = devicePixelRatio
    const width = Math.round(now.width * density)
    const height = Math.round(now.height * density)
    if (canvas.width !== width || canvas.height !== height) {
      canvas.width = width
      canvas.height = height
    }
    g.setTransform(1, 0, 0, 1, 0, 0)
    g.clearRect(0, 0, width, height)
    const { a, b, c, d } = turnOf(now)
    // Layers count from the middle of the viewer: canvases compute in 32 bits, and a corner of the slide can be far away.
    g.setTransform(
      density * a,
      density * b,
      density * c,
      density * d,
      (density * now.width) / 2,
      (density * now.height) / 2,
    )
    for (const layer of layers) layer.draw({ g, view: now, density })
  }

  return {
    canvas,
    drawNow,
    schedule() {
      scheduled ||= requestAnimationFrame(() => {
        scheduled = 0
        const now = view()
        if (now) drawNow(now)
      })
    },
    destroy() {
      cancelAnimationFrame(scheduled)
      canvas.remove()
    },
  }
}
