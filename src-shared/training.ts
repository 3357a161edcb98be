/** Training: from labelled patches to a model, with a held-out figure that can be believed. */
import * as z from 'zod'
import { bytes, float32s, uint16s, uint32s } from './arrays.ts'
import { FaultRecord } from './errors.ts'
import { Evaluation } from './evaluation.ts'
import { JobId, ModelId, RunId, SourceId, Timestamp } from './ids.ts'
import { ClassNumber } from './labels.ts'
import { Augmentation, Freeze, SplitRule, SplitSummary, TrainingPresetName } from './models.ts'
import { NetworkDescription, NetworkSummary, PresetName } from './networks.ts'
import { Recipe, TestTime } from './recipe.ts'
import { call, event, stream } from './wire/contract.ts'

/** What patches are of, as far as it decides which presets there are for them; see trainingPresets.ts. */
export const DataKind = z.enum(['tissue', 'digits'])
export type DataKind = z.infer<typeof DataKind>

export const TrainingLength = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('epochs'), epochs: z.number().positive().max(10_000) }),
  /** A short timing at the start turns minutes into steps, so that the run can be repeated exactly. */
  z.object({ kind: z.literal('minutes'), minutes: z.number().positive().max(10_000) }),
  z.object({ kind: z.literal('steps'), steps: z.number().int().positive().max(100_000_000) }),
])
export type TrainingLength = z.infer<typeof TrainingLength>

export const Validation = z.discriminatedUnion('kind', [
  /** About this share of the labelled patches, by case if there are several, else by slide, else by blocks with a gap. */
  z.object({
    kind: z.literal('fraction'),
    fraction: z.number().gt(0).lt(1),
    rule: z.union([z.literal('auto'), SplitRule.extract(['case', 'slide', 'blocks'])]).default('auto'),
  }),
  /** Every labelled patch of one source, which is then not trained on. */
  z.object({ kind: z.literal('source'), source: SourceId }),
  z.object({ kind: z.literal('none') }),
])
export type Validation = z.infer<typeof Validation>

/**
 * Fine-tuning: a training begins with the weights of an earlier model. Its layers and normalisation are taken over; the
 * last layer begins anew when the number of classes is another.
 */
export const FineTuning = z.object({
  model: ModelId,
  freeze: Freeze.default(0),
  /** Learning rate of each layer with weights, as a share of that of the next deeper one; 1 = the same for all. */
  rateDecay: z.number().gt(0).max(1).default(1),
})
export type FineTuning = z.infer<typeof FineTuning>

/** A preset network, or layers of one's own. */
const NetworkChoice = z.union([PresetName, NetworkDescription])

export const TrainingSettings = z.object({
  /** The preset these settings began with, see trainingPresets.ts; its values stand below. null = settings of one's own */
  preset: TrainingPresetName.nullable().default(null),
  name: z.string().trim().min(1).max(120),
  classes: z.array(ClassNumber).min(1),
  /** Where labelled patches are taken from; all must agree in edge, channels and µm/px. */
  sources: z.array(SourceId).min(1),
  /**
   * A preset, or layers of one's own: these must take such patches; their last layer gets a unit for each class. Not looked
   * at in fine-tuning, which takes the layers of the earlier model.
   */
  network: NetworkChoice,
  /**
   * An ensemble: these networks instead of `network`, trained one after the other on the same patches, each with a seed of
   * its own, become one model that says the mean of their probabilities. Minutes are shared in equal parts; epochs and steps
   * are of each. Not together with folds or fine-tuning. null = one network
   */
  members: z.array(NetworkChoice).min(2).max(10).nullable().default(null),
  start: FineTuning.nullable().default(null),
  length: TrainingLength,
  learningRate: z.number().positive().max(10).default(0.002),
  batchSize: z.number().int().min(1).max(1024).default(32),
  recipe: Recipe.prefault({}),
  augmentation: Augmentation.prefault({}),
  /** How held-out patches are looked at, and later those the model is used on. */
  testTime: TestTime.default('none'),
  /** Draw every class equally often, however many labels it has. */
  balanced: z.boolean().default(true),
  validation: Validation.default({ kind: 'fraction', fraction: 0.2, rule: 'auto' }),
  /**
   * k-fold: so many trainings, each with another part of the patches held out by the rule of `validation`, become one model
   * that averages them; its figure is over every patch, by the network that did not see it. null = one training
   */
  folds: z.number().int().min(2).max(20).nullable().default(null),
  /** seconds between checkpoints, at most: what a crash can cost */
  checkpointSeconds: z.number().min(1).max(3600).default(60),
  seed: z.number().int().min(0).max(0xffffffff).default(1),
})
export type TrainingSettings = z.infer<typeof TrainingSettings>
export type TrainingSettingsInput = z.input<typeof TrainingSettings>

/** The networks of a training: one, or the members of an ensemble. */
export const networksOf = ({
  network,
  members,
}: Pick<TrainingSettings, 'network' | 'members'>): readonly TrainingSettings['network'][] => members ?? [network]

/** What would happen if training started now. */
export const TrainingPlan = z.object({
  ready: z.boolean(),
  /** Why not, each with what to do: “Label 10 patches of two classes to train: 4 tumor, 0 normal so far.” */
  reasons: z.array(z.string()),
  /** What should be known but stops nothing: imbalance, cases unknown, few held-out patches. */
  warnings: z.array(z.string()),
  classNames: z.array(z.string()),
  split: SplitSummary.nullable(),
  edgePx: z.number().int().nullable(),
  mpp: z.number().nullable(),
  /** null while no patches fit together */
  data: DataKind.nullable(),
  networks: z.array(NetworkSummary),
})
export type TrainingPlan = z.infer<typeof TrainingPlan>

/**
 * Which fold, or which member of an ensemble, it is of, from 0; absent in a training of one network. Steps count on from one
 * to the next.
 */
const part = { fold: z.number().int().nonnegative().optional(), member: z.number().int().nonnegative().optional() }

export const TrainingPoint = z.discriminatedUnion('kind', [
  /** Mean over the steps since the last point. */
  z.object({
    kind: z.literal('training'),
    step: z.number().int(),
    epoch: z.number(),
    loss: z.number(),
    accuracy: z.number(),
    learningRate: z.number(),
    imagesPerSecond: z.number(),
    /** Euclidean norm over all parameters, before any clipping */
    gradientNorm: z.number().optional(),
    ...part,
  }),
  z.object({
    kind: z.literal('validation'),
    step: z.number().int(),
    epoch: z.number(),
    loss: z.number(),
    evaluation: Evaluation,
    /** Whether it is the best so far; the best checkpoint is what becomes the model. */
    best: z.boolean(),
    ...part,
  }),
])
export type TrainingPoint = z.infer<typeof TrainingPoint>

export const TrainingRun = z.object({
  id: RunId,
  job: JobId,
  settings: TrainingSettings,
  classNames: z.array(z.string()),
  split: SplitSummary,
  /**
   * null until minutes have been turned into steps. Of folds those of each; of an ensemble those of all members, where those
   * not begun are taken to have as many as the one that runs
   */
  steps: z.number().int().nullable(),
  stepsPerEpoch: z.number().int(),
  model: ModelId.nullable(),
  /** Whether `training.heldOut` has what its model said of each held-out patch; trainings of earlier versions kept it not. */
  heldOutKept: z.boolean(),
  fault: FaultRecord.nullable(),
  createdAt: Timestamp,
})
export type TrainingRun = z.infer<typeof TrainingRun>

/** What a search for a learning rate tells: how it gets its patches, its curve, and what it makes of it. */
export const RateSearchNews = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('reading'), done: z.number().int(), total: z.number().int() }),
  z.object({
    kind: z.literal('point'),
    rate: z.number(),
    /** of this step's batch */
    loss: z.number(),
    /** exponential mean of the losses so far, corrected for its start */
    smoothed: z.number(),
  }),
  z.object({
    kind: z.literal('found'),
    /** a rate to train with; null when the loss never fell */
    suggestion: z.number().nullable(),
    /** where the smoothed loss fell fastest, and where it was least */
    steepest: z.number().nullable(),
    least: z.number(),
    /** the suggestion and its reason in words */
    sentence: z.string(),
  }),
])
export type RateSearchNews = z.infer<typeof RateSearchNews>

/**
 * What the model of a training said of the held-out patches of one source: those its figure counts, each once. Of folds,
 * each patch by the network that did not see it.
 */
export const HeldOutPatches = z.object({
  source: SourceId,
  patch: uint32s,
  /** [patch] what it was labelled when the training began, as an index into the run's class names */
  truth: uint16s,
  /** [patch, class] */
  probabilities: float32s,
})
export type HeldOutPatches = z.infer<typeof HeldOutPatches>

export const AugmentationPreview = z.object({
  edgePx: z.number().int(),
  /** those asked for, without those that lie where their slide is damaged */
  patches: uint32s,
  /** [patch][version]: RGB bytes [row, column, channel] of what the network is given, back on the scale 0 … 255 */
  pictures: z.array(z.array(bytes)),
})

export const trainingCalls = {
  'training.plan': call(TrainingSettings, TrainingPlan),
  /**
   * The layers that a training with these settings would have, for such patches and classes; of an ensemble those of its
   * first member.
   * @throws TRAINING_NOT_READY when there are no patches that fit together; NETWORK_INVALID, MODEL_UNKNOWN and others of the
   * earlier model
   */
  'training.network': call(TrainingSettings, NetworkDescription),
  /** @throws TRAINING_NOT_READY with the reasons of the plan */
  'training.start': call(TrainingSettings, TrainingRun),
  'training.runs': call(z.void(), z.array(TrainingRun)),
  /** null where nothing was held out, or it was not kept. @throws RUN_UNKNOWN */
  'training.heldOut': call(z.object({ run: RunId }), z.array(HeldOutPatches).nullable()),
  /**
   * Some patches as a network would see them in training, each in so many versions. Contrast turns around the mean of these
   * patches, in a training around that of all it learns from. With one seed, a change of one setting shows what it does.
   * @throws SOURCE_UNKNOWN, PATCH_UNKNOWN
   */
  'training.previewAugmentation': call(
    z.object({
      source: SourceId,
      patches: uint32s.refine(({ length }) => length >= 1 && length <= 16, 'from 1 to 16 patches'),
      versions: z.number().int().min(1).max(16).default(8),
      augmentation: Augmentation,
      seed: z.number().int().min(0).max(0xffffffff).default(1),
    }),
    AugmentationPreview,
  ),
}

export const trainingStreams = {
  /** All points of a run so far, then each new one, until the run is over. */
  'training.follow': stream(z.object({ run: RunId }), z.array(TrainingPoint)),
  /**
   * Looks for a learning rate: a short training whose rate grows exponentially from step to step, on copies of the weights
   * that are thrown away (Smith, WACV 2017); of an ensemble with its first member. Leaving the stream ends it.
   * @throws TRAINING_NOT_READY
   */
  'training.findRate': stream(TrainingSettings, RateSearchNews),
}

export const trainingEvents = { 'training.changed': event(TrainingRun) }
