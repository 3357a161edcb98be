/**
 * The probabilities of one prediction run as they arrive, with what is asked of every patch at every repaint kept beside
 * them: its most probable class and the one after it.
 *
 * In: blocks in any order. Out: one row for each patch; NaN = not predicted (yet, outside the tissue mask, or where
 * the slide is damaged).
 */
import type { PatchProbabilities } from '../../src-shared/predictions.ts'

/** patches */
const BLOCK = 16_384

export class Probabilities {
  readonly classes: number
  readonly patches: number
  /** [patch, class], NaN where nothing is predicted */
  readonly values: Float32Array
  /** [patch] index of the most probable class */
  readonly first: Uint8Array
  /** [patch] index of the class after it */
  readonly second: Uint8Array
  /** [class] patches whose most probable class it is */
  readonly counts: Uint32Array
  known = 0
  /** patches that lie where the slide is damaged: they have been looked at, and nothing is predicted */
  readonly unread = new Set<number>()
  /** The probabilities of one class beside each other: what every patch is coloured and counted by. */
  #column: { of: number; values: Float32Array } | null = null

  constructor(patches: number, classes: number) {
    this.classes = classes
    this.patches = patches
    this.values = new Float32Array(patches * classes).fill(Number.NaN)
    this.first = new Uint8Array(patches)
    this.second = new Uint8Array(patches)
    this.counts = new Uint32Array(classes)
  }

  add({ patch, probabilities, unread = [] }: PatchProbabilities & { unread?: Iterable<number> }): void {
    const { classes } = this
    for (const each of unread) this.unread.add(each)
    for (let i = 0; i < patch.length; i++) {
      const at = patch[i]!
      if (at >= this.patches) continue
      if (this.has(at)) this.counts[this.first[at]!]!--
      else this.known++
      let first = 0
      let second = classes > 1 ? 1 : 0
      for (let k = 0; k < classes; k++) {
        const p = probabilities[i * classes + k]!
        this.values[at * classes + k] = p
        if (k === 0) continue
        if (p > probabilities[i * classes + first]!) [first, second] = [k, first]
        else if (k === 1 || p > probabilities[i * classes + second]!) second = k
      }
      this.first[at] = first
      this.second[at] = second
      this.counts[first]!++
      if (this.#column) this.#column.values[at] = this.values[at * classes + this.#column.of]!
    }
  }

  /**
   * [patch] the probability of one class, NaN where nothing is predicted. Kept for the class asked for last: of forty
   * classes, a walk over `values` takes ten times as long.
   */
  column(of: number): Float32Array {
    if (this.#column?.of !== of) {
      const values = new Float32Array(this.patches)
      for (let patch = 0, at = of; patch < values.length; patch++, at += this.classes) values[patch] = this.values[at]!
      this.#column = { of, values }
    }
    return this.#column.values
  }

  /** Everything known, in blocks that take a few milliseconds each to look through; rows of NaN are not predicted yet. */
  *blocks(): Generator<PatchProbabilities> {
    for (let from = 0; from < this.patches; from += BLOCK) {
      const to = Math.min(this.patches, from + BLOCK)
      const patch = new Uint32Array(to - from)
      for (let i = 0; i < patch.length; i++) patch[i] = from + i
      yield { patch, probabilities: this.values.subarray(from * this.classes, to * this.classes) }
    }
  }

  has(patch: number): boolean {
    return !Number.isNaN(this.values[patch * this.classes])
  }

  /** The probability of the most probable class of one patch; NaN where nothing is predicted. */
  confidence(patch: number): number {
    return this.values[patch * this.classes + this.first[patch]!] ?? Number.NaN
  }

  /** [class] of one patch; null where nothing is predicted. */
  of(patch: number): Float32Array | null {
    if (patch < 0 || patch >= this.patches || !this.has(patch)) return null
    return this.values.subarray(patch * this.classes, (patch + 1) * this.classes)
  }

  /**
   * The class a patch counts for: `positive` from `threshold` on, else the most probable of the others.
   * The same rule as `decide` in src-shared/predictions.ts, by table.
   */
  decide(patch: number, positive: number, threshold: number): number {
    if (this.values[patch * this.classes + positive]! >= threshold) return positive
    return this.first[patch] === positive ? this.second[patch]! : this.first[patch]!
  }

  /** [class] patches that count for it, as `summarise` in src-shared/predictions.ts counts them. */
  count(positive: number, threshold: number): number[] {
    const counts = new Uint32Array(this.classes)
    const column = this.column(positive)
    const { first, second } = this
    for (let patch = 0; patch < column.length; patch++) {
      const p = column[patch]!
      // NaN fails both comparisons: what is not predicted counts for nothing.
      if (p >= threshold) counts[positive]!++
      else if (p < threshold) counts[first[patch] === positive ? second[patch]! : first[patch]!]!++
    }
    return [...counts]
  }
}
