/** What a live classifier learns from: the labelled patches that have features, of every slide and set, in a fixed order. */
import type { Matrix } from '../../probes/matrix.ts'

export type LiveTraining = {
  /** Which patch each row is: the same text is the same patch, now and later. */
  keys: readonly string[]
  /** [labelled, feature] */
  features: Matrix
  /** [labelled] index into the classes */
  classOf: Uint16Array
  /** classes; each has a labelled patch */
  classes: number
}

/**
 * Places of the labelled patches, for what is measured on patches held out.
 *
 * Patches of one group are held out together. `place` is null where groups are whole slides; else patches of one slide that
 * lie next to each other are never on both sides.
 */
export type LiveGroups = {
  /** [labelled] */
  groupOf: Uint32Array
  place: { slideOf: Uint32Array; x: Float64Array; y: Float64Array } | null
}

/** Patch edges between two corners, below which two patches are neighbours: as the gap of a training's split. */
const NEAR = 2

export const areNear = (place: LiveGroups['place'], a: number, b: number): boolean =>
  place !== null &&
  place.slideOf[a] === place.slideOf[b] &&
  Math.abs(place.x[a]! - place.x[b]!) < NEAR &&
  Math.abs(place.y[a]! - place.y[b]!) < NEAR

/**
 * How many neighbours may vote: no more than the rarest class has labels. Of 20 that vote, a class with four labels can never
 * have the most, however near they are. Classes without any do not count.
 */
export function mostVotes(classOf: ArrayLike<number>, classes: number): number {
  const counts = new Array<number>(classes).fill(0)
  for (let i = 0; i < classOf.length; i++) counts[classOf[i]!]!++
  return Math.min(...counts.filter((count) => count > 0))
}
