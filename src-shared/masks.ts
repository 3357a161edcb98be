/**
 * Tissue masks: which patches of a grid count. A way to tell tissue from glass, then what is tidied up, then what is left
 * out although it is tissue (ink of pens, patches out of focus), then what a person painted by hand.
 *
 * In: settings, and what was measured in each patch. Out: one bit for each patch. Reads no pixels; lengths are µm, areas
 * µm², so that the same settings do the same on every scanner.
 */
import * as z from 'zod'
import { bytes, float32s, uint32s } from './arrays.ts'
import { SourceId } from './ids.ts'
import { Job } from './jobs.ts'
import { call, event } from './wire/contract.ts'

/** Colours of the pens slides are marked with, in the order of the measured shares. */
export const INKS = ['green', 'blue', 'black', 'red'] as const
export const Ink = z.enum(INKS)
export type Ink = z.infer<typeof Ink>

/** What is left out although it is tissue, or looks like it. */
const LeaveOut = z.object({
  ink: z.array(Ink).default([]),
  /** A patch has ink of a colour when at least this share of its area is of it. */
  inkShare: z.number().min(0.01).max(1).default(0.1),
  /** Patches out of focus; their sharpness has to be measured first (`patches.measureFocus`). */
  blurred: z.boolean().default(false),
  /** A patch is out of focus below this part of the median sharpness of the grid’s measured patches. */
  leastSharpness: z.number().min(0.01).max(1).default(0.15),
})
export type LeaveOut = z.infer<typeof LeaveOut>

/** −1 … 1: 0 = Otsu’s threshold; +1 halves it (more counts as tissue), −1 doubles it. threshold = otsu · 2^−sensitivity */
const sensitivity = z.number().min(-1).max(1).default(0)

/** What follows the threshold, whatever it was. 0 = not done, as in masks made before there was such a step. */
const following = {
  /** radius of the closing, µm */
  closing: z.number().min(0).max(200).default(16),
  /** µm²; a hole in the tissue of at most this area is filled */
  largestHole: z.number().min(0).max(1e8).default(0),
  /** µm²; a piece of tissue below this area is none */
  leastArea: z.number().min(0).max(1e8).default(0),
  /** A patch is tissue when at least this share of its area is. */
  minimumShare: z.number().min(0.01).max(1).default(0.25),
  leaveOut: LeaveOut.prefault({}),
}

export const MaskParams = z.discriminatedUnion('method', [
  /** Otsu’s threshold on saturation: glass is colourless, stained tissue is not (Otsu 1979; saturation as in CLAM). */
  z.object({ method: z.literal('otsu-saturation'), sensitivity, ...following }),
  /** Ranges of hue, saturation and value, as in HistomicsTK and CLAM. */
  z.object({
    method: z.literal('hsv'),
    /** degrees; a range that begins above its end goes through red, which is 0 and 360 */
    hueFrom: z.number().min(0).max(360).default(220),
    hueTo: z.number().min(0).max(360).default(30),
    leastSaturation: z.number().min(0).max(1).default(0.08),
    leastValue: z.number().min(0).max(1).default(0),
    mostValue: z.number().min(0).max(1).default(1),
    ...following,
  }),
  /** Tissue is darker than glass, also where a stain is grey. */
  z.object({
    method: z.literal('luminance'),
    sensitivity,
    /** darkness from which on a pixel is tissue, 0 (white) … 1 (black); null = Otsu’s threshold */
    threshold: z.number().min(0.01).max(1).nullable().default(null),
    ...following,
  }),
])
export type MaskParams = z.infer<typeof MaskParams>
export type MaskMethod = MaskParams['method']

/** µm²; 141 × 141 µm, about one and a half patches of 112 µm. Specks of dust are smaller, needle biopsies larger. */
const FIRST_AREA = 20_000

/** What a new mask begins with. */
export const firstMask = (method: MaskMethod): MaskParams =>
  MaskParams.parse({ method, largestHole: FIRST_AREA, leastArea: FIRST_AREA })

/** Another way to tell tissue from glass; what follows it stays as it is. */
export function withMethod(params: MaskParams, method: MaskMethod): MaskParams {
  const { closing, largestHole, leastArea, minimumShare, leaveOut } = params
  return MaskParams.parse({ method, closing, largestHole, leastArea, minimumShare, leaveOut })
}

/** Kinds of patches that may be left out, one bit of `found` each. */
export const artefactBit = { green: 1, blue: 2, black: 4, red: 8, blurred: 16 } as const
export type Artefact = keyof typeof artefactBit
export const ARTEFACTS = Object.keys(artefactBit) as readonly Artefact[]

export const MaskPreview = z.object({
  /** share of tissue in each patch, 0 … 1: [patch] */
  share: float32s,
  /** artefactBit of what was found in each patch that is tissue, left out or not: [patch] */
  found: bytes,
  /** 1 = counts: [patch] */
  inside: bytes,
  insideCount: z.number().int(),
  /** patches of tissue whose sharpness is not measured yet */
  unmeasured: z.number().int(),
  /** the threshold used, 0 … 1; of hsv the least saturation */
  threshold: z.number(),
})
export type MaskPreview = z.infer<typeof MaskPreview>

/** What the pixels say of a grid’s patches. */
export type MaskMeasured = {
  /** share of tissue, 0 … 1: [patch] */
  share: Float32Array
  /** share of ink, 0 … 1: [patch, colour as in INKS] */
  ink: Float32Array
  /** variance of the Laplacian, NaN where it is not measured; null = of no patch: [patch] */
  sharpness: Float32Array | null
}

/** Which patches count, and what was found in those that are tissue. Pure. */
export function decideMask(
  { share, ink, sharpness }: MaskMeasured,
  { minimumShare, leaveOut }: Pick<MaskParams, 'minimumShare' | 'leaveOut'>,
): Pick<MaskPreview, 'found' | 'inside' | 'insideCount' | 'unmeasured'> {
  const found = new Uint8Array(share.length)
  const inside = new Uint8Array(share.length)
  const left = leaveOut.ink.reduce(
    (bits, colour) => bits | artefactBit[colour],
    leaveOut.blurred ? artefactBit.blurred : 0,
  )
  const least = sharpness ? leaveOut.leastSharpness * medianOf(sharpness) : 0
  let insideCount = 0
  let unmeasured = 0
  for (let patch = 0; patch < share.length; patch++) {
    if (share[patch]! < minimumShare) continue
    let bits = 0
    for (const [k, colour] of INKS.entries())
      if (ink[patch * INKS.length + k]! >= leaveOut.inkShare) bits |= artefactBit[colour]
    const sharp = sharpness?.[patch] ?? Number.NaN
    if (Number.isNaN(sharp)) unmeasured++
    else if (sharp < least) bits |= artefactBit.blurred
    found[patch] = bits
    if ((bits & left) !== 0) continue
    inside[patch] = 1
    insideCount++
  }
  return { found, inside, insideCount, unmeasured }
}

/** The middle of the numbers that are known; 0 when none is. */
function medianOf(values: Float32Array): number {
  const known = values.filter((value) => !Number.isNaN(value)).toSorted()
  return known[known.length >> 1] ?? 0
}

/** What a person painted over a mask: patch[i] counts when tissue[i] is 1, whatever is computed. */
export const HandChanges = z.object({ patch: uint32s, tissue: bytes })
export type HandChanges = z.infer<typeof HandChanges>

/** @param inside what is computed, 0 or 1; changed in place: [patch] @returns how many patches count */
export function applyHand(inside: Uint8Array, { patch, tissue }: HandChanges): number {
  for (let i = 0; i < patch.length; i++) inside[patch[i]!] = tissue[i]!
  return inside.reduce((sum, each) => sum + each, 0)
}

const PresetName = z.string().trim().min(1).max(60)
/** Settings a project keeps under a name; new masks begin with the default one. */
export const MaskPreset = z.object({ name: PresetName, params: MaskParams, isDefault: z.boolean() })
export type MaskPreset = z.infer<typeof MaskPreset>

export const maskCalls = {
  'patches.previewMask': call(z.object({ grid: SourceId, params: MaskParams }), MaskPreview),
  /** The mask in force; null when there is none. */
  'patches.mask': call(
    z.object({ grid: SourceId }),
    z.object({ params: MaskParams, inside: bytes, hand: HandChanges }).nullable(),
  ),
  /** Measures, as a job, how sharp the patches are that these settings take for tissue, unless that is known. */
  'patches.measureFocus': call(z.object({ grid: SourceId, params: MaskParams }), Job),
  'patches.maskPresets': call(z.void(), z.array(MaskPreset)),
  /** A preset of the same name, whatever its case, is replaced. */
  'patches.saveMaskPreset': call(z.object({ name: PresetName, params: MaskParams }), z.array(MaskPreset)),
  'patches.deleteMaskPreset': call(z.object({ name: PresetName }), z.array(MaskPreset)),
  /** null = new masks begin with the built-in settings. */
  'patches.setDefaultMaskPreset': call(z.object({ name: PresetName.nullable() }), z.array(MaskPreset)),
}

export const maskEvents = { 'patches.maskPresetsChanged': event(z.object({ presets: z.array(MaskPreset) })) }
