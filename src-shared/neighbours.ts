/**
 * Patches that lie close together in the features of an encoder: the labelled ones nearest to a patch, as the reason for
 * what a classifier says of it; all that look like it; and labels that their neighbours speak against.
 *
 * Features are centred and divided by their length; distance(a, b) = ‖a − b‖ = √(2 − 2 a·b), from 0 (the same direction)
 * to 2 (the opposite one). Patches that overlap on a slide show the same tissue and never count as neighbours of each other.
 */
import * as z from 'zod'
import { EncoderId, SourceId } from './ids.ts'
import { ClassNumber, UNLABELLED } from './labels.ts'
import { call } from './wire/contract.ts'

/** As in the recipe of Chen et al., UNI (2024). */
export const NEIGHBOURS = 20

const Patch = z.number().int().nonnegative()

export const Neighbour = z.object({
  source: SourceId,
  patch: Patch,
  distance: z.number().min(0),
  /** 0 = unlabelled */
  label: z.union([z.literal(UNLABELLED), ClassNumber]),
})
export type Neighbour = z.infer<typeof Neighbour>

/** How many neighbours are of a class; those without any are left out, the most first. */
export const Votes = z.array(z.object({ class: ClassNumber, votes: z.number().int().positive() }))
export type Votes = z.infer<typeof Votes>

/** The labelled patches nearest to a patch, nearest first. */
export const LabelledNeighbours = z.object({
  /** Patches that have a label and features: what was searched. Below two there is nothing to compare with. */
  labelled: z.number().int(),
  neighbours: z.array(Neighbour),
  votes: Votes,
})
export type LabelledNeighbours = z.infer<typeof LabelledNeighbours>

export const AlikePatches = z.object({
  /** patches that were searched */
  searched: z.number().int(),
  found: z.array(Neighbour),
})
export type AlikePatches = z.infer<typeof AlikePatches>

/** A label that most of the nearest other labels are not like. */
export const Disagreement = z.object({
  source: SourceId,
  patch: Patch,
  label: ClassNumber,
  /** of its neighbours */
  votes: Votes,
})
export type Disagreement = z.infer<typeof Disagreement>

export const Disagreements = z.object({
  /** patches that have a label and features */
  labelled: z.number().int(),
  /** Those whose neighbours were looked up: all, or as many as can be done in some seconds, drawn at random. */
  lookedAt: z.number().int(),
  /** how many disagree; `worst` holds the first of them */
  found: z.number().int(),
  /** by the share of neighbours of other classes, the largest first */
  worst: z.array(Disagreement),
})
export type Disagreements = z.infer<typeof Disagreements>

const ofPatch = { encoder: EncoderId, source: SourceId, patch: Patch }

export const neighbourCalls = {
  /**
   * The k labelled patches nearest to a patch, of all slides and sets with features by the encoder; itself and what overlaps
   * it left out. Centred by the mean of the labelled patches. null: the patch has no features.
   * @throws ENCODER_UNKNOWN, SOURCE_UNKNOWN, FEATURES_STALE, FEATURES_FILE_BROKEN, ENGINE_DIED
   */
  'neighbours.labelled': call(
    z.object({ ...ofPatch, k: z.number().int().min(1).max(200).default(NEIGHBOURS) }),
    LabelledNeighbours.nullable(),
  ),
  /**
   * The patches most like a patch, labelled or not, of all slides and sets with features by the encoder. Centred by the mean
   * of all of them, so that labels do not change what looks alike. Of patches that overlap, the nearest. null: no features.
   * @throws as `neighbours.labelled`
   */
  'neighbours.alike': call(z.object({ ...ofPatch, most: z.number().int().min(1).max(2000) }), AlikePatches.nullable()),
  /**
   * Labels whose patch, classified by the k nearest other labels (leave-one-out), would be of another class.
   * @throws as `neighbours.labelled`, ENGINE_FAILED
   */
  'neighbours.disagreements': call(
    z.object({
      encoder: EncoderId,
      /** Only labels of this source are looked at; all labels are neighbours. null = of all */
      within: SourceId.nullable(),
      k: z.number().int().min(1).max(200).default(NEIGHBOURS),
      most: z.number().int().min(1).max(2000),
    }),
    Disagreements,
  ),
}
