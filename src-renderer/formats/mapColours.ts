/** Colours of numbers over a map. Pure. */
import { VIRIDIS } from '../../src-shared/viridis.ts'

/**
 * `viridis`: from least to greatest. `signed`: 0 is clear, what speaks for a class vermilion, what speaks against it blue, the
 * stronger the number the less is seen through: colours of Okabe and Ito (2008), told apart with red-green blindness.
 */
export type MapScale =
  | { kind: 'viridis'; least: number; greatest: number }
  | { kind: 'signed'; most: number; opacity: number }

export const FOR: readonly [number, number, number] = [213, 94, 0]
export const AGAINST: readonly [number, number, number] = [0, 90, 181]

/**
 * @param first place of the first number
 * @param into RGBA bytes, as many px as are filled
 */
export function mapColours(values: Float32Array, first: number, scale: MapScale, into: Uint8ClampedArray): void {
  for (let px = 0; px * 4 < into.length; px++) {
    const [red, green, blue, alpha] = colourOf(values[first + px] ?? 0, scale)
    into[4 * px] = red
    into[4 * px + 1] = green
    into[4 * px + 2] = blue
    into[4 * px + 3] = alpha
  }
}

function colourOf(value: number, scale: MapScale): readonly [number, number, number, number] {
  if (scale.kind === 'viridis') {
    const range = scale.greatest - scale.least
    const share = range > 0 ? (value - scale.least) / range : 0
    const [red, green, blue] = VIRIDIS[Math.min(255, Math.max(0, Math.round(share * 255)))]!
    return [red, green, blue, 255]
  }
  const share = scale.most > 0 ? Math.min(1, Math.abs(value) / scale.most) : 0
  return [...(value >= 0 ? FOR : AGAINST), 255 * share * scale.opacity]
}

/** The largest number of a map, signs left out. */
export const mostOf = (values: Float32Array): number =>
  values.reduce((most, value) => Math.max(most, Math.abs(value)), 0)

/**
 * The number that all but one in a hundred stay below, signs left out: a scale that a few px far above all others do not
 * make colourless. Of a map with hardly any numbers but 0 the largest.
 */
export function strongOf(values: Float32Array): number {
  const sizes = values.map(Math.abs).toSorted()
  return sizes[Math.floor(0.99 * (sizes.length - 1))] || (sizes.at(-1) ?? 0)
}

/** least and greatest of a stretch of numbers */
export function rangeOf(values: Float32Array, first: number, length: number): { least: number; greatest: number } {
  let [least, greatest] = [Infinity, -Infinity]
  for (let at = first; at < first + length; at++) {
    least = Math.min(least, values[at]!)
    greatest = Math.max(greatest, values[at]!)
  }
  return { least, greatest }
}
