/**
 * Which predicted patches are worth a look first. Pure.
 *
 * - uncertain: unlabelled patches, by the margin between the two most probable classes, least certain first
 * - disagrees: labelled patches whose label is not the prediction, by how sure the model is of something else
 * - random: unlabelled patches in an order without meaning, for an honest sample
 * - loss: labelled patches by −log of the probability of their label, the largest first
 * - neighbours: labels by how many of their neighbours are of another class; see doubts.ts
 */
import { mostProbable, type PatchProbabilities, uncertainty } from '../../src-shared/predictions.ts'

export type ReviewOrder = 'uncertain' | 'disagrees' | 'random' | 'loss' | 'neighbours'

export interface Candidate {
  patch: number
  /** [class], sums to 1 */
  probabilities: Float32Array
  /** index of the most probable class */
  predicted: number
  /** 0 = certain, 1 = undecided */
  uncertainty: number
  why: ReviewOrder | 'held-out'
  /** Of a held-out patch: what it was labelled when the training began, as an index; else null. */
  truth: number | null
  /** Larger = sooner. Comparable between runs. */
  rank: number
}

/** What float32 can not tell from 0 counts as this: a loss is finite. */
const LEAST_PROBABILITY = 1e-12

/** −log p, nats: what a patch adds to the loss of a training */
export const lossOf = (probability: number): number => -Math.log(Math.max(LEAST_PROBABILITY, probability))

/** @param label as for candidatePicker */
function belongs(order: ReviewOrder, label: number | null, predicted: number): boolean {
  if (order === 'loss') return label !== null && label >= 0
  if (order === 'disagrees') return label !== null && label >= 0 && label !== predicted
  return label === null
}

/** Looks through predictions block by block, keeping the best so far. */
export interface CandidatePicker {
  look(block: PatchProbabilities): void
  /** The best of what was looked at, in order. */
  picked(): Candidate[]
}

/**
 * @param labelOf index of the class a person gave the patch; -1 = a class the model does not know, null = none
 * @param most how many are kept
 */
export function candidatePicker(
  classes: number,
  most: number,
  order: ReviewOrder,
  labelOf: (patch: number) => number | null,
): CandidatePicker {
  const kept: Candidate[] = []
  let least = Number.NEGATIVE_INFINITY
  return {
    look({ patch, probabilities }) {
      for (let i = 0; i < patch.length; i++) {
        // A row of NaN is not predicted yet.
        if (Number.isNaN(probabilities[i * classes]!)) continue
        const label = labelOf(patch[i]!)
        const predicted = mostProbable(probabilities, i, classes)
        if (!belongs(order, label, predicted)) continue
        const unsure = uncertainty(probabilities, i, classes)
        const sure = probabilities[i * classes + predicted]!
        const rank =
          order === 'loss'
            ? lossOf(probabilities[i * classes + label!]!)
            : order === 'uncertain'
              ? unsure
              : order === 'random'
                ? scatter(patch[i]!)
                : sure
        if (rank <= least) continue
        kept.push({
          patch: patch[i]!,
          probabilities: probabilities.slice(i * classes, (i + 1) * classes),
          predicted,
          uncertainty: unsure,
          why: order,
          truth: null,
          rank,
        })
        if (kept.length >= 4 * most) least = keepBest(kept, most)
      }
    },
    picked() {
      keepBest(kept, most)
      return kept
    },
  }
}

/** Sorts, drops all but the best, and @returns the rank of the last one kept. */
function keepBest(picked: Candidate[], most: number): number {
  picked.sort((a, b) => b.rank - a.rank || a.patch - b.patch)
  picked.length = Math.min(picked.length, most)
  return picked.length === most ? picked[most - 1]!.rank : Number.NEGATIVE_INFINITY
}

/** 0 … 1, the same for the same patch: the finaliser of MurmurHash3 (Appleby, 2011). */
function scatter(patch: number): number {
  let hash = patch + 0x9e3779b9
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32
}
