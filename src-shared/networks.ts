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
    padding: z.number().int().nonnegative().default(0),
    /** distance between neighbouring taps of the kernel; 1 = side by side */
    dilation: count.default(1),
    groups: count.default(1),
    bias: z.boolean().default(true),
  }),
  z.object({ kind: z.literal('batch-norm'), id, inputs, epsilon: z.number().positive().default(1e-5) }),
  z.object({ kind: z.literal('relu'), id, inputs }),
  z.object({
    kind: z.literal('max-pool'),
    id,
    inputs,
    kernel: count,
    stride: count,
    padding: z.number().int().nonnegative().default(0),
  }),
  z.object({
    kind: z.literal('average-pool'),
    id,
    inputs,
    kernel: count,
    stride: count,
    padding: z.number().int().nonnegative().default(0),
  }),
  z.object({ kind: z.literal('global-average-pool'), id, inputs }),
  z.object({ kind: z.literal('flatten'), id, inputs }),
  z.object({ kind: z.literal('dense'), id, inputs, units: count }),
  z.object({ kind: z.literal('dropout'), id, inputs, rate: z.number().min(0).lt(1) }),
  z.object({ kind: z.literal('add'), id, inputs: z.array(id).min(2) }),
  /** Joined along the channel axis. */
  z.object({ kind: z.literal('concatenate'), id, inputs: z.array(id).min(2) }),
])
export type Layer = z.infer<typeof Layer>

export const NetworkDescription = z.object({
  name: z.string().min(1),
  /** [channels, height, width] of a patch */
  input: z.tuple([count, count, count]),
  layers: z.array(Layer).min(1).max(2000),
})
export type NetworkDescription = z.infer<typeof NetworkDescription>

/** The three presets to begin with. */
export const PresetName = z.enum(['small-vgg', 'small-resnet', 'small-inception'])
export type PresetName = z.infer<typeof PresetName>

/** What a preset is for a given patch and number of classes. */
export const NetworkSummary = z.object({
  preset: PresetName,
  title: z.string(),
  /** One sentence for a student: what is special about it. */
  idea: z.string(),
  layers: z.number().int(),
  parameters: z.number().int(),
  multiplyAdds: z.number(),
  /** px of the patch that one value of the last convolution sees; capped at nothing */
  receptiveFieldPx: z.number().int(),
})
export type NetworkSummary = z.infer<typeof NetworkSummary>
