/** Training: from labelled patches to a model, with a held-out figure that can be believed. */
import * as z from 'zod'
import { FaultRecord } from './errors.ts'
import { Evaluation } from './evaluation.ts'
import { JobId, ModelId, RunId, SourceId, Timestamp } from './ids.ts'
import { ClassNumber } from './labels.ts'
import { Augmentation, SplitRule, SplitSummary } from './models.ts'
import { NetworkSummary, PresetName } from './networks.ts'
import { call, event, stream } from './wire/contract.ts'

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

export const TrainingSettings = z.object({
  name: z.string().trim().min(1).max(120),
  classes: z.array(ClassNumber).min(1),
  /** Where labelled patches are taken from; all must agree in edge, channels and µm/px. */
  sources: z.array(SourceId).min(1),
  network: PresetName,
  length: TrainingLength,
  learningRate: z.number().positive().max(10).default(0.002),
  batchSize: z.number().int().min(1).max(1024).default(32),
  augmentation: Augmentation.prefault({}),
  /** Draw every class equally often, however many labels it has. */
  balanced: z.boolean().default(true),
  validation: Validation.default({ kind: 'fraction', fraction: 0.2, rule: 'auto' }),
  seed: z.number().int().min(0).max(0xffffffff).default(1),
})
export type TrainingSettings = z.infer<typeof TrainingSettings>
export type TrainingSettingsInput = z.input<typeof TrainingSettings>

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
  networks: z.array(NetworkSummary),
})
export type TrainingPlan = z.infer<typeof TrainingPlan>

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
  }),
  z.object({
    kind: z.literal('validation'),
    step: z.number().int(),
    epoch: z.number(),
    loss: z.number(),
    evaluation: Evaluation,
    /** Whether it is the best so far; the best checkpoint is what becomes the model. */
    best: z.boolean(),
  }),
])
export type TrainingPoint = z.infer<typeof TrainingPoint>

export const TrainingRun = z.object({
  id: RunId,
  job: JobId,
  settings: TrainingSettings,
  classNames: z.array(z.string()),
  split: SplitSummary,
  /** null until minutes have been turned into steps */
  steps: z.number().int().nullable(),
  stepsPerEpoch: z.number().int(),
  model: ModelId.nullable(),
  fault: FaultRecord.nullable(),
  createdAt: Timestamp,
})
export type TrainingRun = z.infer<typeof TrainingRun>

export const trainingCalls = {
  'training.plan': call(TrainingSettings, TrainingPlan),
  /** @throws TRAINING_NOT_READY with the reasons of the plan */
  'training.start': call(TrainingSettings, TrainingRun),
  'training.runs': call(z.void(), z.array(TrainingRun)),
}

export const trainingStreams = {
  /** All points of a run so far, then each new one, until the run is over. */
  'training.follow': stream(z.object({ run: RunId }), z.array(TrainingPoint)),
}

export const trainingEvents = { 'training.changed': event(TrainingRun) }
