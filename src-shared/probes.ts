/** Probes: simple classifiers on the features of an encoder, and what was found of each. */
import * as z from 'zod'
import { Evaluation } from './evaluation.ts'

export const ProbeName = z.enum(['knn', 'linear', 'prototypes', 'mlp'])
export type ProbeName = z.infer<typeof ProbeName>

export const ProbeSettings = z.object({
  /** neighbours that vote */
  k: z.number().int().min(1).max(1000).default(20),
  /** whether nearer neighbours count more: each vote is divided by its distance */
  weighted: z.boolean().default(false),
  seed: z.number().int().min(0).max(0xffffffff).default(1),
})
export type ProbeSettings = z.infer<typeof ProbeSettings>

export const ProbeResult = z.object({
  probe: ProbeName,
  evaluation: Evaluation,
  /** mean cross-entropy of the calibrated probabilities on the test patches, nats */
  logLoss: z.number(),
  /** the logits are divided by it; found on held-out folds of the training patches */
  temperature: z.number().positive(),
  /** what was chosen or found on the way, by name */
  fitted: z.record(z.string(), z.number()),
  /** wall clock of fitting, choosing and calibrating, and of classifying the test patches */
  seconds: z.object({ fit: z.number(), predict: z.number() }),
})
export type ProbeResult = z.infer<typeof ProbeResult>

/** How held-out folds of the training patches were made. */
export const FoldRule = z.enum(['group', 'stratified'])
export type FoldRule = z.infer<typeof FoldRule>

export const ProbeNews = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('folds'), rule: FoldRule, folds: z.number().int() }),
  /** `done` of `total` pieces of work of all probes together */
  z.object({ kind: z.literal('progress'), phase: z.string(), done: z.number(), total: z.number() }),
  z.object({ kind: z.literal('result'), result: ProbeResult }),
])
export type ProbeNews = z.infer<typeof ProbeNews>
