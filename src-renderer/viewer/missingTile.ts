/**
 * The picture of a tile that can not be read. It must not look like glass, which a person takes for “nothing there”, nor
 * like tissue: grey stripes with a word on them, as everywhere else where pixels are missing.
 */
import { MISSING_STRIPES } from '../../src-shared/slides.ts'

/** px of a tile from which on the word fits. */
const ROOM_FOR_WORD = 96

export function missingTile(width: number, height: number): OffscreenCanvas {
  const { dark, light, period, stripe } = MISSING_STRIPES
  const canvas = new OffscreenCanvas(width, height)
  const g = canvas.getContext('2d')!
  g.fillStyle = grey(dark)
  g.fillRect(0, 0, width, height)
  g.fillStyle = grey(light)
  for (let from = 0; from < width + height; from += period) {
    g.beginPath()
    g.moveTo(from, 0)
    g.lineTo(from + stripe, 0)
    g.lineTo(from + stripe - height, height)
    g.lineTo(from - height, height)
    g.fill()
  }
  if (Math.min(width, height) < ROOM_FOR_WORD) return canvas
  g.font = `600 ${Math.round(width / 12)}px system-ui, sans-serif`
  g.textAlign = 'center'
  g.textBaseline = 'middle'
  g.lineWidth = width / 32
  g.strokeStyle = grey(dark)
  g.strokeText('missing', width / 2, height / 2)
  g.fillStyle = '#fff'
  g.fillText('missing', width / 2, height / 2)
  return canvas
}

const grey = (value: number): string => `rgb(${value} ${value} ${value})`
