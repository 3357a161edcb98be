/**
 * Encoders of a project, and what they made of the patches of its slides and sets, kept so that classifiers on features,
 * neighbours and maps answer at once.
 */
import * as z from 'zod'
import { FileHandle } from './app.ts'
import { EncoderCard } from './encoders.ts'
import { EncoderId, FeatureSetId, JobId, ModelId, SlideId, SourceId, Timestamp } from './ids.ts'
import { call, event } from './wire/contract.ts'

/** What a person says of an encoder; beyond the layer only of files of other programs. */
export const EncoderWords = z.object({
  /** of Tessera's own models a layer, of other files a value; absent = what the last dense layer reads; the only result */
  layer: z.string().optional(),
  /** px of the input */
  edgePx: z.number().int().positive().optional(),
  mean: z.array(z.number()).optional(),
  std: z.array(z.number().positive()).optional(),
  /** µm/px of the input */
  mpp: z.number().positive().optional(),
})
export type EncoderWords = z.infer<typeof EncoderWords>

/** Where the weights of an encoder are. */
export const EncoderOrigin = z.discriminatedUnion('kind', [
  /** comes with Tessera, by the name of its file */
  z.object({ kind: z.literal('shipped'), key: z.string() }),
  z.object({ kind: z.literal('model'), model: ModelId }),
  /** a file of the user's, which stays where it is: some have gigabytes */
  z.object({ kind: z.literal('file'), path: z.string() }),
  /** features came as a file of another program; the weights are not here, so no patch can be added */
  z.object({ kind: z.literal('elsewhere') }),
])
export type EncoderOrigin = z.infer<typeof EncoderOrigin>

export const Encoder = z.object({
  id: EncoderId,
  origin: EncoderOrigin,
  card: EncoderCard,
  createdAt: Timestamp,
})
export type Encoder = z.infer<typeof Encoder>

/** How features are kept. float16 halves the file; about three decimal digits are left of each feature. */
export const FeatureElement = z.enum(['float32', 'float16'])
export type FeatureElement = z.infer<typeof FeatureElement>

/** What one encoder made of the patches of one source. */
export const FeatureSet = z.object({
  id: FeatureSetId,
  encoder: EncoderId,
  source: SourceId,
  slide: SlideId.nullable(),
  /** the last that extracted; null = read from a file */
  job: JobId.nullable(),
  element: FeatureElement,
  dimensions: z.number().int().positive(),
  /** patches that have features */
  rows: z.number().int(),
  /** `rows` when nothing is left to do */
  total: z.number().int(),
  /** Why it no longer fits the project (µm/px corrected, channels changed); null while it does. */
  stale: z.string().nullable(),
  createdAt: Timestamp,
})
export type FeatureSet = z.infer<typeof FeatureSet>

export const ShippedEncoder = z.object({ key: z.string(), card: EncoderCard })
export type ShippedEncoder = z.infer<typeof ShippedEncoder>

export const featureCalls = {
  'encoders.list': call(z.void(), z.array(Encoder)),
  /** Those that come with Tessera. */
  'encoders.shipped': call(z.void(), z.array(ShippedEncoder)),
  /**
   * Adds an encoder after a trial run; one that is there already is given back.
   * @throws FILE_NOT_FOUND, MODEL_FILE_BROKEN, ENCODER_LAYER_UNKNOWN, ENCODER_INCOMPLETE with all that is missing
   */
  'encoders.add': call(
    z.object({
      from: z.discriminatedUnion('kind', [
        z.object({ kind: z.literal('shipped'), key: z.string() }),
        z.object({ kind: z.literal('model'), model: ModelId }),
        z.object({ kind: z.literal('file'), file: FileHandle }),
      ]),
      words: EncoderWords.default({}),
    }),
    Encoder,
  ),
  'features.sets': call(z.void(), z.array(FeatureSet)),
  /**
   * Extracts features of all patches of sources: of a grid those inside its mask, of a set those that networks get. Patches
   * that have features are not done again; a set that is stale is made anew. One job for each source.
   * @throws ENCODER_UNKNOWN, SOURCE_UNKNOWN, MODEL_SPACING_MISMATCH, MASK_EMPTY, PATCH_SET_EMPTY
   */
  'features.extract': call(
    z.object({
      encoder: EncoderId,
      sources: z.array(SourceId).min(1),
      element: FeatureElement.default('float16'),
    }),
    z.array(FeatureSet),
  ),
  /**
   * Takes over features that Tessera, TRIDENT or CLAM wrote as HDF5 for a slide. They lie on a grid of the slide that has
   * their coordinates; one is made where there is none.
   * @param edgeLevel0 edge of a patch, level-0 px, where the file does not say it
   * @throws FILE_BROKEN, FEATURES_NOT_PLACED, SLIDE_MPP_NEEDED
   */
  'features.importH5': call(
    z.object({ file: FileHandle, slide: SlideId, edgeLevel0: z.number().int().positive().nullable().default(null) }),
    FeatureSet,
  ),
  /** Throws features away, and the file they are in. Their job is cancelled. */
  'features.discard': call(z.object({ set: FeatureSetId }), z.void()),
}

export const featureEvents = {
  'encoders.changed': event(z.object({ changed: z.array(Encoder) })),
  'features.changed': event(z.object({ changed: z.array(FeatureSet), removed: z.array(FeatureSetId) })),
}
