/** What the viewer shows, as one picture: tiles, what is drawn over them, and a bar of a known length. */
import { micrometres } from '../formats/numbers.ts'
import { scaleBar } from '../formats/scaleBar.ts'

export interface ShownView {
  /** as the drawer of tiles left it, device px */
  tiles: HTMLCanvasElement
  /** what lies over the tiles, bottom first */
  overlays: readonly HTMLCanvasElement[]
  /** device px per CSS px */
  density: number
  /** µm per CSS px; null = not known, then there is no bar */
  micronPerScreenPx: number | null
}

/** CSS px, as components/ScaleBar.vue */
const MARGIN = 10
const PADDING = { across: 8, above: 4, below: 5 }
const TICK = 5
const FONT = 11
const LINE = 13

/**
 * Both drawers of tiles leave their picture on a 2D canvas that keeps it, so that it can be copied at any time.
 *
 * @returns a canvas of as many px as the screen has for the viewer
 */
export function pictureOfView({ tiles, overlays, density, micronPerScreenPx }: ShownView): HTMLCanvasElement {
  const canvas = document.createElement('canvas')
  canvas.width = tiles.width
  canvas.height = tiles.height
  const g = canvas.getContext('2d')!
  // Where no tissue is drawn the screen shows the ground of the window; a picture for a paper is white there.
  g.fillStyle = '#fff'
  g.fillRect(0, 0, canvas.width, canvas.height)
  // What the screen does to the tiles when it shows them (brightness, contrast) is done here too.
  g.filter = getComputedStyle(tiles).filter
  g.drawImage(tiles, 0, 0)
  g.filter = 'none'
  for (const overlay of overlays) g.drawImage(overlay, 0, 0, canvas.width, canvas.height)
  if (micronPerScreenPx !== null) drawScaleBar(g, canvas.height / density, density, micronPerScreenPx)
  return canvas
}

function drawScaleBar(g: CanvasRenderingContext2D, height: number, density: number, micronPerScreenPx: number): void {
  const { microns, px } = scaleBar(micronPerScreenPx)
  const text = micrometres(microns).replace(/\.0+ /, ' ')
  g.save()
  g.scale(density, density)
  g.font = `${FONT}px system-ui, sans-serif`
  const inner = Math.max(px, g.measureText(text).width)
  const box = {
    width: inner + 2 * PADDING.across,
    height: PADDING.above + TICK + 2 + LINE + PADDING.below,
  }
  const [left, top] = [MARGIN, height - MARGIN - box.height]
  g.fillStyle = 'rgb(255 255 255 / 0.86)'
  g.fillRect(left, top, box.width, box.height)
  g.fillStyle = '#1b1f24'
  const [x, y] = [left + PADDING.across + (inner - px) / 2, top + PADDING.above]
  g.fillRect(x, y + TICK - 2, px, 2)
  g.fillRect(x, y, 1, TICK)
  g.fillRect(x + px - 1, y, 1, TICK)
  g.textAlign = 'center'
  g.textBaseline = 'middle'
  g.fillText(text, left + box.width / 2, y + TICK + 2 + LINE / 2)
  g.restore()
}
