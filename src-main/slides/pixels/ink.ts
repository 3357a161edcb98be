/**
 * Ink of the pens slides are marked with, told from stained tissue by its colour. Pure.
 *
 * The idea, thresholds on the colour of each pen, is that of HistoQC (Janowczyk et al., JCO Clinical Cancer Informatics 3,
 * 2019) and of the pen filters of deep-histopath and histolab (Marcolini et al., SoftwareX 20, 2022); they work on full
 * pixels in RGB. Here it is the mean colour of 8 × 8 µm in HSV, where nuclei and stroma have blended into one violet or
 * pink: haematoxylin and eosin always dim green light the most, pens of other colours do not.
 */
import { INKS, type Ink } from '../../../src-shared/masks.ts'
import { hsvOf } from './hsv.ts'

type Hsv = ReturnType<typeof hsvOf>

/**
 * Chosen so that of 18,706 real patches of PatchCamelyon only those count as green, blue or black that show marking ink or
 * the black edge of a scan, and hardly any blood as red; docs/decisions.md has the figures.
 */
const RULES: Record<Ink, (colour: Hsv) => boolean> = {
  // No stain of H&E is green; what is nearly grey may lean to any side.
  green: ({ hue, saturation }) => hue >= 75 && hue <= 195 && saturation >= 0.18,
  // Haematoxylin lies above 236°, blue-violet; the pale blue of an immunostain’s nuclei is below 0.38.
  blue: ({ hue, saturation }) => hue > 195 && hue <= 236 && saturation >= 0.38,
  // The darkest nuclei are deep violet, DAB is deep brown: dark and colourful.
  black: ({ saturation, value }) => value < 0.36 && saturation < 0.35,
  // Eosin and blood lean to magenta; a lake of blood lies about 352°, with a saturation of at most 0.73.
  red: ({ hue, saturation, value }) =>
    value >= 0.4 && (((hue >= 354 || hue <= 18) && saturation >= 0.5) || (hue >= 346 && saturation >= 0.76)),
}

/** The ink of one colour; null = none. @param red, green, blue 0 … 255 */
export function inkAt(red: number, green: number, blue: number): Ink | null {
  const colour = hsvOf(red, green, blue)
  return INKS.find((ink) => RULES[ink](colour)) ?? null
}

/** @param rgb [pixel, 3] @returns 0 = no ink, else 1 + its place in INKS: [pixel] */
export function inkOf(rgb: Uint8Array): Uint8Array {
  const ink = new Uint8Array(rgb.length / 3)
  for (let i = 0, at = 0; i < ink.length; i++, at += 3) {
    const found = inkAt(rgb[at]!, rgb[at + 1]!, rgb[at + 2]!)
    if (found !== null) ink[i] = 1 + INKS.indexOf(found)
  }
  return ink
}
