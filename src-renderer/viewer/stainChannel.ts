/**
 * One stain of a picture alone: how much of it lies in each px, drawn in the stain's own colour or in grey.
 *
 *   amount = max(0, Σ density[c] · matrix⁻¹[c][stain])       value[c] = 256 · exp(−amount · colour[c]) − 1
 *
 * Two look-ups and a sum for each channel: what a value adds to the place in a table is known beforehand, and so is the
 * colour at each place. The residual has no colour of its own (it would be brighter than glass) and is always grey.
 * @see Ruifrok, Johnston (2001), as ../../src-shared/stains.ts
 */
import type { SlideLook } from '../../src-shared/look.ts'
import { DENSITY, inverse, pairMatrix, STEPS_PER_DENSITY } from '../../src-shared/stains.ts'

export type StainView = Pick<SlideLook, 'stains' | 'grey'> & { shown: Exclude<SlideLook['shown'], 'colour'> }

const ROWS = { haematoxylin: 0, other: 1, residual: 2 } as const

/** A colour that dims red, green and blue alike, of unit length as the stains. */
const GREY = [1, 1, 1].map((each) => each / Math.sqrt(3))

/** Shows the stain alone: changes px in place, RGBA. Opaque px stay opaque; others become so. */
export type StainPainter = (rgba: Uint8ClampedArray) => void

export function stainPainter({ stains, shown, grey }: StainView): StainPainter {
  const matrix = pairMatrix(stains)
  const unmix = inverse(matrix)
  const row = ROWS[shown]
  const colour = grey || shown === 'residual' ? GREY : matrix.slice(3 * row, 3 * row + 3)
  const steps = new Int32Array(3 * 256)
  for (let channel = 0; channel < 3; channel++)
    for (let value = 0; value < 256; value++)
      steps[256 * channel + value] = Math.round(DENSITY[value]! * unmix[3 * channel + row]! * STEPS_PER_DENSITY)
  const most = [0, 256, 512].reduce((sum, start) => sum + Math.max(...steps.subarray(start, start + 256)), 0)
  const colours = colourTable(colour, most + 1)

  return (rgba) => {
    const words = new Uint32Array(rgba.buffer, rgba.byteOffset, rgba.length / 4)
    for (let px = 0, at = 0; px < words.length; px++, at += 4) {
      const place = steps[rgba[at]!]! + steps[256 + rgba[at + 1]!]! + steps[512 + rgba[at + 2]!]!
      words[px] = colours[place < 0 ? 0 : place]!
    }
  }
}

/** RGBA by amount, in steps. */
function colourTable(colour: readonly number[], length: number): Uint32Array {
  const bytes = new Uint8ClampedArray(4 * length)
  for (let step = 0; step < length; step++) {
    const amount = step / STEPS_PER_DENSITY
    for (let channel = 0; channel < 3; channel++)
      bytes[4 * step + channel] = 256 * Math.exp(-amount * colour[channel]!) - 1
    bytes[4 * step + 3] = 255
  }
  return new Uint32Array(bytes.buffer)
}
