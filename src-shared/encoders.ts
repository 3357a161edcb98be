/** Encoders: networks that turn a patch into a vector of features, and the card that says how one was used. */
import * as z from 'zod'
import { Normalisation } from './models.ts'
import { MicronPerPx } from './units.ts'

/** Who said a fact about an encoder. */
export const SaidBy = z.enum(['card', 'file', 'config.json', 'flag', 'trial', 'nobody'])
export type SaidBy = z.infer<typeof SaidBy>

/** Where an encoder comes from, for those who are to trust it. */
export const EncoderMade = z.object({
  /** the script that makes it anew */
  script: z.string(),
  licence: z.string(),
  /** what it was trained on, with credit */
  sources: z.array(z.string()),
  /** networks inside, each in words: its training and its seed */
  members: z.array(z.string()),
})
export type EncoderMade = z.infer<typeof EncoderMade>

export const EncoderCard = z.object({
  format: z.literal('tessera-encoder-card'),
  version: z.literal(1),
  name: z.string(),
  /** a model trained with Tessera, an ONNX file of another program, or one whose features came without it */
  kind: z.enum(['tessera', 'onnx', 'elsewhere']),
  weights: z.object({ file: z.string(), sha256: z.string(), bytes: z.number().int() }),
  /** the layer whose output the features are; in files of other programs the name of a value */
  layer: z.string(),
  /** `mean`: the layer's output is a map, and each feature the mean of a channel over its places */
  pooling: z.enum(['none', 'mean']),
  /** features of a patch */
  dimensions: z.number().int().positive(),
  input: z.object({
    /** px of the network's input, those it was trained at; patches of another size are resized to it, whole */
    edgePx: z.number().int().positive(),
    /** px; patches whose edge lies between are not resized. Absent: the network takes `edgePx` only */
    edges: z.object({ smallest: z.number().int().positive(), largest: z.number().int().positive() }).optional(),
    channels: z.union([z.literal(1), z.literal(3)]),
    /** µm/px of the input; null where nobody says it */
    mpp: MicronPerPx.nullable(),
  }),
  normalisation: Normalisation,
  /** who said what */
  saidBy: z.object({ layer: SaidBy, edgePx: SaidBy, mpp: SaidBy, normalisation: SaidBy }),
  /** of encoder files that Tessera's scripts made; others do not say it */
  made: EncoderMade.optional(),
})
export type EncoderCard = z.infer<typeof EncoderCard>
