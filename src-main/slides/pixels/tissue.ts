/**
 * Where a slide holds tissue: a threshold, a closing with a disc, holes filled, small pieces taken away. Pure: pixels in,
 * shares out.
 *
 * Glass is colourless, stained tissue is not, whatever the brightness of the scan (Otsu, IEEE Trans. SMC 9, 1979;
 * saturation as in CLAM, Lu et al., Nature Biomedical Engineering 2021). Where a stain is grey, tissue still is darker.
 */
import type { MaskMeasured, MaskParams } from '../../../src-shared/masks.ts'
import { INKS } from '../../../src-shared/masks.ts'
import type { GridGeometry } from '../../../src-shared/patches.ts'
import { dropPieces, fillHoles } from './components.ts'
import { squaredDistance } from './distance.ts'
import { hsvOf } from './hsv.ts'
import { shareOfPatches } from './patchShare.ts'

/** A slide at a low scale, the same for every pyramid it may have. */
export type TissueImage = {
  /** [height, width, 3] */
  rgb: Uint8Array
  /** ink of pens: 0 = none, else 1 + its place in INKS: [height, width] */
  ink: Uint8Array
  width: number
  height: number
  /** level-0 px that one px stands for, along each axis */
  scaleX: number
  scaleY: number
}

/** Bare glass has no two groups to tell apart; below CLAM's fixed threshold nothing counts as tissue. */
const LEAST_SATURATION = 8 / 255

/** Bare glass is not quite white; scanners show it at 230 to 250 of 255. */
const LEAST_DARKNESS = 0.1

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

/** 255 − Y, with the brightness Y = 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601). @param rgb [pixel, 3] */
export function darknessOf(rgb: Uint8Array): Uint8Array {
  const darkness = new Uint8Array(rgb.length / 3)
  for (let i = 0, at = 0; i < darkness.length; i++, at += 3)
    darkness[i] = 255 - Math.round((299 * rgb[at]! + 587 * rgb[at + 1]! + 114 * rgb[at + 2]!) / 1000)
  return darkness
}

/**
 * The threshold that splits values into two groups with the largest variance between them.
 *
 *   σ²(t) = (μ · ω(t) − μ(t))² / (ω(t) · (1 − ω(t)))      ω(t), μ(t) = share and mean part of the values ≤ t
 *
 * @param except 1 or more = not looked at: ink is neither tissue nor glass, and more colourful than both
 * @returns 0 … 1; values above it are the upper group. Where several thresholds are equally good, their middle.
 */
export function otsuThreshold(values: Uint8Array, except?: Uint8Array): number {
  const histogram = new Float64Array(256)
  let count = 0
  for (let i = 0; i < values.length; i++)
    if (!except?.[i]) {
      histogram[values[i]!]!++
      count++
    }
  const mean = histogram.reduce((sum, n, value) => sum + n * value, 0) / count
  let [share, part, best, first, last] = [0, 0, -1, 0, 0]
  for (let value = 0; value < 255; value++) {
    share += histogram[value]! / count
    part += (histogram[value]! * value) / count
    const spread = share * (1 - share)
    const between = spread > 0 ? (mean * share - part) ** 2 / spread : 0
    if (between > best * (1 + 1e-9)) [best, first] = [between, value]
    if (between >= best * (1 - 1e-9)) last = value
  }
  return (first + last) / 2 / 255
}

/**
 * The threshold in force: otsu · 2^-sensitivity, but never so low that bare glass counts as tissue.
 * @returns saturation or darkness, 0 … 1
 */
export const tissueThreshold = (otsu: number, sensitivity: number, least: number = LEAST_SATURATION): number =>
  Math.min(1, Math.max(least, otsu * 2 ** -sensitivity))

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

type Stained = { /** 1 = tissue: [height, width] */ mask: Uint8Array; threshold: number }

const above = (values: Uint8Array, threshold: number): Stained => ({
  mask: values.map((value) => (value > threshold * 255 ? 1 : 0)),
  threshold,
})

/** The pixels a method takes for tissue. */
export function stained({ rgb, ink }: Pick<TissueImage, 'rgb' | 'ink'>, params: MaskParams): Stained {
  switch (params.method) {
    case 'otsu-saturation': {
      const saturation = saturationOf(rgb)
      return above(saturation, tissueThreshold(otsuThreshold(saturation, ink), params.sensitivity))
    }
    case 'luminance': {
      const darkness = darknessOf(rgb)
      return above(
        darkness,
        params.threshold ?? tissueThreshold(otsuThreshold(darkness, ink), params.sensitivity, LEAST_DARKNESS),
      )
    }
    case 'hsv':
      return { mask: inRanges(rgb, params), threshold: params.leastSaturation }
  }
}

/** Pixels whose hue, saturation and value lie in their ranges; a grey pixel has no hue and is never tissue. */
function inRanges(
  rgb: Uint8Array,
  { hueFrom, hueTo, leastSaturation, leastValue, mostValue }: Extract<MaskParams, { method: 'hsv' }>,
): Uint8Array {
  const mask = new Uint8Array(rgb.length / 3)
  for (let i = 0; i < mask.length; i++) {
    const { hue, saturation, value } = hsvOf(rgb[3 * i]!, rgb[3 * i + 1]!, rgb[3 * i + 2]!)
    if (saturation === 0 || saturation < leastSaturation || value < leastValue || value > mostValue) continue
    const within = hueFrom <= hueTo ? hue >= hueFrom && hue <= hueTo : hue >= hueFrom || hue <= hueTo
    if (within) mask[i] = 1
  }
  return mask
}

/** @returns the pixels that count, after all that follows the threshold: [height, width]; and the threshold */
export function tissuePixels(image: TissueImage, micronsPerPx: number, params: MaskParams): Stained {
  const { mask, threshold } = stained(image, params)
  const pxArea = micronsPerPx ** 2
  const closed = closeMask(mask, image.width, params.closing / micronsPerPx)
  const filled = fillHoles(closed, image.width, params.largestHole / pxArea)
  return { mask: dropPieces(filled, image.width, params.leastArea / pxArea), threshold }
}

/**
 * @param mppX, mppY µm per level-0 px
 * @returns the shares of tissue and of ink in each patch of a grid; and the threshold used, 0 … 1
 */
export function measureTissue(
  image: TissueImage,
  grid: GridGeometry,
  mppX: number,
  mppY: number,
  params: MaskParams,
): Omit<MaskMeasured, 'sharpness'> & { threshold: number } {
  const micronsPerPx = (image.scaleX * mppX + image.scaleY * mppY) / 2
  const { mask, threshold } = tissuePixels(image, micronsPerPx, params)
  const share = shareOfPatches({ ...image, mask }, grid)
  return { share, threshold, ink: inkShares(image, grid) }
}

/** @returns [patch, colour as in INKS] */
function inkShares(image: TissueImage, grid: GridGeometry): Float32Array {
  const used = new Set(image.ink)
  const colours = INKS.map((_, k) =>
    used.has(k + 1) ? shareOfPatches({ ...image, mask: image.ink.map((ink) => (ink === k + 1 ? 1 : 0)) }, grid) : null,
  )
  const shares = new Float32Array(grid.columns * grid.rows * INKS.length)
  for (const [k, share] of colours.entries())
    if (share) for (let patch = 0; patch < share.length; patch++) shares[patch * INKS.length + k] = share[patch]!
  return shares
}
