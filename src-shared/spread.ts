/** How unlike each other patches are, by the features an encoder made of them: for orders of the gallery, and its batches. */
import * as z from 'zod'
import { float32s, uint32s } from './arrays.ts'
import { FeatureSetId } from './ids.ts'
import { call } from './wire/contract.ts'

/** Distances are those of kNN: between features less the mean of their set, divided by their length; 0 … 2. */
export const SpreadOrder = z.object({
  /** Patches that have features: first those that were chosen, each the least like all before it; then the farthest first. */
  patches: uint32s,
  /** so many of them were chosen one by one */
  chosen: z.number().int(),
})
export type SpreadOrder = z.infer<typeof SpreadOrder>

export const Likeness = z.object({
  /** every patch of the set */
  patches: uint32s,
  /** [patch of the set] to the one that was asked about; 0 = the same features, 2 = the opposite direction */
  distance: float32s,
})
export type Likeness = z.infer<typeof Likeness>

/** What is asked of features that are open; the set and its file are named beside it. */
export const SpreadQuestion = z.object({
  /** Patches to put in order; those without features are left out. */
  candidates: uint32s,
  /** Patches that are covered already: the labelled ones. */
  start: uint32s,
  /** how many to choose one by one */
  count: z.number().int().positive(),
})
export type SpreadQuestion = z.infer<typeof SpreadQuestion>

export const spreadCalls = {
  /**
   * Greedy k-centre (Sener and Savarese, 2018). One that was asked for before and is still counting is given up.
   * @throws FEATURE_SET_UNKNOWN, FEATURES_STALE, FEATURES_FILE_BROKEN; CANCELLED for another question
   */
  'spread.order': call(SpreadQuestion.extend({ set: FeatureSetId }), SpreadOrder),
  /**
   * How like one patch all others are; null when it has no features.
   * @throws FEATURE_SET_UNKNOWN, FEATURES_STALE, FEATURES_FILE_BROKEN
   */
  'spread.alike': call(z.object({ set: FeatureSetId, patch: z.number().int().nonnegative() }), Likeness.nullable()),
}
