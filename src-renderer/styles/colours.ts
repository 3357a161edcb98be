/** Colours as numbers: `#c80000` to red, green, blue, and back to what CSS reads. */
import { type Rgb, VIRIDIS } from '../../src-shared/viridis.ts'

/** @param colour like #c80000 */
export const rgbOf = (colour: string): Rgb => [
  Number.parseInt(colour.slice(1, 3), 16),
  Number.parseInt(colour.slice(3, 5), 16),
  Number.parseInt(colour.slice(5, 7), 16),
]

export const cssOf = ([red, green, blue]: Rgb, alpha = 1): string => `rgb(${red} ${green} ${blue} / ${alpha})`

const STOPS = 9
/** The scale of legends, from left to right. */
export const VIRIDIS_RAMP = `linear-gradient(to right, ${Array.from({ length: STOPS }, (_, i) =>
  cssOf(VIRIDIS[Math.round((i * 255) / (STOPS - 1))]!),
).join(', ')})`
