/** The log of gestures, in memory: labels, classes and masks with undo without limit. */
import { tesseraError } from '../../../src-shared/errors.ts'
import type { SourceId } from '../../../src-shared/ids.ts'
import {
  type Change,
  CLASS_COLOURS,
  type Gesture,
  type HistoryState,
  type LabelDiff,
  type PatchClass,
  reverse,
} from '../../../src-shared/labels.ts'
import type { Grid } from '../../../src-shared/patches.ts'
import { newId } from './ids.ts'
import type { Scene } from './scene.ts'

interface Step {
  gesture: Gesture
  labels: LabelDiff[]
  classesBefore: PatchClass[] | null
  classesAfter: PatchClass[] | null
}

/** Names of 80 characters, for a full project. */
const longName = (i: number): string =>
  `Class ${i + 1}: a name as long as a name may be, for tissue nobody can say in short words`
    .padEnd(80, '.')
    .slice(0, 80)

export class FakeLabels {
  classes: PatchClass[]
  readonly of = new Map<SourceId, Uint16Array>()
  /** Which gesture gave each label. */
  readonly ages = new Map<SourceId, Map<number, number>>()
  readonly #undo: Step[] = []
  readonly #redo: Step[] = []
  #sequence = 0
  readonly #sizeOf: (source: SourceId) => number
  readonly #grids: () => ReadonlyMap<SourceId, Grid>

  /** @param sizeOf patches of a source */
  constructor(scene: Scene, grids: () => ReadonlyMap<SourceId, Grid>, sizeOf: (source: SourceId) => number) {
    this.#grids = grids
    this.#sizeOf = sizeOf
    this.classes = Array.from({ length: scene.classes }, (_, i) => ({
      number: i + 1,
      id: newId(),
      name: scene.longNames ? longName(i) : (['tumor', 'normal', 'stroma', 'necrosis', 'fat'][i] ?? `class ${i + 1}`),
      colour: CLASS_COLOURS[i % CLASS_COLOURS.length]!,
      key: i < 9 ? String(i + 1) : null,
    }))
  }

  array(source: SourceId): Uint16Array {
    const known = this.of.get(source)
    if (known) return known
    const made = new Uint16Array(this.#sizeOf(source))
    this.of.set(source, made)
    return made
  }

  history(): HistoryState {
    return {
      undo: this.#undo.at(-1)?.gesture.text ?? null,
      redo: this.#redo.at(-1)?.gesture.text ?? null,
      gestures: this.#sequence,
    }
  }

  assign(
    source: SourceId,
    patches: ArrayLike<number>,
    given: number | Uint16Array,
    kind: Gesture['kind'] = 'label',
  ): Change | null {
    const diff = this.#diff(source, patches, given)
    return diff ? this.#assigned([diff], kind) : null
  }

  assignMany(
    parts: readonly { source: SourceId; patches: ArrayLike<number> }[],
    number: number,
    kind: Gesture['kind'],
  ): Change | null {
    const diffs = parts.flatMap(({ source, patches }) => this.#diff(source, patches, number) ?? [])
    return diffs.length > 0 ? this.#assigned(diffs, kind) : null
  }

  #diff(source: SourceId, patches: ArrayLike<number>, given: number | Uint16Array): LabelDiff | null {
    const now = this.array(source)
    const wanted = new Map(Array.from(patches, (patch, i) => [patch, typeof given === 'number' ? given : given[i]!]))
    const changed = [...wanted.keys()].filter((patch) => now[patch] !== wanted.get(patch))
    if (changed.length === 0) return null
    return {
      source,
      patch: Uint32Array.from(changed),
      before: Uint16Array.from(changed, (patch) => now[patch]!),
      after: Uint16Array.from(changed, (patch) => wanted.get(patch)!),
    }
  }

  #assigned(diffs: LabelDiff[], kind: Gesture['kind']): Change {
    const count = diffs.reduce((sum, { patch }) => sum + patch.length, 0)
    const name = this.classes.find((each) => each.number === diffs[0]!.after[0])?.name
    const what = `${count} ${count === 1 ? 'patch' : 'patches'}`
    return this.#step(kind, name ? `label ${what} as ${name}` : `clear ${what}`, diffs, null)
  }

  setClasses(kind: Gesture['kind'], text: string, classes: PatchClass[], labels: LabelDiff[] = []): Change {
    return this.#step(kind, text, labels, classes)
  }

  /** Every label of one class becomes another, in all sources. */
  diffsOf(from: number, into: number): LabelDiff[] {
    return [...this.of].flatMap(([source, now]) => {
      const patch = Uint32Array.from([...now.keys()].filter((i) => now[i] === from))
      if (patch.length === 0) return []
      return [
        {
          source,
          patch,
          before: new Uint16Array(patch.length).fill(from),
          after: new Uint16Array(patch.length).fill(into),
        },
      ]
    })
  }

  mask(source: SourceId, mask: Change['mask']): Change {
    return {
      ...this.#step('mask', mask?.mask ? 'apply a tissue mask' : 'remove the tissue mask', [], null, source),
      mask,
    }
  }

  undo(): Change {
    const step = this.#undo.pop()
    if (!step) throw tesseraError('NOTHING_TO_UNDO', 'There is nothing to undo.', {})
    this.#redo.push(step)
    return this.#replay('undo', step, step.labels.map(reverse), step.classesBefore)
  }

  redo(): Change {
    const step = this.#redo.pop()
    if (!step) throw tesseraError('NOTHING_TO_REDO', 'There is nothing to redo.', {})
    this.#undo.push(step)
    return this.#replay('redo', step, step.labels, step.classesAfter)
  }

  #step(
    kind: Gesture['kind'],
    text: string,
    labels: LabelDiff[],
    classes: PatchClass[] | null,
    source: SourceId | null = labels[0]?.source ?? null,
  ): Change {
    const gesture = this.#gesture(kind, text, source)
    this.#undo.push({ gesture, labels, classesBefore: classes && this.classes, classesAfter: classes })
    this.#redo.length = 0
    return this.#take(gesture, labels, classes)
  }

  #replay(kind: 'undo' | 'redo', step: Step, labels: LabelDiff[], classes: PatchClass[] | null): Change {
    return this.#take(this.#gesture(kind, `${kind}: ${step.gesture.text}`, step.gesture.source), labels, classes)
  }

  #gesture(kind: Gesture['kind'], text: string, source: SourceId | null): Gesture {
    const slide = (source && this.#grids().get(source)?.slide) ?? null
    return { sequence: ++this.#sequence, id: newId(), kind, text, person: 'Test', at: Date.now(), source, slide }
  }

  #take(gesture: Gesture, labels: LabelDiff[], classes: PatchClass[] | null): Change {
    for (const { source, patch, after } of labels) {
      const now = this.array(source)
      const ages = this.ages.get(source) ?? new Map<number, number>()
      this.ages.set(source, ages)
      for (let i = 0; i < patch.length; i++) {
        now[patch[i]!] = after[i]!
        if (after[i]) ages.set(patch[i]!, gesture.sequence)
        else ages.delete(patch[i]!)
      }
    }
    if (classes) this.classes = classes
    return { gesture, labels, classes, mask: null, history: this.history() }
  }
}
