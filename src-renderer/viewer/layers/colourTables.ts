/**
 * Tables from numbers to the pixels of an ImageData. Pure.
 *
 * A pixel is one 32-bit number, alpha blue green red from the top, because every machine we run on stores the lowest
 * byte first.
 */
import { rgbOf } from '../../styles/colours.ts'
import { type Rgb, VIRIDIS } from '../../../src-shared/viridis.ts'

export const CLEAR = 0

export const pixelOf = ([red, green, blue]: Rgb, alpha = 255): number =>
  ((alpha << 24) | (blue << 16) | (green << 8) | red) >>> 0

export const VIRIDIS_PIXELS = Uint32Array.from(VIRIDIS, (rgb) => pixelOf(rgb))

/** Class number or index → pixel; what is not in the table is clear. */
export function classPixels(classes: readonly { number: number; colour: string }[], alpha = 255): Uint32Array {
  const size = classes.reduce((most, { number }) => Math.max(most, number), 0) + 1
  const pixels = new Uint32Array(size)
  for (const { number, colour } of classes) pixels[number] = pixelOf(rgbOf(colour), alpha)
  return pixels
}

/** A probability → its row of VIRIDIS_PIXELS. */
export const viridisStep = (probability: number): number => Math.min(255, (probability * 256) | 0)
