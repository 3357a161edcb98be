/**
 * Looking inside a network: what its layers are, what they make of one patch, what in the patch speaks for a class, and
 * which patches excite a channel.
 */
import * as z from 'zod'
import { bytes, float32s, uint32s } from './arrays.ts'
import { EncoderId, ModelId, SourceId } from './ids.ts'
import { call, stream } from './wire/contract.ts'

/** One network of a model, as an ensemble has several; or an encoder of the project that is no model of it. */
export const Inspected = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('model'), model: ModelId, member: z.number().int().nonnegative() }),
  z.object({ kind: z.literal('encoder'), encoder: EncoderId }),
])
export type Inspected = z.infer<typeof Inspected>

const PatchName = { source: SourceId, patch: z.number().int().nonnegative() }
const count = z.number().int().nonnegative()
const pair = z.tuple([count, count])

/** A window that steps over a map, [rows, columns] each. */
export const LayerWindow = z.object({
  kernel: pair,
  stride: pair,
  /** rows above and columns to the left; what lies below and to the right may differ in files of other programs */
  padding: pair,
  dilation: pair,
  /** groups of channels that keep to themselves; 1 = each filter reads all */
  groups: z.number().int().positive(),
})
export type LayerWindow = z.infer<typeof LayerWindow>

export const InspectedLayer = z.object({
  /** a layer's name; in files of other programs the name of a value */
  name: z.string(),
  /** a kind of layer as src-shared/networks.ts has it; in files of other programs an operator of ONNX */
  kind: z.string(),
  /** names of the layers read; `input` = the patch */
  inputs: z.array(z.string()),
  /** of one patch: [channels, height, width], or [features]; files of other programs may have others */
  shape: z.array(count),
  window: LayerWindow.nullable(),
  /** numbers that training changed; running averages are not counted */
  parameters: count,
  /** for one patch; null = not known of this operator */
  multiplyAdds: z.number().nullable(),
  /** px of the patch; null = not known */
  receptiveField: z.object({ size: z.number(), jump: z.number() }).nullable(),
  /** Of a convolution: weights it would need if every value of its output were joined to every value it reads. */
  fullyConnected: z.number().nullable(),
})
export type InspectedLayer = z.infer<typeof InspectedLayer>

/** The filters of the first convolution, those that see the patch itself. */
export const FirstFilters = z.object({
  layer: z.string(),
  filters: count,
  channels: count,
  height: count,
  width: count,
  /** [filter, channel, row, column] */
  weights: float32s,
})
export type FirstFilters = z.infer<typeof FirstFilters>

export const InspectedNetwork = z.object({
  /** networks in the model: several are an ensemble */
  members: z.number().int().positive(),
  /** [channels, height, width] of a patch */
  input: z.tuple([count, count, count]),
  layers: z.array(InspectedLayer).min(1),
  /** why there is no Grad-CAM and no gradient; null = there are */
  noGradients: z.string().nullable(),
  firstFilters: FirstFilters.nullable(),
})
export type InspectedNetwork = z.infer<typeof InspectedNetwork>

export const InspectedPatch = z.object({
  edgePx: count,
  /** what the network is shown: RGB bytes [row, column, channel] */
  pixels: bytes,
  /** [class], as this network says; null of an encoder */
  probabilities: float32s.nullable(),
})
export type InspectedPatch = z.infer<typeof InspectedPatch>

/** Some channels of a layer for one patch. */
export const FeatureMaps = z.object({
  shape: z.array(count),
  /** the first channel that came */
  first: count,
  /** [channel, row, column] of those that came; features are maps of 1 × 1 */
  values: float32s,
  /** over all channels */
  least: z.number(),
  greatest: z.number(),
  /** channels that are 0 everywhere on this patch */
  silent: count,
})
export type FeatureMaps = z.infer<typeof FeatureMaps>

/** A layer that follows place by place: what it made of the number before it. */
const Following = z.object({
  name: z.string(),
  kind: z.string(),
  value: z.number(),
  /** of a batch norm in use: (x − mean) / √(variance + ε) · scale + shift */
  norm: z
    .object({
      mean: z.number(),
      variance: z.number(),
      epsilon: z.number(),
      scale: z.number(),
      shift: z.number(),
    })
    .nullable(),
})

/** One number of a layer with all that it was worked out from. */
export const WindowNumbers = z.object({
  kind: z.enum(['convolution', 'max-pool', 'average-pool']),
  channel: count,
  row: count,
  column: count,
  /** first row and column of the window on the map it reads; negative where it begins on the padding */
  top: z.number().int(),
  left: z.number().int(),
  kernel: pair,
  dilation: pair,
  /** channels of the map that are read, by number: those of the filter’s group; of a pool one */
  channels: uint32s,
  /** [channel, row, column] of the window; 0 on the padding */
  input: float32s,
  /** [row, column] 1 = on the map, 0 = on the padding */
  inside: bytes,
  /** [channel, row, column]; empty of a pool */
  weights: float32s,
  bias: z.number().nullable(),
  /** what the engine made of it */
  output: z.number(),
  following: z.array(Following),
})
export type WindowNumbers = z.infer<typeof WindowNumbers>

export const SaliencyMethod = z.enum(['occlusion', 'grad-cam', 'gradient-input'])
export type SaliencyMethod = z.infer<typeof SaliencyMethod>

export const SaliencyMap = z.object({
  /** rows and columns that cover the whole patch evenly: fewer than px where the method is coarser */
  height: count,
  width: count,
  /** [row, column]; above 0 = speaks for the class; of an encoder how far the features move, 1 − cosine */
  values: float32s,
  /** of the class, for the patch as it is: a probability for occlusion, else the number before softmax; of an encoder 1 */
  score: z.number(),
})
export type SaliencyMap = z.infer<typeof SaliencyMap>

export const SaliencyNews = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('progress'), done: count, total: count }),
  SaliencyMap.extend({ kind: z.literal('map') }),
])
export type SaliencyNews = z.infer<typeof SaliencyNews>

/** What of a channel’s map counts as its excitement. */
export const ExcitedBy = z.enum(['largest', 'mean'])
export type ExcitedBy = z.infer<typeof ExcitedBy>

/** The ends of an order of patches, for each channel; fewer than `kept` while there are fewer patches. */
export const Ends = z.object({
  /** patches for each channel */
  kept: count,
  /** [channel, place in the order] */
  patch: uint32s,
  value: float32s,
  /** row · width + column of the map where it is largest */
  place: uint32s,
})
export type Ends = z.infer<typeof Ends>

export const ExcitedNews = z.object({
  done: count,
  total: count,
  channels: count,
  /** patches that lie where their slide is damaged */
  leftOut: count,
  /** width of the layer’s map */
  width: count,
  /** the most exciting first */
  most: Ends,
  /** the least exciting first */
  least: Ends,
})
export type ExcitedNews = z.infer<typeof ExcitedNews>

/** Patches kept at each end. */
export const EXCITED_KEPT = 12

const onPatch = { of: Inspected, ...PatchName }

export const inspectionCalls = {
  /**
   * @param source whose patches it is to be shown: an encoder may take patches of many edges
   * @throws MODEL_UNKNOWN, MODEL_FILE_BROKEN, MODEL_WEIGHTS_MISMATCH, ENCODER_UNKNOWN, ENCODER_CHANGED
   */
  'inspection.network': call(z.object({ of: Inspected, source: SourceId.nullable() }), InspectedNetwork),
  /** @throws MODEL_INPUT_MISMATCH, MODEL_SPACING_MISMATCH when such patches are not what the model takes; PATCH_UNKNOWN and others of reading */
  'inspection.patch': call(z.object(onPatch), InspectedPatch),
  /** @throws LAYER_UNKNOWN */
  'inspection.maps': call(
    z.object({ ...onPatch, layer: z.string(), first: count, count: z.number().int().min(1).max(256) }),
    FeatureMaps,
  ),
  /**
   * Of a convolution or a pool.
   * @throws LAYER_UNKNOWN, LAYER_PLACE_UNKNOWN
   */
  'inspection.window': call(
    z.object({ ...onPatch, layer: z.string(), channel: count, row: count, column: count }),
    WindowNumbers,
  ),
}

export const inspectionStreams = {
  /**
   * What in a patch speaks for a class. Leaving the stream ends the work.
   * @throws LAYER_UNKNOWN, GRADIENTS_NOT_POSSIBLE
   */
  'inspection.saliency': stream(
    z.object({
      ...onPatch,
      method: SaliencyMethod,
      /** by its place among the model’s classes; null of an encoder: all of its features */
      class: count.nullable(),
      /** of Grad-CAM: whose maps are weighed; null = the last with places */
      layer: z.string().nullable(),
      /** of occlusion: edge of the square that is covered, and its step, px */
      square: z.number().int().min(1),
      step: z.number().int().min(1),
    }),
    SaliencyNews,
  ),
  /**
   * The patches of a grid (inside its tissue mask) or set that excite each channel of a layer most and least. Leaving the
   * stream ends the work.
   */
  'inspection.excited': stream(
    z.object({ of: Inspected, source: SourceId, layer: z.string(), by: ExcitedBy }),
    ExcitedNews,
  ),
}
