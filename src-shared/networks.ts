/**
 * A network as data: layers by name, each with the layers it reads from. Shapes are [channels, height, width] of one
 * patch; the batch axis is left out.
 *
 * Everything else is computed from this description: shapes, parameters, receptive field, the ONNX graph, gradients.
 */
import * as z from 'zod'

const id = z.string().regex(/^[a-z][a-z0-9_]*$/i)
const count = z.number().int().positive()
/** Names of the layers read; left out = the layer before. `input` is the patch. */
const inputs = z.array(id).min(1).optional()
const padding = z.number().int().nonnegative().default(0)
const epsilon = z.number().positive().default(1e-5)

/** The symmetries of a square: its four turns, and these with the four mirrored ones. */
export const SymmetryGroup = z.enum(['p4', 'p4m'])
export type SymmetryGroup = z.infer<typeof SymmetryGroup>

export const Layer = z.discriminatedUnion('kind', [
  /**
   * Weighted average of a k × k neighbourhood with the same weights everywhere, one bias for each filter. In groups,
   * each filter reads only its own group's channels; as many groups as channels make it depthwise.
   */
  z.object({
    kind: z.literal('convolution'),
    id,
    inputs,
    filters: count,
    kernel: count,
    stride: count.default(1),
    /** rows and columns of zeros added on every side */
    padding,
    /** distance between neighbouring taps of the kernel; 1 = side by side */
    dilation: count.default(1),
    groups: count.default(1),
    bias: z.boolean().default(true),
  }),
  /** A convolution the other way round: every value spreads over a k × k window, windows lie `stride` apart and add up. */
  z.object({
    kind: z.literal('transposed-convolution'),
    id,
    inputs,
    filters: count,
    kernel: count,
    stride: count.default(1),
    /** rows and columns taken away on every side */
    padding,
    /** rows and columns added at the bottom and the right; fewer than the stride */
    outputPadding: z.number().int().nonnegative().default(0),
    bias: z.boolean().default(true),
  }),
  /**
   * A convolution whose every filter is also tried turned (p4) or turned and mirrored (p4m), with the same weights. It
   * makes oriented maps: `filters` fields of 4 or 8 channels, channel = field · orientations + orientation. It reads an
   * ordinary map (lifting) or oriented maps of the same group.
   */
  z.object({
    kind: z.literal('group-convolution'),
    id,
    inputs,
    group: SymmetryGroup,
    /** fields; the output has 4 or 8 times as many channels */
    filters: count,
    kernel: count,
    stride: count.default(1),
    padding,
    bias: z.boolean().default(true),
  }),
  /** Oriented maps to ordinary ones: of each field the mean or the largest over its orientations. */
  z.object({ kind: z.literal('orientation-pool'), id, inputs, take: z.enum(['mean', 'max']) }),

  /** Mean 0 and variance 1 in a batch, then a scale and a shift, both for each channel; running averages in use. */
  z.object({
    kind: z.literal('batch-norm'),
    id,
    inputs,
    epsilon,
    /** channels that share statistics, scale and shift: as many as the orientations of the maps it reads */
    orientations: count.default(1),
  }),
  /** As batch norm, but over each patch by itself, for groups of channels; a scale and a shift for each channel. */
  z.object({ kind: z.literal('group-norm'), id, inputs, groups: count, epsilon }),
  /**
   * As group norm with one group: over all channels and places of a patch, or all its features; a scale and a shift for
   * each channel or feature (not for each place, so that a patch of any size fits).
   */
  z.object({ kind: z.literal('layer-norm'), id, inputs, epsilon }),

  /** max(0, x), and at most `ceiling` where one is given (ReLU6: 6). */
  z.object({ kind: z.literal('relu'), id, inputs, ceiling: z.number().positive().optional() }),
  /** x above 0, slope · x below. */
  z.object({ kind: z.literal('leaky-relu'), id, inputs, slope: z.number().min(0).lt(1).default(0.01) }),
  /** x · Φ(x) with the true normal distribution, not its tanh approximation. */
  z.object({ kind: z.literal('gelu'), id, inputs }),
  /** x · sigmoid(x); also called swish. */
  z.object({ kind: z.literal('silu'), id, inputs }),
  z.object({ kind: z.literal('sigmoid'), id, inputs }),
  z.object({ kind: z.literal('tanh'), id, inputs }),
  /** Over the channels of each place, or over features: they add up to 1. The classes get theirs without it. */
  z.object({ kind: z.literal('softmax'), id, inputs }),

  /** Largest value of each window; padding never wins. */
  z.object({ kind: z.literal('max-pool'), id, inputs, kernel: count, stride: count, padding }),
  /** Mean of each window over what lies on the map: padding is not counted (PyTorch: count_include_pad=False). */
  z.object({ kind: z.literal('average-pool'), id, inputs, kernel: count, stride: count, padding }),
  z.object({ kind: z.literal('global-average-pool'), id, inputs }),
  z.object({ kind: z.literal('global-max-pool'), id, inputs }),

  z.object({ kind: z.literal('flatten'), id, inputs }),
  z.object({ kind: z.literal('dense'), id, inputs, units: count, bias: z.boolean().default(true) }),
  z.object({ kind: z.literal('dropout'), id, inputs, rate: z.number().min(0).lt(1) }),
  /**
   * Weighs the channels of a map by a gate each, worked out from the means of them all: dense to `squeezed` units, ReLU,
   * dense back, sigmoid.
   */
  z.object({ kind: z.literal('squeeze-excitation'), id, inputs, squeezed: count }),

  z.object({ kind: z.literal('add'), id, inputs: z.array(id).min(2) }),
  /** Place by place; one of the two may be a gate: features, one for each channel of the other. */
  z.object({ kind: z.literal('multiply'), id, inputs: z.array(id).length(2) }),
  /** Joined along the channel axis. */
  z.object({ kind: z.literal('concatenate'), id, inputs: z.array(id).min(2) }),
])
export type Layer = z.infer<typeof Layer>
export type LayerKind = Layer['kind']
export type LayerOf<Kind extends LayerKind> = Extract<Layer, { kind: Kind }>
/** A layer as it may be written down: what has a default may be left out. */
export type LayerInput = z.input<typeof Layer>

export const NetworkDescription = z.object({
  name: z.string().min(1),
  /** [channels, height, width] of a patch */
  input: z.tuple([count, count, count]),
  layers: z.array(Layer).min(1).max(2000),
})
export type NetworkDescription = z.infer<typeof NetworkDescription>

/** The networks to choose from: first those that are recommended, then those for digits, then those of the papers, in the order of their years. */
export const PresetName = z.enum([
  'tessera-s',
  'tessera-m',
  'small-vgg',
  'small-resnet',
  'small-inception',
  'digits-3',
  'digits-5',
  'digits-7',
  'mlp',
  'lenet-5',
  'vgg-11',
  'vgg-16',
  'vgg-19',
  'googlenet',
  'resnet-18',
  'resnet-34',
  'resnet-50',
  'resnet-101',
  'resnet-152',
  'densenet-121',
  'mobilenet-v2',
  'p4m-densenet',
])
export type PresetName = z.infer<typeof PresetName>

/** Made for tissue on a processor, made for digits, or as a paper has it. */
export const NetworkGroup = z.enum(['recommended', 'digits', 'paper'])
export type NetworkGroup = z.infer<typeof NetworkGroup>

const about = {
  preset: PresetName,
  title: z.string(),
  /** One sentence for a student: what is special about it, whose idea it was and when. */
  idea: z.string(),
  group: NetworkGroup,
}

export const UsableNetwork = z.object({
  ...about,
  usable: z.literal(true),
  layers: z.number().int(),
  parameters: z.number().int(),
  multiplyAdds: z.number(),
  /** px of the patch that one value of the last convolution sees; capped at nothing */
  receptiveFieldPx: z.number().int(),
  /** memory of a training with 32 patches in a step, estimated */
  trainingBytes: z.number(),
  /** most patches in a step that fit the memory a training may take here; 0 = not even one */
  largestBatch: z.number().int(),
})
export type UsableNetwork = z.infer<typeof UsableNetwork>

/** What a preset is for given patches and a number of classes, or why it is not for them. */
export const NetworkSummary = z.discriminatedUnion('usable', [
  UsableNetwork,
  z.object({ ...about, usable: z.literal(false), reason: z.string() }),
])
export type NetworkSummary = z.infer<typeof NetworkSummary>
