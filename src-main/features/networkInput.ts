/**
 * From the pixels of patches to the input of a network:
 *
 *   uint8 [patch, height, width, channel] → float32 [patch, channel, height, width]    (value / 255 − mean) / std
 */
import { tesseraError } from '../../src-shared/errors.ts'
import type { Normalisation } from '../../src-shared/models.ts'
import { patchBytes, type PatchShape } from './patchShape.ts'
import type { Walk } from './symmetries.ts'

/** Network input of each of the 256 values of a byte: one table for each channel. */
export function normalisationTables(normalisation: Normalisation, channels: number): Float32Array[] {
  return Array.from({ length: channels }, (_, channel) => {
    const { mean, std } = channelNormalisation(normalisation, channel)
    return Float32Array.from({ length: 256 }, (_, value) => (value / 255 - mean) / std)
  })
}

/** @throws {TesseraError} MODEL_INPUT_MISMATCH when the normalisation has no figures for the channel */
export function channelNormalisation(normalisation: Normalisation, channel: number): { mean: number; std: number } {
  const mean = normalisation.mean[channel]
  const std = normalisation.std[channel]
  if (mean === undefined || std === undefined)
    throw tesseraError(
      'MODEL_INPUT_MISMATCH',
      `The normalisation has ${normalisation.mean.length} means and ${normalisation.std.length} deviations, but channel ${channel + 1} is needed.`,
      { model: 'normalisation', expected: `${channel + 1} channels`, actual: `${normalisation.mean.length} channels` },
    )
  return { mean, std }
}

/**
 * @param walk which way round the patches are read
 * @param into [count, channel, height, width], filled from its start
 */
export function toNetworkInput(
  pixels: Uint8Array,
  count: number,
  shape: PatchShape,
  tables: readonly Float32Array[],
  walk: Walk,
  into: Float32Array,
): void {
  const bytes = patchBytes(shape)
  for (let patch = 0; patch < count; patch++)
    copyValues(pixels, patch * bytes, into, patch * bytes, shape, walk, tables)
}

/** Reads one patch along a walk, and looks each value up in the table of its channel. */
export function copyValues(
  pixels: Uint8Array,
  from: number,
  into: Float32Array,
  to: number,
  { channels, height, width }: PatchShape,
  { start, perRow, perColumn }: Walk,
  tables: readonly Float32Array[],
): void {
  let at = to
  for (const [channel, table] of tables.entries())
    for (let row = 0; row < height; row++) {
      let pixel = start + row * perRow
      for (let column = 0; column < width; column++, pixel += perColumn)
        into[at++] = table[pixels[from + pixel * channels + channel]!]!
    }
}
