/** What the main process asks of a live classifier in the similarity process. */
import * as z from 'zod'
import { float32s, uint16s, uint32s } from '../../../src-shared/arrays.ts'
import { FeatureSetId } from '../../../src-shared/ids.ts'
import { LiveClassifier, MOST_K } from '../../../src-shared/live.ts'
import { call } from '../../../src-shared/wire/contract.ts'

/** The labels of one source, with its features: parallel arrays, in the order of the source. */
export const LabelledSet = z.object({
  set: FeatureSetId,
  /** each has features */
  patch: uint32s,
  /** index into the classes of the order */
  classOf: uint16s,
  /** patches of one group are held out together; the same number in two sets is the same group */
  group: uint32s,
  /**
   * Top left corner in patch edges where patches that lie next to each other must not be on both sides, as when the groups
   * are blocks of a slide; else null.
   */
  place: z.object({ x: float32s, y: float32s }).nullable(),
})
export type LabelledSet = z.infer<typeof LabelledSet>

export const FittedClassifier = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('knn'), k: z.number().int().min(1).max(MOST_K), weighted: z.boolean() }),
  z.object({ kind: z.literal('linear'), l2: z.number().positive() }),
  z.object({ kind: z.literal('prototypes') }),
])
export type FittedClassifier = z.infer<typeof FittedClassifier>

export const LiveOrder = z.object({
  /** features of the source that is predicted */
  set: FeatureSetId,
  labels: z.array(LabelledSet),
  /** each has a labelled patch that has features */
  classes: z.number().int().min(2),
  classifier: FittedClassifier,
})
export type LiveOrder = z.infer<typeof LiveOrder>

export const LiveReply = z.object({
  patch: uint32s,
  /** [patch, class] */
  probabilities: float32s,
})

export const MeasureReply = z.object({
  measured: z.number().int(),
  accuracy: z.number(),
  curve: z.array(z.object({ at: z.number(), accuracy: z.number() })),
  /** null = too few labels, or they are predicted no better than by chance */
  temperature: z.number().nullable(),
  /** of a linear classifier: the strength of L2 asked for, else the one with the least held-out cross-entropy */
  l2: z.number().nullable(),
})
export type MeasureReply = z.infer<typeof MeasureReply>

export const liveContract = {
  calls: {
    /**
     * Fits on the labels and predicts every row of `set`. What was computed for the order before is used again: the answer
     * is that of a fit from nothing. @throws LIVE_TOO_LARGE, PROBE_NOT_POSSIBLE, FEATURE_SET_UNKNOWN
     */
    'live.refit': call(LiveOrder.extend({ temperature: z.number().positive() }), LiveReply),
    /** Predicts each labelled patch from those of other groups. @throws CANCELLED when a refit comes, PROBE_NOT_POSSIBLE */
    'live.measure': call(LiveOrder.extend({ classifier: LiveClassifier }), MeasureReply),
  },
}
