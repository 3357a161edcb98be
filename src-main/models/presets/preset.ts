/** What a preset is: something to read, the patches it is made for, and its layers. */
import type { NetworkGroup } from '../../../src-shared/networks.ts'
import type { Stack } from './stack.ts'

/** Edges of patches any network is made for, px. */
export const SMALLEST_EDGE = 16
export const LARGEST_EDGE = 512

export type Patches = { channels: number; /** px */ edge: number; classes: number }

export type Preset = {
  title: string
  /** One sentence for a student, with who had the idea and when. */
  idea: string
  group: NetworkGroup
  /** px of the patches it is made for, and why no others: “its five halvings leave nothing of a smaller one” */
  edges: { smallest: number; largest: number; why: string }
  /** Adds its layers, down to the dense one for the classes. */
  build: (stack: Stack, patches: Patches) => void
}

const SPACE = 'outside these its maps would be too small or too large to be of use'

/** Of networks that end in a mean and shape themselves after the patch. */
export const ANY_EDGE: Preset['edges'] = { smallest: SMALLEST_EDGE, largest: LARGEST_EDGE, why: SPACE }

/**
 * Of networks that end in a mean, whose convolutions stay as in the paper whatever the patch: five halvings leave one
 * place of 32 px.
 */
export const FIVE_HALVINGS: Preset['edges'] = {
  smallest: 32,
  largest: LARGEST_EDGE,
  why: 'it halves the edge five times, and nothing would be left of a smaller patch',
}
