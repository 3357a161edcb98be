/** Models: trained weights with the card that says what they are, what they expect and how good they were. */
import * as z from 'zod'
import { FileHandle } from './app.ts'
import { Evaluation } from './evaluation.ts'
import { ModelId, RunId, Timestamp } from './ids.ts'
import { Colour } from './labels.ts'
import { NetworkDescription } from './networks.ts'
import { Recipe, TestTime } from './recipe.ts'
import { MicronPerPx } from './units.ts'
import { call, event } from './wire/contract.ts'

/** How held-out patches were chosen: never random neighbours of training patches. */
export const SplitRule = z.enum(['case', 'slide', 'blocks', 'given', 'none'])
export type SplitRule = z.infer<typeof SplitRule>

/** Network input = (value / 255 − mean) / std, for each channel. */
export const Normalisation = z.object({ mean: z.array(z.number()), std: z.array(z.number().positive()) })
export type Normalisation = z.infer<typeof Normalisation>

export const Augmentation = z.object({
  /** mirror images */
  flips: z.boolean().default(true),
  /** turns by 90° */
  turns: z.boolean().default(true),
  /** haematoxylin-eosin-DAB jitter (Tellez 2018): σ of the factor of each stain; 0 = off */
  stain: z.number().min(0).max(0.5).default(0.05),
  /** brightness, contrast and saturation: largest relative change; 0 = off */
  colour: z.number().min(0).max(0.8).default(0.15),
  /** largest shift across and down, px; what comes in at the edge is mirrored; 0 = off */
  shift: z.number().min(0).max(64).default(0),
  /** largest relative change of size, larger or smaller; 0 = off */
  zoom: z.number().min(0).max(0.5).default(0),
  /** largest turn about the centre, degrees, either way; mirrored at the edge as above; 0 = off */
  tilt: z.number().min(0).max(45).default(0),
  /** Gaussian blur: largest σ, px; 0 = off */
  blur: z.number().min(0).max(3).default(0),
  /** Gaussian noise: largest σ as a share of the range of values; 0 = off */
  noise: z.number().min(0).max(0.25).default(0),
})
export type Augmentation = z.infer<typeof Augmentation>

const SideCounts = z.object({
  patches: z.number().int(),
  perClass: z.array(z.number().int()),
  /** null where not every patch says which slide, or which case, it is of */
  slides: z.number().int().nullable(),
  cases: z.number().int().nullable(),
})

export const SplitSummary = z.object({
  rule: SplitRule,
  /** The rule and its reason in words, as the screen says it. */
  sentence: z.string(),
  training: SideCounts,
  validation: SideCounts,
  /** labelled patches in neither, because they lie in the gap between blocks */
  leftOut: z.number().int(),
  /** labelled patches in neither, because they lie where their slide is damaged; absent = none */
  unread: z.number().int().optional(),
})
export type SplitSummary = z.infer<typeof SplitSummary>

/** Which layers an earlier model's training leaves as they are: the first so many with weights, or all up to one by name. */
export const Freeze = z.union([z.number().int().nonnegative(), z.string().min(1)])
export type Freeze = z.infer<typeof Freeze>

/** Ready-made settings of a training; which there are depends on the patches, see trainingPresets.ts. */
export const TrainingPresetName = z.enum(['fast', 'balanced', 'accurate', 'competition'])
export type TrainingPresetName = z.infer<typeof TrainingPresetName>

/** The preset settings began with, and what was changed since, in words; nothing changed = the preset itself. */
export const PresetUsed = z.object({ name: TrainingPresetName, changed: z.array(z.string()) })
export type PresetUsed = z.infer<typeof PresetUsed>

/** One of the networks whose mean a model says. */
const Member = z.object({
  id: ModelId,
  name: z.string(),
  sha256: z.string(),
  validation: Evaluation.nullable(),
  /** steps of its training to the end, and its seed; null where it was not written down */
  steps: z.number().int().nullable().default(null),
  seed: z.number().int().nullable().default(null),
  /** its layers; null where they are those of `network`, or were not written down */
  description: NetworkDescription.nullable().default(null),
})

export const CardContent = z.object({
  format: z.literal('tessera-model-card'),
  version: z.literal(2),
  id: ModelId,
  name: z.string(),
  createdAt: z.iso.datetime(),
  notice: z.string(),
  classes: z.array(z.object({ name: z.string(), colour: Colour })).min(2),
  input: z.object({
    /** px of the network's input; patches are square */
    edgePx: z.number().int().positive(),
    channels: z.union([z.literal(1), z.literal(3)]),
    /** µm/px the patches must have; null for pictures without a scale (digits) */
    mpp: MicronPerPx.nullable(),
  }),
  normalisation: Normalisation,
  network: z.object({
    preset: z.string(),
    parameters: z.number().int(),
    receptiveFieldPx: z.number().int(),
    description: NetworkDescription,
  }),
  data: z.object({
    /** SHA-256 over every training and validation patch: its pixels, class and side, in order */
    hash: z.string(),
    sources: z.array(z.string()),
  }),
  split: SplitSummary,
  training: z.object({
    /** null for settings of one's own, and where it was not written down: the card inside an ONNX file has none */
    preset: PresetUsed.nullable().default(null),
    recipe: Recipe,
    learningRate: z.number(),
    batchSize: z.number().int(),
    /** patches a batch norm took its mean and variance over, a part of the batch; null where it was not written down */
    normPatches: z.number().int().nullable().default(null),
    /** of an ensemble: of the member that had most */
    steps: z.number().int(),
    epochs: z.number(),
    /** The minutes that were asked for, when the steps were found by timing; `steps` replays the run. */
    minutes: z.number().nullable(),
    /** The step at which patience ran out; null when it ran all its steps. */
    stoppedAt: z.number().int().nullable(),
    /** of folds and members: of the one that was best last */
    bestStep: z.number().int(),
    augmentation: Augmentation,
    balanced: z.boolean(),
    seed: z.number().int(),
    /** null when only the weights are left of a run: how long it took does not stand in them */
    seconds: z.number().nullable(),
    /** The model it was fine-tuned from; null when it began with fresh weights. */
    start: z
      .object({ id: ModelId, name: z.string(), sha256: z.string(), freeze: Freeze, rateDecay: z.number() })
      .nullable(),
  }),
  /** How patches were looked at when it was measured, and are unless asked otherwise. */
  testTime: TestTime,
  /** The models whose probabilities this one averages; none for a single network. */
  members: z.array(Member),
  /**
   * On the held-out patches; null when none were held out. Of folds: every patch by the member that did not see it; of
   * networks trained as an ensemble: the mean of their probabilities.
   */
  validation: Evaluation.nullable(),
  weights: z.object({ file: z.string(), sha256: z.string(), bytes: z.number().int() }),
  versions: z.object({
    tessera: z.string(),
    engine: z.string(),
    /** what trained it, with the runtime's provider; cards from before there was a choice have none: the processor */
    device: z.string().default('CPU (CPUExecutionProvider)'),
    node: z.string(),
    threads: z.number().int(),
  }),
})

/** What a card of version 1 says in the words of version 2: the recipe was the same for all but two of its numbers. */
const V1 = z.looseObject({
  version: z.literal(1),
  training: z.looseObject({ weightDecay: z.number(), labelSmoothing: z.number() }),
})
function upgraded(card: unknown): unknown {
  const { success, data } = V1.safeParse(card)
  if (!success) return card
  const { optimiser: _optimiser, schedule: _schedule, weightDecay, labelSmoothing, ...training } = data.training
  const recipe = { optimiser: { kind: 'adamw', weightDecay }, schedule: { kind: 'cosine' }, labelSmoothing }
  return {
    ...data,
    version: 2,
    training: { ...training, recipe, stoppedAt: null, start: null },
    testTime: 'none',
    members: [],
  }
}

/** Reads cards of versions 1 and 2, writes 2. */
export const ModelCard = z.preprocess(upgraded, CardContent)
export type ModelCard = z.infer<typeof CardContent>

export const Model = z.object({
  id: ModelId,
  name: z.string(),
  run: RunId.nullable(),
  card: ModelCard,
  /** Why its figures or its µm/px are no longer true for this project; null while they are. */
  stale: z.string().nullable(),
  createdAt: Timestamp,
})
export type Model = z.infer<typeof Model>

/** A model that comes with the program. */
export const ShippedModel = z.object({
  /** its file's name without ending, as the command line takes it */
  key: z.string(),
  card: ModelCard,
})
export type ShippedModel = z.infer<typeof ShippedModel>

export const modelCalls = {
  'models.list': call(z.void(), z.array(Model)),
  'models.rename': call(z.object({ model: ModelId, name: z.string().trim().min(1).max(120) }), Model),
  /** Takes an ONNX file with its card beside it (`name.onnx`, `name.card.json`) into the project. */
  'models.import': call(z.object({ file: FileHandle }), Model),
  'models.shipped': call(z.void(), z.array(ShippedModel)),
  /** Takes a model that comes with the program into the project; one that is there already is given back as it is. */
  'models.addShipped': call(z.object({ key: z.string() }), Model),
  /**
   * Several models in one file that answers with the mean of their probabilities.
   * @throws MODEL_UNKNOWN, MODEL_CLASSES_MISMATCH, MODEL_INPUT_MISMATCH, MODEL_SPACING_MISMATCH, DISK_FULL
   */
  'models.ensemble': call(
    z.object({ models: z.array(ModelId).min(2).max(50), name: z.string().trim().min(1).max(120) }),
    Model,
  ),
}

export const modelEvents = { 'models.changed': event(z.object({ changed: z.array(Model) })) }
