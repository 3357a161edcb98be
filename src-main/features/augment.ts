/**
 * Augmentation: each time a patch is trained on, it looks a little different, as another section, stain or scanner might
 * have made it look. What is drawn depends only on the random numbers given, so a run can be repeated.
 *
 *   flips, turns   the eight symmetries of the square; tissue has no up or down
 *   shift, zoom,   up to so many px, so much larger or smaller, and uniform in ±tilt degrees about its centre; mirrored at
 *   tilt           the edge
 *   blur           every fourth patch, σ uniform in 0 … blur px
 *   stain          amount' = amount · (1 + α) + β of each stain, α and β uniform in ±stain
 *   colour         brightness, contrast (around the mean) and saturation, each times 1 + uniform in ±colour
 *   noise          every second patch, σ uniform in 0 … noise, of the range of values
 *
 * The colour part is one affine map on the scale of optical density and one on the values; a patch is read, changed and
 * normalised in one pass.
 * @see Tellez et al., Whole-Slide Mitosis Detection in H&E Breast Histology, IEEE TMI (2018), for the stain jitter
 */
import type { Augmentation, Normalisation } from '../../src-shared/models.ts'
import {
  DENSITY,
  LEAST_DENSITY,
  STAINS,
  STAINS_INVERSE,
  STEPS_PER_DENSITY,
  VALUES,
  product,
  type Matrix3,
} from '../../src-shared/stains.ts'
import type { Random } from '../nn/random.ts'
import { blurrer } from './blur.ts'
import { channelNormalisation, copyValues, normalisationTables } from './networkInput.ts'
import { addNoise } from './noise.ts'
import { patchBytes, type PatchShape } from './patchShape.ts'
import { drawPlacement, placer } from './placement.ts'
import { type Walk, walkOf } from './symmetries.ts'

/**
 * Reads the patch at byte `from` of `pixels`, changes it, and writes it at `to` of `into` as [channel, height, width].
 */
export type Augment = (pixels: Uint8Array, from: number, random: Random, into: Float32Array, to: number) => void

/** Shares of the patches that are blurred and that get noise: most slides are in focus and clean. */
const BLURRED = 0.25
const NOISY = 0.5

/** Rec. 601 luma: what red, green and blue add to brightness as the eye sees it. */
const LUMA = [0.299, 0.587, 0.114] as const

export function augmentation(settings: Augmentation, shape: PatchShape, normalisation: Normalisation): Augment {
  const { shift, zoom, tilt, blur, noise } = settings
  const moves = shift > 0 || zoom > 0 || tilt > 0
  const scratch = new Uint8Array(moves || blur > 0 ? patchBytes(shape) : 0)
  const place = placer(shape)
  const soften = blurrer(shape)
  const recolour = recolouring(settings, shape, normalisation)
  return (pixels, from, random, into, to) => {
    const walk = drawWalk(settings, shape, random)
    if (moves) place(pixels, from, drawPlacement(settings, random), scratch)
    else if (blur > 0) scratch.set(pixels.subarray(from, from + scratch.length))
    if (blur > 0 && random.next() < BLURRED) soften(scratch, random.between(0, blur))
    if (scratch.length > 0) recolour(scratch, 0, walk, random, into, to)
    else recolour(pixels, from, walk, random, into, to)
    if (noise > 0 && random.next() < NOISY)
      addNoise(into, to, shape.channels, shape.height * shape.width, random.between(0, noise), normalisation, random)
  }
}

/** Reads a patch along a walk, changes its stains and colours, and normalises it. */
type Recolour = (pixels: Uint8Array, from: number, walk: Walk, random: Random, into: Float32Array, to: number) => void

function recolouring(settings: Augmentation, shape: PatchShape, normalisation: Normalisation): Recolour {
  const tables = normalisationTables(normalisation, shape.channels)
  const means = tables.map((_, channel) => 255 * channelNormalisation(normalisation, channel).mean)
  const changesColour = settings.colour > 0 || (settings.stain > 0 && shape.channels === 3)
  return (pixels, from, walk, random, into, to) => {
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

function drawWalk({ flips, turns }: Augmentation, shape: PatchShape, random: Random): Walk {
  const leftRight = flips && random.next() < 0.5
  const upDown = flips && random.next() < 0.5
  return walkOf({ leftRight, upDown, quarters: turns ? random.below(4) : 0 }, shape)
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

/** value' = own · value + grey · luma + shift, values 0 … 255 */
type ColourChange = { own: number; grey: number; shift: number }

function drawColour(strength: number, means: readonly number[], random: Random): ColourChange {
  const { gain, pivotShift } = drawContrast(strength, random)
  const saturation = 1 + random.between(-strength, strength)
  const shift = pivotShift * LUMA.reduce((sum, luma, channel) => sum + luma * (means[channel] ?? 0), 0)
  return { own: gain * saturation, grey: gain * (1 - saturation), shift }
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

/**
 * For each of the nine pairs of a channel read and a channel made, what each of the 256 values adds to the place in the
 * table of values: a pixel's stains change with nine look-ups and six sums. Without a change of stains a value is its own
 * place.
 */
const steps = new Int32Array(9 * 256)
const OWN_VALUES = Float32Array.from({ length: 256 }, (_, value) => value)

function fillSteps(stain: StainChange | null): Float32Array {
  for (let made = 0; made < 3; made++)
    for (let read = 0; read < 3; read++) {
      const start = (3 * made + read) * 256
      const factor = (stain?.turn[3 * read + made] ?? 0) * STEPS_PER_DENSITY
      const first = read === 0 && stain ? ((stain.shift[made] ?? 0) - LEAST_DENSITY) * STEPS_PER_DENSITY : 0
      for (let value = 0; value < 256; value++)
        steps[start + value] = stain ? Math.round(DENSITY[value]! * factor + first) : read === made ? value : 0
    }
  return stain ? VALUES : OWN_VALUES
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
  { own, grey, shift }: ColourChange,
  normalisation: Normalisation,
): void {
  const positions = height * width
  const values = fillSteps(stain)
  const [fromRed, fromGreen, fromBlue] = [grey * LUMA[0], grey * LUMA[1], grey * LUMA[2]]
  const [red, green, blue] = [0, 1, 2].map((channel) => {
    const { mean, std } = channelNormalisation(normalisation, channel)
    return { gain: 1 / (255 * std), shift: -mean / std }
  }) as [Linear, Linear, Linear]

  let at = to
  for (let row = 0; row < height; row++) {
    let pixel = start + row * perRow
    for (let column = 0; column < width; column++, pixel += perColumn, at++) {
      const place = from + 3 * pixel
      const r = pixels[place]!
      const g = pixels[place + 1]!
      const b = pixels[place + 2]!
      const newRed = values[steps[r]! + steps[256 + g]! + steps[512 + b]!]!
      const newGreen = values[steps[768 + r]! + steps[1024 + g]! + steps[1280 + b]!]!
      const newBlue = values[steps[1536 + r]! + steps[1792 + g]! + steps[2048 + b]!]!
      const common = fromRed * newRed + fromGreen * newGreen + fromBlue * newBlue + shift
      into[at] = clip(own * newRed + common) * red.gain + red.shift
      into[at + positions] = clip(own * newGreen + common) * green.gain + green.shift
      into[at + 2 * positions] = clip(own * newBlue + common) * blue.gain + blue.shift
    }
  }
}

type Linear = { gain: number; shift: number }
