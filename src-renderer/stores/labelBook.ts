/**
 * The labels of one source as the window shows them: what is on disk, with strokes that are not confirmed yet on top.
 *
 * In: strokes from tools, changes from the main process. Out: `shown`, one class number for each patch (0 = unlabelled).
 * A stroke is drawn at once. The disk confirms it, or it is taken back: then each patch shows again what is on disk, or
 * what a later stroke says of it.
 */
import type { LabelDiff } from '../../src-shared/labels.ts'

/** Patches a gesture gives one class, from press to the answer of the disk. */
export interface Stroke {
  readonly class: number
  readonly patches: number[]
}

export class LabelBook {
  /** [patch] class number, 0 = unlabelled */
  readonly shown: Uint16Array
  readonly #onDisk: Uint16Array
  readonly #pending: Stroke[] = []

  /** @param size patches of the source */
  constructor(size: number) {
    this.shown = new Uint16Array(size)
    this.#onDisk = new Uint16Array(size)
  }

  /** What the main process knows: parallel arrays of patch and class. */
  load(patch: Uint32Array, classes: Uint16Array): void {
    this.#onDisk.fill(0)
    for (let i = 0; i < patch.length; i++) this.#onDisk[patch[i]!] = classes[i]!
    this.shown.set(this.#onDisk)
    for (const stroke of this.#pending) for (const each of stroke.patches) this.shown[each] = stroke.class
  }

  begin(classNumber: number): Stroke {
    const stroke: Stroke = { class: classNumber, patches: [] }
    this.#pending.push(stroke)
    return stroke
  }

  /** Adds patches to a stroke. @returns those that look different now */
  paint(stroke: Stroke, patches: Iterable<number>): number[] {
    const changed: number[] = []
    for (const patch of patches) {
      if (patch < 0 || patch >= this.shown.length || this.shown[patch] === stroke.class) continue
      this.shown[patch] = stroke.class
      stroke.patches.push(patch)
      changed.push(patch)
    }
    return changed
  }

  /** The stroke is over: kept on disk, failed or dropped. @returns the patches that look different now */
  settle(stroke: Stroke): number[] {
    const at = this.#pending.indexOf(stroke)
    if (at >= 0) this.#pending.splice(at, 1)
    return this.#refresh(stroke.patches)
  }

  /** Takes a change that is on disk. @returns the patches that look different now */
  apply(diff: LabelDiff): number[] {
    for (let i = 0; i < diff.patch.length; i++) this.#onDisk[diff.patch[i]!] = diff.after[i]!
    return this.#refresh(diff.patch)
  }

  onDisk(patch: number): number {
    return this.#onDisk[patch] ?? 0
  }

  #refresh(patches: ArrayLike<number>): number[] {
    const before = new Uint16Array(patches.length)
    for (let i = 0; i < patches.length; i++) {
      const patch = patches[i]!
      before[i] = this.shown[patch]!
      this.shown[patch] = this.#onDisk[patch]!
    }
    for (const stroke of this.#pending) for (const patch of stroke.patches) this.shown[patch] = stroke.class
    const changed: number[] = []
    for (let i = 0; i < patches.length; i++) if (this.shown[patches[i]!] !== before[i]) changed.push(patches[i]!)
    return changed
  }
}
