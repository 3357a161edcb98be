/**
 * Where a slide holds tissue: Otsu's threshold on saturation, then a closing with a disc. Pure: pixels in, shares out.
 *
 * Glass is colourless, stained tissue is not, whatever the brightness of the scan (Otsu, IEEE Trans. SMC 9, 1979;
 * saturation as in CLAM, Lu et al., Nature Biomedical Engineering 2021).
 */
import { type GridGeometry, patchCount, patchRect } from '../../../src-shared/patches.ts'
import { squaredDistance } from './distance.ts'

/** Saturation of HSV, 0 … 255, of a slide at a low scale: [height, width]. */
export type SaturationImage = {
  values: Uint8Array
  width: number
  height: number
  /** level-0 px that one px stands for, along each axis */
  scaleX: number
  scaleY: number
}

/** Bare glass has no two groups to tell apart; below CLAM's fixed threshold nothing counts as tissue. */
const LEAST_THRESHOLD = 8 / 255

/** S = (max − min) / max of R, G, B; 0 for black. @param rgb [pixel, 3] */
export function saturationOf(rgb: Uint8Array): Uint8Array {
  const saturation = new Uint8Array(rgb.length / 3)
  for (let i = 0, at = 0; i < saturation.length; i++, at += 3) {
    const most = Math.max(rgb[at]!, rgb[at + 1]!, rgb[at + 2]!)
    const least = Math.min(rgb[at]!, rgb[at + 1]!, rgb[at + 2]!)
    saturation[i] = most === 0 ? 0 : Math.round((255 * (most - least)) / most)
  }
  return saturation
}

/**
 * The threshold that splits values into two groups with the largest variance between them.
 *
 *   σ²(t) = (μ · ω(t) − μ(t))² / (ω(t) · (1 − ω(t)))      ω(t), μ(t) = share and mean part of the values ≤ t
 *
 * @returns 0 … 1; values above it are the upper group. Where several thresholds are equally good, their middle.
 */
export function otsuThreshold(values: Uint8Array): number {
  const histogram = new Float64Array(256)
  for (const value of values) histogram[value]!++
  const mean = histogram.reduce((sum, count, value) => sum + count * value, 0) / values.length
  let [share, part, best, first, last] = [0, 0, -1, 0, 0]
  for (let value = 0; value < 255; value++) {
    share += histogram[value]! / values.length
    part += (histogram[value]! * value) / values.length
    const spread = share * (1 - share)
    const between = spread > 0 ? (mean * share - part) ** 2 / spread : 0
    if (between > best * (1 + 1e-9)) [best, first] = [between, value]
    if (between >= best * (1 - 1e-9)) last = value
  }
  return (first + last) / 2 / 255
}

/**
 * The threshold in force: otsu · 2^-sensitivity, but never so low that bare glass counts as tissue.
 * @returns saturation 0 … 1
 */
export const tissueThreshold = (otsu: number, sensitivity: number): number =>
  Math.min(1, Math.max(LEAST_THRESHOLD, otsu * 2 ** -sensitivity))

/**
 * Closing with a disc: grown by `radius`, then shrunk by it, which fills gaps and holes narrower than the disc. Outside
 * the picture neither grows nor shrinks anything.
 *
 * @param mask 1 = tissue: [height, width]
 * @param radius px
 */
export function closeMask(mask: Uint8Array, width: number, radius: number): Uint8Array {
  if (radius < 1) return mask
  const reach = radius * radius
  const grown = within(squaredDistance(mask, 1, width), reach)
  const toGlass = squaredDistance(grown, 0, width)
  const closed = new Uint8Array(mask.length)
  for (let i = 0; i < closed.length; i++) closed[i] = toGlass[i]! > reach ? 1 : 0
  return closed
}

function within(distance: Float64Array, reach: number): Uint8Array {
  const near = new Uint8Array(distance.length)
  for (let i = 0; i < near.length; i++) near[i] = distance[i]! <= reach ? 1 : 0
  return near
}

type TissueWanted = { sensitivity: number; /** µm */ closing: number }

/**
 * @param mppX, mppY µm per level-0 px
 * @returns the share of tissue in each patch of a grid, 0 … 1: [patch]; and the threshold used, saturation 0 … 1
 */
export function tissueShare(
  image: SaturationImage,
  grid: GridGeometry,
  mppX: number,
  mppY: number,
  { sensitivity, closing }: TissueWanted,
): { share: Float32Array; threshold: number } {
  const { values, width, height, scaleX, scaleY } = image
  const threshold = tissueThreshold(otsuThreshold(values), sensitivity)
  const coloured = new Uint8Array(values.length)
  for (let i = 0; i < coloured.length; i++) coloured[i] = values[i]! > threshold * 255 ? 1 : 0
  const micronsPerPx = (scaleX * mppX + scaleY * mppY) / 2
  const sums = integral(closeMask(coloured, width, closing / micronsPerPx), width, height)
  const share = new Float32Array(patchCount(grid))
  for (let patch = 0; patch < share.length; patch++) {
    const rect = patchRect(grid, patch)
    const left = rect.x / scaleX
    const top = rect.y / scaleY
    const right = Math.min(width, (rect.x + rect.width) / scaleX)
    const bottom = Math.min(height, (rect.y + rect.height) / scaleY)
    const tissue = sums(right, bottom) - sums(left, bottom) - sums(right, top) + sums(left, top)
    share[patch] = Math.min(1, Math.max(0, tissue / ((right - left) * (bottom - top))))
  }
  return { share, threshold }
}

/**
 * Area of tissue above and left of a point, which may lie inside a pixel: an integral image is exact between its points
 * when it is interpolated, because a pixel is one value all over.
 */
function integral(mask: Uint8Array, width: number, height: number): (x: number, y: number) => number {
  const stride = width + 1
  const sums = new Float64Array(stride * (height + 1))
  for (let y = 0; y < height; y++) {
    let row = 0
    for (let x = 0; x < width; x++) {
      row += mask[y * width + x]!
      sums[(y + 1) * stride + x + 1] = sums[y * stride + x + 1]! + row
    }
  }
  return (x, y) => {
    const column = Math.min(width - 1, Math.floor(x))
    const line = Math.min(height - 1, Math.floor(y))
    const [right, down] = [x - column, y - line]
    const at = line * stride + column
    const above = sums[at]! * (1 - right) + sums[at + 1]! * right
    const below = sums[at + stride]! * (1 - right) + sums[at + stride + 1]! * right
    return above * (1 - down) + below * down
  }
}
