/**
 * Live mode: a classifier on features that learns from every label at once. Each change of labels fits it again, on the
 * labels of all slides and sets that have features by the same encoder, and predicts every patch of one source anew.
 */
import * as z from 'zod'
import { float32s, uint32s } from './arrays.ts'
import { EncoderId, SourceId } from './ids.ts'
import { ClassNumber, Colour } from './labels.ts'
import { SplitRule } from './models.ts'
import { stream } from './wire/contract.ts'

/** k that can be chosen, and that accuracy is measured for */
export const MOST_K = 50
/** Labels that a temperature can be fitted on; with fewer, probabilities are as the classifier gives them. */
export const FEWEST_TO_CALIBRATE = 20

export const LiveClassifier = z.discriminatedUnion('kind', [
  /** k: most that vote; never more than the rarest class has labels */
  z.object({ kind: z.literal('knn'), k: z.number().int().min(1).max(MOST_K), weighted: z.boolean() }),
  /** l2: strength of the pull of the weights towards 0; null = the one that does best on labels held out */
  z.object({ kind: z.literal('linear'), l2: z.number().positive().nullable() }),
  z.object({ kind: z.literal('prototypes') }),
])
export type LiveClassifier = z.infer<typeof LiveClassifier>

/** A class that has labels, and how many of them have features. */
export const LiveClass = z.object({ number: ClassNumber, name: z.string(), colour: Colour, labels: z.number().int() })
export type LiveClass = z.infer<typeof LiveClass>

export const LivePrediction = z.object({
  kind: z.literal('prediction'),
  /** in the order of the project's classes */
  classes: z.array(LiveClass),
  /** labelled patches without features, which it can not learn from */
  without: z.number().int(),
  patch: uint32s,
  /** [patch, class], each row sums to 1 */
  probabilities: float32s,
  /** from the label to these probabilities, in the main process */
  milliseconds: z.number(),
  /** what logits were divided by, fitted on labels held out; null = too few labels can be held out, or they are predicted no better than by chance */
  temperature: z.number().nullable(),
  /** of the linear classifier */
  l2: z.number().nullable(),
})
export type LivePrediction = z.infer<typeof LivePrediction>

export const LiveMeasure = z.object({
  kind: z.literal('measure'),
  /** what was held out together */
  rule: SplitRule,
  groups: z.number().int(),
  /** labelled patches that were predicted from labels of other groups */
  measured: z.number().int(),
  /** of these settings */
  accuracy: z.number(),
  /** accuracy of other k (nearest neighbours) or other strengths of L2 (linear); empty for class means */
  curve: z.array(z.object({ at: z.number(), accuracy: z.number() })),
})
export type LiveMeasure = z.infer<typeof LiveMeasure>

export const LiveNews = z.discriminatedUnion('kind', [
  LivePrediction,
  LiveMeasure,
  /** It can not be said how well it does, and why. */
  z.object({ kind: z.literal('not-measured'), reason: z.string() }),
  /** Not two classes have labels with features yet. */
  z.object({ kind: z.literal('waiting'), classes: z.array(LiveClass), without: z.number().int() }),
])
export type LiveNews = z.infer<typeof LiveNews>

export const liveStreams = {
  /**
   * A prediction of every patch of a source that has features, now and after every change of labels, each followed by
   * how well the classifier does on labels held out.
   * @throws FEATURE_SET_UNKNOWN, FEATURES_STALE, FEATURES_FILE_BROKEN, LIVE_TOO_LARGE, PROBE_NOT_POSSIBLE, ENGINE_DIED
   */
  'live.follow': stream(z.object({ encoder: EncoderId, source: SourceId, classifier: LiveClassifier }), LiveNews),
}
