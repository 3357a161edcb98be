/**
 * How a slide is shown: kept for each slide, and of the screen alone. Networks get the pixels as they are stored.
 */
import * as z from 'zod'
import { STAIN_PAIRS } from './stains.ts'

/** Ends of the sliders. */
export const LOOK_RANGE = { brightness: 1, contrast: 4, gamma: 4 } as const

export const SlideLook = z.object({
  /** added, of the whole range */
  brightness: z.number().min(-LOOK_RANGE.brightness).max(LOOK_RANGE.brightness).default(0),
  /** times the distance from the middle grey */
  contrast: z
    .number()
    .min(1 / LOOK_RANGE.contrast)
    .max(LOOK_RANGE.contrast)
    .default(1),
  /** above 1 is brighter */
  gamma: z
    .number()
    .min(1 / LOOK_RANGE.gamma)
    .max(LOOK_RANGE.gamma)
    .default(1),
  /** which two stains the slide has */
  stains: z.enum(STAIN_PAIRS).default('h-e'),
  /** the colours as they are, or one stain alone: haematoxylin, the other one, what neither is */
  shown: z.enum(['colour', 'haematoxylin', 'other', 'residual']).default('colour'),
  /** one stain alone in greys, not in its own colour */
  grey: z.boolean().default(false),
})
export type SlideLook = z.infer<typeof SlideLook>

export const AS_STORED: SlideLook = Object.freeze(SlideLook.parse({}))

export const isAsStored = (look: SlideLook): boolean =>
  look.shown === 'colour' && look.brightness === 0 && look.contrast === 1 && look.gamma === 1

/**
 * What the screen shows for each of the 256 values of a channel, 0 … 1.
 *
 *   shown = clamp(contrast · (value − ½) + ½ + brightness, 0, 1)^(1 / gamma)       value 0 … 1
 */
export const displayTable = ({ brightness, contrast, gamma }: SlideLook): number[] =>
  Array.from({ length: 256 }, (_, value) => {
    const linear = contrast * (value / 255 - 0.5) + 0.5 + brightness
    return Math.min(1, Math.max(0, linear)) ** (1 / gamma)
  })
