/**
 * What the main process and the engine process say to each other. Pixels and models go by file, only their names by
 * message: see ../features/pixelFile.ts for the form of a pixel file.
 */
import * as z from 'zod'
import { bytes, float32s, uint16s, uint32s } from '../../src-shared/arrays.ts'
import { DeviceName, DeviceTest } from '../../src-shared/devices.ts'
import { Evaluation } from '../../src-shared/evaluation.ts'
import { Augmentation, Freeze, Normalisation } from '../../src-shared/models.ts'
import { NetworkDescription } from '../../src-shared/networks.ts'
import { Recipe, TestTime } from '../../src-shared/recipe.ts'
import { RateSearchNews, TrainingLength, TrainingPoint } from '../../src-shared/training.ts'
import { call, stream } from '../../src-shared/wire/contract.ts'
import { encoderCalls, encoderStreams } from './encoderContract.ts'
import { inspectionEngineCalls, inspectionEngineStreams } from './inspectionContract.ts'

/** Some patches of a pixel file that holds `patches`, by their places in it. */
const Rows = z.object({ patches: z.number().int().positive(), rows: uint32s })

/** A pixel file and the class of each of its patches, 0 … classes − 1, in its order; or of the chosen ones, in theirs. */
export const LabelledFile = z.object({ file: z.string(), classOf: uint16s, chosen: Rows.optional() })
export type LabelledFile = z.infer<typeof LabelledFile>

/** A model file of Tessera's own to begin with, see ../training/fineTuning.ts. */
const StartOrder = z.object({
  file: z.string(),
  sha256: z.string(),
  /** the last layer begins anew, because the classes are others */
  newHead: z.boolean(),
  freeze: Freeze,
  rateDecay: z.number(),
})

export const TrainingOrder = z.object({
  /** its input is [channels, height, width] of the patches in the files; its last layer has a unit for each class */
  network: NetworkDescription,
  classes: z.array(z.string()).min(1),
  training: LabelledFile,
  validation: LabelledFile.nullable(),
  /** null = mean and deviation of the training patches */
  normalisation: Normalisation.nullable(),
  length: TrainingLength,
  learningRate: z.number().positive(),
  recipe: Recipe,
  batchSize: z.number().int().positive(),
  augmentation: Augmentation,
  balanced: z.boolean(),
  /** how held-out patches are looked at */
  testTime: TestTime,
  /** Fine-tuning: the weights to begin with. null = fresh ones */
  start: StartOrder.nullable(),
  seed: z.number().int().min(0).max(0xffffffff),
  /** One that has passed its self-test; absent: the processor. */
  device: DeviceName.optional(),
  /** seconds between checkpoints, at most */
  checkpointSeconds: z.number().positive(),
  /** Of this run alone. A checkpoint found in it is taken up: the same order then goes on where it stood. */
  folder: z.string(),
})
export type TrainingOrder = z.infer<typeof TrainingOrder>

/** What trained a network, from which step on: a run may go on where another device was lost. */
export const TrainedOn = z.object({ device: z.string(), provider: z.string(), fromStep: z.number().int() })
export type TrainedOn = z.infer<typeof TrainedOn>

export const TrainingNews = z.discriminatedUnion('kind', [
  /** First of all, once: how long the run is and where it stands. */
  z.object({
    kind: z.literal('steps-found'),
    /** steps of the whole run; with `length: { kind: 'steps' }` they repeat it exactly */
    steps: z.number().int().positive(),
    stepsPerEpoch: z.number().int().positive(),
    normalisation: Normalisation,
    /** steps already done, when a checkpoint was taken up */
    step: z.number().int().nonnegative(),
    /** points up to there; any later ones known from before are to be forgotten */
    history: z.array(TrainingPoint),
  }),
  ...TrainingPoint.options,
  z.object({ kind: z.literal('checkpoint'), step: z.number().int() }),
  /** Last of all; the latest checkpoint is of this step. */
  z.object({
    kind: z.literal('finished'),
    step: z.number().int(),
    /** before its end, by `engine.stopTraining` */
    stopped: z.boolean(),
    /** before its steps were over, because patience was */
    early: z.boolean(),
    /** whose weights `engine.exportModel` writes */
    bestStep: z.number().int(),
    /** trained so far, earlier sittings included */
    seconds: z.number(),
  }),
])
export type TrainingNews = z.infer<typeof TrainingNews>

/** Names an open model for the life of the engine process. */
export const OpenModel = z.number().int().positive().brand<'OpenModel'>()
export type OpenModel = z.infer<typeof OpenModel>

export const engineContract = {
  calls: {
    'engine.info': call(
      z.void(),
      z.object({
        name: z.string(),
        version: z.string(),
        device: z.string(),
        provider: z.string(),
        threads: z.number().int(),
      }),
    ),
    /** The devices this build of the runtime has a provider for; none is opened. */
    'engine.devices': call(z.void(), z.array(DeviceName)),
    /**
     * Self-tests, of `device` against the processor: on the first batch of a training, on the patches of a pixel file,
     * and on a small network of ours. `timed`: both are also timed. To be asked in a process of their own, as a driver may
     * end it.
     * @throws DEVICE_UNAVAILABLE, DEVICE_LOST, and whatever is wrong with the order or the file itself
     */
    'engine.testTraining': call(z.object({ order: TrainingOrder, timed: z.boolean() }), DeviceTest),
    'engine.testModel': call(
      z.object({
        device: DeviceName,
        timed: z.boolean(),
        file: z.string(),
        normalisation: Normalisation,
        pixels: z.string(),
        patches: z.number().int().positive(),
      }),
      DeviceTest,
    ),
    'engine.testDevice': call(z.object({ device: DeviceName }), DeviceTest),
    /** Ends the training in `folder` after a checkpoint; its stream then says `finished`. Answers once that is done. */
    'engine.stopTraining': call(z.object({ folder: z.string() }), z.void()),
    /**
     * Writes the best weights of a run as an ONNX file.
     * @throws CHECKPOINT_BROKEN, DISK_FULL, FILE_NO_PERMISSION
     */
    'engine.exportModel': call(
      z.object({
        folder: z.string(),
        file: z.string(),
        /** words to keep in the file, such as `card` → the card as JSON */
        metadata: z.record(z.string(), z.string()),
      }),
      z.object({
        sha256: z.string(),
        bytes: z.number().int(),
        step: z.number().int(),
        /** what trained it up to there, in order */
        trainedOn: z.array(TrainedOn),
        parameters: z.number().int(),
        receptiveFieldPx: z.number().int(),
        normalisation: Normalisation,
        /** [held-out patch, class]: what these weights said when they were measured; null where nothing was held out */
        heldOut: float32s.nullable(),
      }),
    ),
    /**
     * Writes several models as one, see ./ensemble.ts.
     * @throws MODEL_FILE_BROKEN, MODEL_INPUT_MISMATCH, DISK_FULL
     */
    'engine.exportEnsemble': call(
      z.object({
        members: z.array(z.object({ file: z.string(), normalisation: Normalisation })).min(1),
        name: z.string(),
        file: z.string(),
        metadata: z.record(z.string(), z.string()),
      }),
      z.object({ sha256: z.string(), bytes: z.number().int() }),
    ),
    /** @throws FILE_NOT_FOUND, MODEL_FILE_BROKEN, DEVICE_UNAVAILABLE */
    'engine.openModel': call(
      z.object({
        file: z.string(),
        normalisation: Normalisation,
        testTime: TestTime,
        /** one that has passed its self-test; absent: the processor */
        device: DeviceName.optional(),
      }),
      z.object({
        model: OpenModel,
        channels: z.number().int(),
        height: z.number().int(),
        width: z.number().int(),
        classes: z.number().int(),
        sha256: z.string(),
        /** words kept in the file */
        metadata: z.record(z.string(), z.string()),
      }),
    ),
    /**
     * Probabilities [count, class] of patches first … first + count − 1 of a pixel file that holds `patches`; with `rows`,
     * of the patches at those of its places.
     * @throws MODEL_UNKNOWN, PATCH_UNKNOWN, ENGINE_FAILED, DEVICE_LOST, MODEL_OUTPUT_INVALID
     */
    'engine.predict': call(
      z.object({
        model: OpenModel,
        file: z.string(),
        patches: z.number().int().positive(),
        first: z.number().int().nonnegative(),
        count: z.number().int().positive(),
        rows: uint32s.optional(),
        /** What the patches of the file are called where something is said of one; absent: by their places. */
        numbers: uint32s.optional(),
      }),
      z.object({ probabilities: float32s }),
    ),
    /** @throws EVALUATION_NOT_POSSIBLE */
    'engine.evaluate': call(
      z.object({ probabilities: float32s, truth: uint16s, classes: z.array(z.string()) }),
      Evaluation,
    ),
    /** [patch][version]: RGB bytes of each patch of a pixel file as a training would show it. */
    'engine.previewAugmentation': call(
      z.object({
        file: z.string(),
        patches: z.number().int().positive(),
        edgePx: z.number().int().positive(),
        channels: z.union([z.literal(1), z.literal(3)]),
        augmentation: Augmentation,
        versions: z.number().int().positive(),
        seed: z.number().int().nonnegative(),
      }),
      z.array(z.array(bytes)),
    ),
    'engine.closeModel': call(z.object({ model: OpenModel }), z.void()),
    ...encoderCalls,
    ...inspectionEngineCalls,
  },
  streams: {
    /**
     * Trains. Leaving the stream stops the training after a checkpoint, as `engine.stopTraining` does.
     * @throws TRAINING_DIVERGED, CHECKPOINT_BROKEN, NETWORK_INVALID, ENGINE_FAILED, FILE_BROKEN, DISK_FULL, and
     * DEVICE_LOST, DEVICE_UNAVAILABLE after a checkpoint of where it stood
     */
    'engine.train': stream(TrainingOrder, TrainingNews),
    /** A search for a learning rate with the data and settings of an order; leaving the stream ends it. */
    'engine.findRate': stream(TrainingOrder, RateSearchNews),
    ...encoderStreams,
    ...inspectionEngineStreams,
  },
  events: {},
}
export type EngineContract = typeof engineContract
