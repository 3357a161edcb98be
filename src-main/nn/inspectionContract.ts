/** What the main process and the engine process say to each other about the inside of networks. Pixels go by file. */
import * as z from 'zod'
import { float32s, uint32s } from '../../src-shared/arrays.ts'
import {
  ExcitedBy,
  FeatureMaps,
  InspectedNetwork,
  SaliencyMethod,
  SaliencyNews,
  WindowNumbers,
} from '../../src-shared/inspection.ts'
import { Normalisation } from '../../src-shared/models.ts'
import { NetworkDescription } from '../../src-shared/networks.ts'
import { call, stream } from '../../src-shared/wire/contract.ts'

const size = z.number().int().positive()

export const InspectionOrder = z.object({
  file: z.string(),
  /** which of the networks of an ensemble, from 0 */
  member: z.number().int().nonnegative(),
  /** its layers, where they are known */
  description: NetworkDescription.nullable(),
  normalisation: Normalisation,
  /** [channels, height, width] of a patch */
  input: z.tuple([size, size, size]),
  /** the layer that is its answer, a map as the means of its channels; null = the result of the file */
  answer: z.string().nullable(),
})
export type InspectionOrder = z.infer<typeof InspectionOrder>

/** Names a network that is open to be looked into, for the life of the engine process. */
export const OpenInspectionId = z.number().int().positive().brand<'OpenInspection'>()
export type OpenInspectionId = z.infer<typeof OpenInspectionId>

/** A pixel file of one patch; its name stands for the patch, so another patch has another. */
const onPatch = { inspection: OpenInspectionId, pixels: z.string() }
const count = z.number().int().nonnegative()

export const inspectionEngineCalls = {
  /** @throws FILE_NOT_FOUND, MODEL_FILE_BROKEN, MODEL_WEIGHTS_MISMATCH, MODEL_UNKNOWN */
  'engine.inspect': call(
    InspectionOrder,
    z.object({ inspection: OpenInspectionId, sha256: z.string(), network: InspectedNetwork }),
  ),
  /** What it says of the patch: [class], or [feature] */
  'engine.inspectAnswer': call(z.object(onPatch), z.object({ answer: float32s })),
  /** @throws LAYER_UNKNOWN */
  'engine.inspectMaps': call(z.object({ ...onPatch, layer: z.string(), first: count, count }), FeatureMaps),
  /** @throws LAYER_UNKNOWN, LAYER_PLACE_UNKNOWN */
  'engine.inspectWindow': call(
    z.object({ ...onPatch, layer: z.string(), channel: count, row: count, column: count }),
    WindowNumbers,
  ),
  /** How much each of the patches of a pixel file excites each channel of a layer. @throws LAYER_UNKNOWN */
  'engine.excitement': call(
    z.object({
      inspection: OpenInspectionId,
      layer: z.string(),
      by: ExcitedBy,
      file: z.string(),
      patches: z.number().int().positive(),
    }),
    z.object({
      channels: count,
      width: count,
      /** [patch, channel] */
      value: float32s,
      /** [patch, channel] where the map is largest, row · width + column */
      place: uint32s,
    }),
  ),
}

export const inspectionEngineStreams = {
  /** @throws LAYER_UNKNOWN, GRADIENTS_NOT_POSSIBLE */
  'engine.saliency': stream(
    z.object({
      ...onPatch,
      method: SaliencyMethod,
      class: count.nullable(),
      layer: z.string().nullable(),
      square: z.number().int().min(1),
      step: z.number().int().min(1),
    }),
    SaliencyNews,
  ),
}
