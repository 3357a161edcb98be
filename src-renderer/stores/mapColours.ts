/**
 * Colours of the points of a map, and what they mean. Pure.
 *
 * A point that has nothing to say (no label, no prediction, another slide) is quiet: grey, and drawn below the others.
 */
import { type Rgb, VIRIDIS } from '../../src-shared/viridis.ts'

export type LegendEntry = { name: string; colour: string; points: number }
export type MapLegend =
  | { kind: 'classes'; title: string; entries: LegendEntry[]; quiet: { name: string; points: number } | null }
  | { kind: 'scale'; title: string; quiet: { name: string; points: number } | null }

export type Coloured = {
  /** [point, 4] red, green, blue, and 255 or, for quiet ones, 0 */
  pixels: Uint8Array
  legend: MapLegend
}

/** More slides than this can not be told apart by colour. */
export const MOST_SLIDE_COLOURS = 10

export type Category = { name: string; colour: string }

const rgb = (colour: string): Rgb => [
  Number.parseInt(colour.slice(1, 3), 16),
  Number.parseInt(colour.slice(3, 5), 16),
  Number.parseInt(colour.slice(5, 7), 16),
]

/**
 * @param categoryOf [point] 1 + index into `categories`; 0 = quiet
 * @param quietName what quiet points are
 */
export function byCategory(
  title: string,
  categoryOf: Uint16Array,
  categories: readonly Category[],
  quietName: string,
): Coloured {
  const pixels = new Uint8Array(4 * categoryOf.length)
  const table = categories.map(({ colour }) => rgb(colour))
  const counts = new Uint32Array(categories.length + 1)
  for (let point = 0; point < categoryOf.length; point++) {
    const category = categoryOf[point]!
    counts[category]!++
    if (category === 0) continue
    const [red, green, blue] = table[category - 1]!
    const at = 4 * point
    pixels[at] = red
    pixels[at + 1] = green
    pixels[at + 2] = blue
    pixels[at + 3] = 255
  }
  const entries = categories
    .map(({ name, colour }, i) => ({ name, colour, points: counts[i + 1]! }))
    .filter(({ points }) => points > 0)
  const quiet = counts[0]! > 0 ? { name: quietName, points: counts[0]! } : null
  return { pixels, legend: { kind: 'classes', title, entries, quiet } }
}

/** @param values [point] 0 … 1, NaN = quiet */
export function byScale(title: string, values: Float32Array, quietName: string): Coloured {
  const pixels = new Uint8Array(4 * values.length)
  let silent = 0
  for (let point = 0; point < values.length; point++) {
    const value = values[point]!
    if (Number.isNaN(value)) {
      silent++
      continue
    }
    pixels.set(VIRIDIS[Math.min(255, (value * 256) | 0)]!, 4 * point)
    pixels[4 * point + 3] = 255
  }
  return {
    pixels,
    legend: { kind: 'scale', title, quiet: silent > 0 ? { name: quietName, points: silent } : null },
  }
}
