/** How good predictions are: every figure with its count and its 95 % interval. */
import * as z from 'zod'

/** [lower, upper] bound of a 95 % interval. */
export const Interval = z.tuple([z.number(), z.number()])
export type Interval = z.infer<typeof Interval>

export const Evaluation = z.object({
  /** patches measured on */
  n: z.number().int().nonnegative(),
  classes: z.array(z.string()),
  accuracy: z.number(),
  /** Wilson score interval */
  accuracyInterval: Interval,
  /** mean recall over the classes that occur */
  balancedAccuracy: z.number(),
  /** stratified bootstrap, 2,000 resamples */
  balancedAccuracyInterval: Interval,
  /** area under the ROC curve; more than two classes: macro mean of one against the rest. null when only one class occurs */
  auc: z.number().nullable(),
  /** two classes: DeLong on the logit scale; more: stratified bootstrap */
  aucInterval: Interval.nullable(),
  /** counts, [truth][prediction] */
  confusion: z.array(z.array(z.number().int())),
  /** share of the most frequent class: what always saying it would score */
  majorityBaseline: z.number(),
})
export type Evaluation = z.infer<typeof Evaluation>
