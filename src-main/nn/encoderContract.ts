/**
 * What the main process and the engine process say to each other about encoders and classifiers on features. Pixels and
 * features go by file: pixels as ../features/pixelFile.ts says, features as ../features/featureFile.ts.
 */
import * as z from 'zod'
import { float32s, uint16s, uint32s } from '../../src-shared/arrays.ts'
import { tesseraError } from '../../src-shared/errors.ts'
import { Normalisation } from '../../src-shared/models.ts'
import { ProbeNews, ProbeSettings } from '../../src-shared/probes.ts'
import { call, stream } from '../../src-shared/wire/contract.ts'

export const EncoderOrder = z.object({
  file: z.string(),
  input: z.object({ edgePx: z.number().int().positive(), channels: z.union([z.literal(1), z.literal(3)]) }),
  normalisation: Normalisation,
  /**
   * Of Tessera's own files a layer by name, null = what the last dense layer reads. Of other files the name of a value,
   * null = the only result.
   */
  layer: z.string().nullable(),
})
export type EncoderOrder = z.infer<typeof EncoderOrder>

/** Names an open encoder for the life of the engine process. */
export const OpenEncoderId = z.number().int().positive().brand<'OpenEncoder'>()
export type OpenEncoderId = z.infer<typeof OpenEncoderId>

/** What a file fixes of an encoder. */
export const EncoderFacts = z.object({
  /** whether Tessera wrote it */
  own: z.boolean(),
  /** [channels, height, width]; null where each call may choose */
  axes: z.array(z.number().int().nullable()),
  /** words kept in the file */
  metadata: z.record(z.string(), z.string()),
})
export type EncoderFacts = z.infer<typeof EncoderFacts>

/** A file of features, and the class of each of its patches, 0 … classes − 1. */
const LabelledFeatures = z.object({
  file: z.string(),
  classOf: uint16s,
  /** patches of one number are of one slide or patient; null = nobody says which are */
  groupOf: uint32s.nullable(),
})

export const ProbeOrder = z.object({
  dimensions: z.number().int().positive(),
  classes: z.array(z.string()).min(2),
  training: LabelledFeatures,
  test: LabelledFeatures.omit({ groupOf: true }),
  settings: ProbeSettings,
})
export type ProbeOrder = z.infer<typeof ProbeOrder>

export const encoderCalls = {
  /** @throws FILE_NOT_FOUND, MODEL_FILE_BROKEN when it is no ONNX file, or has no single input of patches */
  'engine.inspectEncoder': call(z.object({ file: z.string() }), EncoderFacts),
  /**
   * Opens an encoder and runs it once.
   * @throws FILE_NOT_FOUND, MODEL_FILE_BROKEN, ENCODER_LAYER_UNKNOWN, ENCODER_INCOMPLETE, MODEL_INPUT_MISMATCH
   */
  'engine.openEncoder': call(
    EncoderOrder,
    z.object({
      encoder: OpenEncoderId,
      layer: z.string(),
      pooling: z.enum(['none', 'mean']),
      dimensions: z.number().int().positive(),
      sha256: z.string(),
      bytes: z.number().int(),
    }),
  ),
  /**
   * Features [patch, dimension] of a pixel file that holds `patches`.
   * @throws MODEL_UNKNOWN, ENGINE_FAILED, MODEL_OUTPUT_INVALID with the first patch that has a feature that is no number
   */
  'engine.encode': call(
    z.object({
      encoder: OpenEncoderId,
      file: z.string(),
      patches: z.number().int().positive(),
      /** what the patches are called where something is said of one */
      numbers: uint32s,
    }),
    z.object({ features: float32s }),
  ),
}

export const encoderStreams = {
  /**
   * Fits classifiers on features and measures each on the test patches.
   * @throws FILE_BROKEN, PROBE_NOT_POSSIBLE, ENGINE_FAILED
   */
  'engine.probe': stream(ProbeOrder, ProbeNews),
}

export const layerUnknown = (file: string, layer: string, known: readonly string[]) =>
  tesseraError('ENCODER_LAYER_UNKNOWN', `“${file}” has no layer “${layer}”. It has: ${known.join(', ')}.`, {
    file,
    layer,
    known: [...known],
  })

export const encoderIncomplete = (file: string, missing: readonly string[]) =>
  tesseraError(
    'ENCODER_INCOMPLETE',
    `“${file}” does not say all that is needed to use it as an encoder. Missing: ${missing.join('; ')}.`,
    { file, missing: [...missing] },
  )
