/**
 * The next patches to label: uncertain, and unlike each other. Of the patches without a label the `POOL` · n least certain
 * by margin are taken, and among those n by greedy k-centre, beginning from the labelled ones (`spread.order`).
 *
 * Uncertainty alone asks for the same picture twenty times; diversity alone asks for artefacts and rare oddities.
 * @see Zhdanov, Diverse mini-batch Active Learning, arXiv:1901.05954 (2019): the same pre-selection, β = 10
 */
import { orderByKey } from './ranking.ts'
import { uncertaintyOf } from './uncertainty.ts'

export const BATCH_SIZE = { first: 20, least: 5, most: 200 } as const

/** patches to choose from, for each of the batch */
export const POOL = 10

/**
 * The least certain of some patches, least certain first.
 * @param probabilities [patch, class]; patches that are not predicted (NaN) are left out
 */
export function leastCertain(
  patches: Uint32Array,
  probabilities: Float32Array,
  classes: number,
  most: number,
): Uint32Array {
  const predicted = patches.filter((patch) => !Number.isNaN(probabilities[patch * classes]))
  const keys = Float32Array.from(predicted, (patch) => uncertaintyOf('margin', probabilities, patch, classes))
  return orderByKey(predicted, keys, 'descending').slice(0, most)
}
