/**
 * Gaussian blur of a patch, as of a scanner a little out of focus: rows, then columns; whole numbers, 1/256 fine.
 *
 *   weight[k] ∝ exp(−k² / 2σ²), |k| ≤ radius = ⌈2.5 σ⌉, adding up to 1; the edge is repeated outwards
 */
import type { PatchShape } from './patchShape.ts'

/** Below this nothing would change. */
const LEAST_SIGMA = 0.2
const ONE = 256

/** Makes the function that blurs patches of one shape; it keeps scratch of its own between calls. */
export function blurrer({ channels, height, width }: PatchShape) {
  const row = width * channels
  /** One row with its edges repeated outwards, and all rows after the first pass. */
  let padded = new Uint8Array()
  const half = new Uint16Array(row * height)
  /** @param pixels [height, width, channel], changed in place @param sigma px */
  return (pixels: Uint8Array, sigma: number): void => {
    if (sigma < LEAST_SIGMA) return
    const weights = kernel(sigma)
    const border = (weights.length - 1) * channels
    if (padded.length < row + 2 * border) padded = new Uint8Array(row + 2 * border)
    for (let y = 0; y < height; y++) {
      const start = y * row
      padded.set(pixels.subarray(start, start + row), border)
      for (let at = 0; at < border; at++) {
        padded[at] = pixels[start + (at % channels)]!
        padded[border + row + at] = pixels[start + row - channels + (at % channels)]!
      }
      weighRow(padded, border, channels, weights, half, start, row)
    }
    for (let y = 0; y < height; y++) weighColumn(half, y, height, row, weights, pixels)
  }
}

/** sums[x] = Σ weight[k] · (values[x − k] + values[x + k]), first and second distance written out: most blurs have no more */
function weighRow(
  values: Uint8Array,
  border: number,
  channels: number,
  weights: Int32Array,
  sums: Uint16Array,
  start: number,
  row: number,
): void {
  const [w0 = 0, w1 = 0, w2 = 0] = weights
  const radius = weights.length - 1
  const two = Math.min(2, radius) * channels
  for (let x = 0, at = border; x < row; x++, at++) {
    let sum =
      w0 * values[at]! +
      w1 * (values[at - channels]! + values[at + channels]!) +
      w2 * (values[at - two]! + values[at + two]!)
    for (let k = 3; k <= radius; k++) sum += weights[k]! * (values[at - k * channels]! + values[at + k * channels]!)
    sums[start + x] = sum
  }
}

function weighColumn(
  sums: Uint16Array,
  y: number,
  height: number,
  row: number,
  weights: Int32Array,
  pixels: Uint8Array,
): void {
  const [w0 = 0, w1 = 0, w2 = 0] = weights
  const radius = weights.length - 1
  const above = (k: number) => Math.max(0, y - k) * row
  const below = (k: number) => Math.min(height - 1, y + k) * row
  const [here, up1, down1, up2, down2] = [y * row, above(1), below(1), above(2), below(2)]
  for (let x = 0; x < row; x++) {
    let sum = w0 * sums[here + x]! + w1 * (sums[up1 + x]! + sums[down1 + x]!) + w2 * (sums[up2 + x]! + sums[down2 + x]!)
    for (let k = 3; k <= radius; k++) sum += weights[k]! * (sums[above(k) + x]! + sums[below(k) + x]!)
    pixels[here + x] = (sum + (ONE * ONE) / 2) >> 16
  }
}

/** Weights of the centre and of each distance from it, in 1/256; both sides and the centre add up to 256. */
function kernel(sigma: number): Int32Array {
  const radius = Math.ceil(2.5 * sigma)
  const bell = Array.from({ length: radius + 1 }, (_, k) => Math.exp(-(k * k) / (2 * sigma * sigma)))
  const sum = bell.reduce((total, each, k) => total + (k === 0 ? each : 2 * each), 0)
  const weights = Int32Array.from(bell, (each) => Math.round((ONE * each) / sum))
  weights[0] = ONE - 2 * weights.subarray(1).reduce((total, each) => total + each, 0)
  return weights
}
