/**
 * Brightness, contrast and gamma of what is drawn: a table laid over the tiles by the browser, so that a slider is seen
 * with the next frame. Overlays lie beside the tiles and keep their colours.
 */
import { displayTable, type SlideLook } from '../../src-shared/look.ts'

export interface DisplayFilter {
  set(look: SlideLook): void
  destroy(): void
}

const SVG = 'http://www.w3.org/2000/svg'
let filters = 0

/** @param tiles the canvas the tiles are drawn on; a picture of the view takes its filter over (snapshot.ts) */
export function displayFilter(tiles: HTMLElement): DisplayFilter {
  const id = `display-filter-${filters++}`
  const svg = document.createElementNS(SVG, 'svg')
  svg.setAttribute('aria-hidden', 'true')
  svg.setAttribute('width', '0')
  svg.setAttribute('height', '0')
  svg.style.position = 'absolute'
  const filter = document.createElementNS(SVG, 'filter')
  filter.setAttribute('id', id)
  // values as they are, not as light
  filter.setAttribute('color-interpolation-filters', 'sRGB')
  for (const [name, value] of Object.entries({ x: '0', y: '0', width: '1', height: '1' }))
    filter.setAttribute(name, value)
  const transfer = document.createElementNS(SVG, 'feComponentTransfer')
  const channels = ['feFuncR', 'feFuncG', 'feFuncB'].map((name) => document.createElementNS(SVG, name))
  for (const channel of channels) channel.setAttribute('type', 'table')
  transfer.append(...channels)
  filter.append(transfer)
  svg.append(filter)
  tiles.after(svg)

  return {
    set(look) {
      const { brightness, contrast, gamma } = look
      if (brightness === 0 && contrast === 1 && gamma === 1) {
        tiles.style.filter = ''
        return
      }
      const values = displayTable(look)
        .map((value) => value.toFixed(5))
        .join(' ')
      for (const channel of channels) channel.setAttribute('tableValues', values)
      tiles.style.filter = `url("#${id}")`
    },
    destroy() {
      tiles.style.filter = ''
      svg.remove()
    },
  }
}
