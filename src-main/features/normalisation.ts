/**
 * Mean and standard deviation of the training patches' values, 0 … 1, for each channel: a network learns fastest when
 * its inputs have mean 0 and spread 1. Never measured on held-out patches.
 *
 * @see LeCun, Bottou, Orr, Müller, Efficient BackProp (1998), section 4.3
 */
import type { Normalisation } from '../../src-shared/models.ts'
import type { PatchPixels } from './pixelFile.ts'
import { patchBytes } from './patchShape.ts'

/** More patches than this do not change the third digit. */
const MOST_PATCHES = 2000
/** A channel with one value everywhere would have spread 0; it is divided by this instead. */
const LEAST_STD = 0.01

/** Of at most 2,000 patches, evenly spaced. */
export function measureNormalisation(pixels: PatchPixels): Normalisation {
  const { channels } = pixels.shape
  const bytes = patchBytes(pixels.shape)
  const used = Math.min(pixels.count, MOST_PATCHES)
  const sums = new Float64Array(channels)
  const squares = new Float64Array(channels)
  for (let i = 0; i < used; i++) {
    const { pixels: values, at } = pixels.patch(Math.floor((i * pixels.count) / used))
    for (let byte = 0; byte < bytes; byte++) {
      const value = values[at + byte]! / 255
      sums[byte % channels]! += value
      squares[byte % channels]! += value * value
    }
  }
  const n = (used * bytes) / channels
  const mean = Array.from(sums, (sum) => round(sum / n))
  const std = Array.from(squares, (square, channel) =>
    round(Math.max(LEAST_STD, Math.sqrt(Math.max(0, square / n - (sums[channel]! / n) ** 2)))),
  )
  return { mean, std }
}

/** Four digits: the card shows them, and what it shows is what is used. */
const round = (value: number): number => Math.round(value * 1e4) / 1e4
