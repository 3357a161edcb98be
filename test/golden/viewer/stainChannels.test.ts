/** Stain channels against NumPy in double precision: numbers made by make_stain_channels.py. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { stainPainter, type StainView } from '../../../src-renderer/viewer/stainChannel.ts'
import { DENSITY, inverse, pairMatrix } from '../../../src-shared/stains.ts'

type Case = StainView & { amounts: number[]; values: number[] }
const { pixels, cases } = JSON.parse(readFileSync(new URL('stain_channels.json', import.meta.url), 'utf8')) as {
  pixels: number[]
  cases: Case[]
}
const ROWS = { haematoxylin: 0, other: 1, residual: 2 }

test.each(cases)('$stains, $shown alone, grey $grey: amounts and colours are the published ones', (golden) => {
  const unmix = inverse(pairMatrix(golden.stains))
  const count = pixels.length / 3
  const rgba = new Uint8ClampedArray(4 * count).fill(255)
  for (let px = 0; px < count; px++) {
    const rgb = pixels.slice(3 * px, 3 * px + 3)
    const amount = rgb.reduce(
      (sum, value, channel) => sum + DENSITY[value]! * unmix[3 * channel + ROWS[golden.shown]]!,
      0,
    )
    expect(Math.max(0, amount), `amount in px ${px}`).toBeCloseTo(golden.amounts[px]!, 8)
    rgba.set(rgb, 4 * px)
  }
  stainPainter(golden)(rgba)
  for (let px = 0; px < count; px++) {
    for (let channel = 0; channel < 3; channel++)
      expect(Math.abs(rgba[4 * px + channel]! - golden.values[3 * px + channel]!), `px ${px}`).toBeLessThan(1)
    expect(rgba[4 * px + 3]).toBe(255)
  }
})
