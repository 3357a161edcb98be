/**
 * Augmentation: each time a patch is trained on, it looks a little different, as another section, stain or scanner might
 * have made it look. What is drawn depends only on the random numbers given, so a run can be repeated.
 *
 *   flips, turns   the eight symmetries of the square; tissue has no up or down
 *   stain          amount' = amount · (1 + α) + β of each stain, α and β uniform in ±stain
 *   colour         brightness, contrast (around the mean) and saturation, each times 1 + uniform in ±colour
 *
 * The colour part is one affine map on the scale of optical density and one on the values; a patch is read, changed and
 * normalised in one pass.
 * @see Tellez et al., Whole-Slide Mitosis Detection in H&E Breast Histology, IEEE TMI (2018), for the stain jitter
 */
import type { Augmentation, Normalisation } from '../../src-shared/models.ts'
import type { Random } from '../nn/random.ts'
import { channelNormalisation, normalisationTables } from './networkInput.ts'
import type { PatchShape } from './patchShape.ts'
import { DENSITY, STAINS, STAINS_INVERSE, product, valueOfDensity, type Matrix3 } from './stains.ts'

/**
 * Reads the patch at byte `from` of `pixels`, changes it, and writes it at `to` of `into` as [channel, height, width].
 */
export type Augment = (pixels: Uint8Array, from: number, random: Random, into: Float32Array, to: number) => void

/** Rec. 601 luma: what red, green and blue add to brightness as the eye sees it. */
const LUMA = [0.299, 0.587, 0.114] as const

export function augmentation(settings: Augmentation, shape: PatchShape, normalisation: Normalisation): Augment {
  const tables = normalisationTables(normalisation, shape.channels)
  const means = tables.map((_, channel) => 255 * channelNormalisation(normalisation, channel).mean)
  const changesColour = settings.colour > 0 || (settings.stain > 0 && shape.channels === 3)
  return (pixels, from, random, into, to) => {
    const walk = drawWalk(settings, shape, random)
    if (!changesColour) copyValues(pixels, from, into, to, shape, walk, tables)
    else if (shape.channels === 3) {
      const stain = settings.stain > 0 ? drawStain(settings.stain, random) : null
      const colour = drawColour(settings.colour, means, random)
      recolour(pixels, from, into, to, shape, walk, stain, colour, normalisation)
    } else {
      const grey = drawGrey(settings.colour, means[0] ?? 0, random)
      copyValues(pixels, from, into, to, shape, walk, greyTables(grey, normalisation))
    }
  }
}

/** How to walk over the pixels of a patch so that it comes out flipped and turned. Unit: pixels. */
type Walk = { start: number; perRow: number; perColumn: number }

function drawWalk({ flips, turns }: Augmentation, { height, width }: PatchShape, random: Random): Walk {
  const leftRight = flips && random.next() < 0.5
  const upDown = flips && random.next() < 0.5
  const quarters = turns ? random.below(4) : 0
  const half = quarters >= 2
  // A turn by 90° is a transposition and a flip; a patch that is not square can only be turned by 180°.
  const transposed = quarters % 2 === 1 && height === width
  const fromRight = leftRight !== half
  const fromBottom = (upDown !== half) !== transposed
  const start = (fromRight ? width - 1 : 0) + (fromBottom ? (height - 1) * width : 0)
  const right = fromRight ? -1 : 1
  const down = fromBottom ? -width : width
  return transposed ? { start, perRow: right, perColumn: down } : { start, perRow: down, perColumn: right }
}

/** density' = density · turn + shift */
type StainChange = { turn: Matrix3; shift: readonly [number, number, number] }

function drawStain(strength: number, random: Random): StainChange {
  const scale = [0, 0, 0].map(() => 1 + random.between(-strength, strength))
  const offset = [0, 0, 0].map(() => random.between(-strength, strength))
  const scaled = STAINS.map((density, place) => density * (scale[Math.floor(place / 3)] ?? 1)) as unknown as Matrix3
  const shiftOf = (channel: number) =>
    offset.reduce((sum, amount, stain) => sum + amount * (STAINS[3 * stain + channel] ?? 0), 0)
  return { turn: product(STAINS_INVERSE, scaled), shift: [shiftOf(0), shiftOf(1), shiftOf(2)] }
}

/** value' = matrix · value + shift, values 0 … 255, rows of the matrix make red, green and blue */
type ColourChange = { matrix: Matrix3; shift: readonly [number, number, number] }

function drawColour(strength: number, means: readonly number[], random: Random): ColourChange {
  const { gain, pivotShift } = drawContrast(strength, random)
  const saturation = 1 + random.between(-strength, strength)
  const matrix = [0, 1, 2].flatMap((row) =>
    LUMA.map((luma, column) => gain * (luma * (1 - saturation) + (row === column ? saturation : 0))),
  ) as unknown as Matrix3
  const pivot = pivotShift * LUMA.reduce((sum, luma, channel) => sum + luma * (means[channel] ?? 0), 0)
  return { matrix, shift: [pivot, pivot, pivot] }
}

function drawGrey(strength: number, mean: number, random: Random): { gain: number; shift: number } {
  const { gain, pivotShift } = drawContrast(strength, random)
  return { gain, shift: pivotShift * mean }
}

/** value' = brightness · (mean + contrast · (value − mean)) = gain · value + pivotShift · mean */
function drawContrast(strength: number, random: Random): { gain: number; pivotShift: number } {
  const brightness = 1 + random.between(-strength, strength)
  const contrast = 1 + random.between(-strength, strength)
  return { gain: brightness * contrast, pivotShift: brightness * (1 - contrast) }
}

function greyTables({ gain, shift }: { gain: number; shift: number }, normalisation: Normalisation): Float32Array[] {
  const { mean, std } = channelNormalisation(normalisation, 0)
  return [
    Float32Array.from(
      { length: 256 },
      (_, value) => (Math.min(255, Math.max(0, gain * value + shift)) / 255 - mean) / std,
    ),
  ]
}

/** Moves pixels, and looks each value up in the table of its channel. */
function copyValues(
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

const clip = (value: number): number => (value < 0 ? 0 : value > 255 ? 255 : value)

function recolour(
  pixels: Uint8Array,
  from: number,
  into: Float32Array,
  to: number,
  { height, width }: PatchShape,
  { start, perRow, perColumn }: Walk,
  stain: StainChange | null,
  colour: ColourChange,
  normalisation: Normalisation,
): void {
  const positions = height * width
  const [m0, m1, m2, m3, m4, m5, m6, m7, m8] = colour.matrix
  const [o0, o1, o2] = colour.shift
  const [red, green, blue] = [0, 1, 2].map((channel) => {
    const { mean, std } = channelNormalisation(normalisation, channel)
    return { gain: 1 / (255 * std), shift: -mean / std }
  }) as [Linear, Linear, Linear]
  const [t0, t1, t2, t3, t4, t5, t6, t7, t8] = stain?.turn ?? [1, 0, 0, 0, 1, 0, 0, 0, 1]
  const [s0, s1, s2] = stain?.shift ?? [0, 0, 0]

  let at = to
  for (let row = 0; row < height; row++) {
    let pixel = start + row * perRow
    for (let column = 0; column < width; column++, pixel += perColumn, at++) {
      const place = from + 3 * pixel
      let r = pixels[place]!
      let g = pixels[place + 1]!
      let b = pixels[place + 2]!
      if (stain !== null) {
        const dr = DENSITY[r]!
        const dg = DENSITY[g]!
        const db = DENSITY[b]!
        r = valueOfDensity(dr * t0 + dg * t3 + db * t6 + s0)
        g = valueOfDensity(dr * t1 + dg * t4 + db * t7 + s1)
        b = valueOfDensity(dr * t2 + dg * t5 + db * t8 + s2)
      }
      into[at] = clip(m0 * r + m1 * g + m2 * b + o0) * red.gain + red.shift
      into[at + positions] = clip(m3 * r + m4 * g + m5 * b + o1) * green.gain + green.shift
      into[at + 2 * positions] = clip(m6 * r + m7 * g + m8 * b + o2) * blue.gain + blue.shift
    }
  }
}

type Linear = { gain: number; shift: number }
