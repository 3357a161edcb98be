/**
 * What one gesture changes, as a value: labels, classes and masks before and after. The same value is applied, logged,
 * reversed for undo, and sent to the screen.
 */
import type { Colour } from '../../src-shared/labels.ts'
import type { ReadableDb, WritableDb } from '../store/database.ts'

/** patch[i] of the source (sources.seq) went from class before[i] to after[i]; 0 = unlabelled. */
export type LabelEffect = { source: number; patch: Uint32Array; before: Uint16Array; after: Uint16Array }

export type ClassState = { id: string; name: string; colour: Colour; key: string | null }
/** null = the class does not exist on that side. */
export type ClassEffect = { class: number; before: ClassState | null; after: ClassState | null }

/** masks.seq in force over a grid (sources.seq); null = none. */
export type MaskEffect = { source: number; before: number | null; after: number | null }

export type Effects = { labels: LabelEffect[]; classes: ClassEffect[]; masks: MaskEffect[] }

export const noEffects: Effects = { labels: [], classes: [], masks: [] }

const swapped = <T extends { before: unknown; after: unknown }>(effect: T): T => ({
  ...effect,
  before: effect.after,
  after: effect.before,
})

export const reverseEffects = (effects: Effects): Effects => ({
  labels: effects.labels.map(swapped),
  classes: effects.classes.map(swapped),
  masks: effects.masks.map(swapped),
})

/** Makes the current tables say what the gesture `sequence` says. */
export function applyEffects(db: WritableDb, sequence: number, effects: Effects): void {
  // A class comes to life before labels name it, and dies after they are gone.
  for (const { class: number, after } of effects.classes) if (after) saveClass(db, number, after)
  for (const effect of effects.labels) applyLabels(db, sequence, effect)
  for (const { class: number, after } of effects.classes)
    if (!after) db.run('UPDATE classes SET deleted = 1 WHERE number = @number', { number })
  for (const { source, after } of effects.masks)
    db.run('UPDATE grids SET mask = @after WHERE source = @source', { source, after })
}

function saveClass(db: WritableDb, number: number, state: ClassState): void {
  db.run(
    `INSERT INTO classes (number, id, name, colour, key, deleted) VALUES (@number, @id, @name, @colour, @key, 0)
     ON CONFLICT (number) DO UPDATE SET name = @name, colour = @colour, key = @key, deleted = 0`,
    { number, ...state },
  )
}

function applyLabels(db: WritableDb, gesture: number, { source, patch, after }: LabelEffect): void {
  function* cleared() {
    for (let i = 0; i < patch.length; i++) if (after[i] === 0) yield { source, patch: patch[i]! }
  }
  function* labelled() {
    for (let i = 0; i < patch.length; i++)
      if (after[i] !== 0) yield { source, patch: patch[i]!, class: after[i]!, gesture }
  }
  db.runEach('DELETE FROM labels WHERE source = @source AND patch = @patch', cleared())
  db.runEach(
    'INSERT OR REPLACE INTO labels (source, patch, class, gesture) VALUES (@source, @patch, @class, @gesture)',
    labelled(),
  )
}

/** Adds a gesture's effects to the log. */
export function logEffects(db: WritableDb, gesture: number, effects: Effects): void {
  for (const { source, patch, before, after } of effects.labels)
    db.run(
      'INSERT INTO gesture_labels (gesture, source, patch, before, after) VALUES (@gesture, @source, @patch, @before, @after)',
      { gesture, source, patch: bytesOf(patch), before: bytesOf(before), after: bytesOf(after) },
    )
  for (const { class: number, before, after } of effects.classes)
    db.run('INSERT INTO gesture_classes (gesture, class, before, after) VALUES (@gesture, @number, @before, @after)', {
      gesture,
      number,
      before: before && JSON.stringify(before),
      after: after && JSON.stringify(after),
    })
  for (const { source, before, after } of effects.masks)
    db.run('INSERT INTO gesture_masks (gesture, source, before, after) VALUES (@gesture, @source, @before, @after)', {
      gesture,
      source,
      before,
      after,
    })
}

/** Reads a gesture's effects back from the log. */
export function loggedEffects(db: ReadableDb, gesture: number): Effects {
  return {
    labels: db
      .all<{ source: number; patch: Uint8Array; before: Uint8Array; after: Uint8Array }>(
        'SELECT source, patch, before, after FROM gesture_labels WHERE gesture = @gesture',
        { gesture },
      )
      .map((row) => ({
        source: row.source,
        patch: new Uint32Array(alignedBuffer(row.patch)),
        before: new Uint16Array(alignedBuffer(row.before)),
        after: new Uint16Array(alignedBuffer(row.after)),
      })),
    classes: db
      .all<{ class: number; before: string | null; after: string | null }>(
        'SELECT class, before, after FROM gesture_classes WHERE gesture = @gesture',
        { gesture },
      )
      .map((row) => ({ class: row.class, before: stateOf(row.before), after: stateOf(row.after) })),
    masks: db.all<MaskEffect>('SELECT source, before, after FROM gesture_masks WHERE gesture = @gesture', { gesture }),
  }
}

/** Stored little-endian, which every platform Tessera runs on is. */
const bytesOf = (array: Uint32Array | Uint16Array): Uint8Array =>
  new Uint8Array(array.buffer, array.byteOffset, array.byteLength)

const alignedBuffer = (bytes: Uint8Array): ArrayBuffer => new Uint8Array(bytes).buffer

const stateOf = (json: string | null): ClassState | null => (json === null ? null : (JSON.parse(json) as ClassState))
