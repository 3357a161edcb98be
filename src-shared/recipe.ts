/**
 * The recipe of a training: everything about how a network learns that is not its data, its layers or its length.
 * Written into every card, so that a run can be judged and made again.
 *
 * The defaults are the recipe Tessera began with: AdamW, half a cosine after a warm-up, a little label smoothing.
 */
import * as z from 'zod'

const decay = z.number().min(0).max(1)
const beta = z.number().min(0).lt(1)

export const OptimiserChoice = z.discriminatedUnion('kind', [
  /** Weight decay apart from the gradient: Loshchilov and Hutter, ICLR (2019). */
  z.object({
    kind: z.literal('adamw'),
    weightDecay: decay.default(0.05),
    beta1: beta.default(0.9),
    beta2: beta.default(0.999),
  }),
  /** Weight decay added to the gradient: Kingma and Ba, ICLR (2015). */
  z.object({
    kind: z.literal('adam'),
    weightDecay: decay.default(0),
    beta1: beta.default(0.9),
    beta2: beta.default(0.999),
  }),
  /** With Nesterov's momentum, weight decay added to the gradient: Sutskever et al., ICML (2013). */
  z.object({ kind: z.literal('sgd'), weightDecay: decay.default(5e-4), momentum: beta.default(0.9) }),
])
export type OptimiserChoice = z.infer<typeof OptimiserChoice>

/** Share of the steps in which the rate climbs in a straight line; at most 500 steps. */
const warmUp = z.number().min(0).max(0.9)

export const ScheduleChoice = z.discriminatedUnion('kind', [
  /** Down along half a cosine to 0: Loshchilov and Hutter, ICLR (2017). */
  z.object({ kind: z.literal('cosine'), warmUp: warmUp.default(0.1) }),
  /**
   * Up along half a cosine from rate / startDivisor, then down to rate / (startDivisor · endDivisor); `warmUp` is the share
   * of the climb, whatever its length: Smith and Topin (2017).
   */
  z.object({
    kind: z.literal('one-cycle'),
    warmUp: warmUp.default(0.3),
    startDivisor: z.number().min(1).default(25),
    endDivisor: z.number().min(1).default(1e4),
  }),
  /** Times `factor` after each of these shares of the run. */
  z.object({
    kind: z.literal('step'),
    warmUp: warmUp.default(0),
    at: z.array(z.number().gt(0).lt(1)).max(20).default([0.5, 0.75]),
    factor: z.number().gt(0).lt(1).default(0.1),
  }),
  z.object({ kind: z.literal('constant'), warmUp: warmUp.default(0) }),
])
export type ScheduleChoice = z.infer<typeof ScheduleChoice>

/** Two patches in one, their targets mixed in the same proportion λ ~ Beta(alpha, alpha), drawn anew at each step. */
export const MixChoice = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('none') }),
  /** value = λ · a + (1 − λ) · b: Zhang et al., ICLR (2018). */
  z.object({ kind: z.literal('mixup'), alpha: z.number().gt(0).max(10).default(0.2) }),
  /** A rectangle of b, 1 − λ of the area, is put into a: Yun et al., ICCV (2019). */
  z.object({ kind: z.literal('cutmix'), alpha: z.number().gt(0).max(10).default(1) }),
])
export type MixChoice = z.infer<typeof MixChoice>

export const Recipe = z.object({
  optimiser: OptimiserChoice.prefault({ kind: 'adamw' }),
  schedule: ScheduleChoice.prefault({ kind: 'cosine' }),
  /** share of the target spread evenly over all classes */
  labelSmoothing: z.number().min(0).lt(1).default(0.05),
  /**
   * Weight of each class in the loss: `inverse` = patches / (classes · patches of the class), or one for each class in their
   * order. An alternative to drawing every class equally often.
   */
  classWeights: z
    .union([z.literal('none'), z.literal('inverse'), z.array(z.number().positive().max(1e6)).min(2)])
    .default('none'),
  /** Longest gradient (Euclidean norm over all parameters); longer ones are shortened to it. null = as long as they come */
  clipNorm: z.number().positive().nullable().default(null),
  /**
   * Exponential moving average of the weights (Polyak and Juditsky 1992): share of the old average kept at each step. The
   * average is what is validated and becomes the model. null = off
   */
  averageDecay: z.number().gt(0).lt(1).nullable().default(null),
  mix: MixChoice.prefault({ kind: 'none' }),
  /** The training ends after this many validations without a better one. null = it runs to its end */
  patience: z.number().int().min(1).max(1000).nullable().default(null),
})
export type Recipe = z.infer<typeof Recipe>

/**
 * Test-time augmentation. `d4`: the mean of the probabilities over the eight symmetries of the square; eight times the
 * work, and the same answer whichever way up the tissue lies.
 */
export const TestTime = z.enum(['none', 'd4'])
export type TestTime = z.infer<typeof TestTime>

const OPTIMISERS = { adamw: 'AdamW', adam: 'Adam', sgd: 'SGD with Nesterov momentum' } as const
const SCHEDULES = { cosine: 'cosine', 'one-cycle': 'one cycle', step: 'steps', constant: 'constant rate' } as const

/** A recipe as a person reads it; what is off is left out. */
export function recipeInWords({
  optimiser,
  schedule,
  labelSmoothing,
  classWeights,
  clipNorm,
  averageDecay,
  mix,
  patience,
}: Recipe): string {
  return [
    OPTIMISERS[optimiser.kind],
    `${SCHEDULES[schedule.kind]}${schedule.warmUp > 0 && schedule.kind !== 'one-cycle' ? ' with warm-up' : ''}`,
    optimiser.weightDecay > 0 && `weight decay ${optimiser.weightDecay}`,
    labelSmoothing > 0 && `label smoothing ${labelSmoothing}`,
    classWeights === 'inverse' && 'classes weighted by their rarity',
    Array.isArray(classWeights) && `classes weighted ${classWeights.join(' : ')}`,
    clipNorm !== null && `gradient clipped at ${clipNorm}`,
    averageDecay !== null && `weights averaged (${averageDecay})`,
    mix.kind !== 'none' && `${mix.kind} ${mix.alpha}`,
    patience !== null && `ends after ${patience} validations without progress`,
  ]
    .filter((part) => part !== false)
    .join(', ')
}
