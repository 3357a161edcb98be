/** Classes: add, edit, delete, merge. Each is one gesture that records every label it changes. */
import { v7 as uuidv7 } from 'uuid'
import { tesseraError } from '../../src-shared/errors.ts'
import { CLASS_COLOURS, type ClassNumber, type Colour, type PatchClass } from '../../src-shared/labels.ts'
import type { ReadableDb } from '../store/database.ts'
import { listClasses, nextClassNumber } from './classRows.ts'
import { type ClassState, type LabelEffect, noEffects } from './effects.ts'
import type { NewGesture } from './gestures.ts'

const stateOf = ({ number: _number, ...state }: PatchClass): ClassState => state

/** @throws {TesseraError} CLASS_UNKNOWN */
export function classByNumber(db: ReadableDb, number: ClassNumber): PatchClass {
  const found = listClasses(db).find((each) => each.number === number)
  if (!found)
    throw tesseraError(
      'CLASS_UNKNOWN',
      `There is no class number ${number} in this project; it may have been deleted.`,
      {
        class: String(number),
      },
    )
  return found
}

export function addClass(
  db: ReadableDb,
  wanted: { name: string; colour: Colour | null; key: string | null },
): NewGesture & { number: ClassNumber } {
  refuseTaken(db, wanted, null)
  const number = nextClassNumber(db)
  const after: ClassState = {
    id: uuidv7(),
    name: wanted.name,
    colour: wanted.colour ?? freeColour(db, number),
    key: wanted.key ?? freeDigit(db),
  }
  return {
    number,
    kind: 'class-add',
    text: `add class ${wanted.name}`,
    source: null,
    effects: { ...noEffects, classes: [{ class: number, before: null, after }] },
  }
}

export function editClass(
  db: ReadableDb,
  number: ClassNumber,
  change: { name?: string; colour?: Colour; key?: string | null },
): NewGesture | null {
  const before = classByNumber(db, number)
  const after = { ...before, ...change }
  refuseTaken(db, after, number)
  if (before.name === after.name && before.colour === after.colour && before.key === after.key) return null
  return {
    kind: 'class-edit',
    text: before.name === after.name ? `change class ${before.name}` : `rename class ${before.name} to ${after.name}`,
    source: null,
    effects: { ...noEffects, classes: [{ class: number, before: stateOf(before), after: stateOf(after) }] },
  }
}

export function deleteClass(db: ReadableDb, number: ClassNumber): NewGesture {
  const gone = classByNumber(db, number)
  const labels = relabelAll(db, number, 0)
  const count = labels.reduce((sum, effect) => sum + effect.patch.length, 0)
  return {
    kind: 'class-delete',
    text:
      count === 0
        ? `delete class ${gone.name}`
        : `delete class ${gone.name} and its ${count.toLocaleString('en')} labels`,
    source: null,
    effects: { ...noEffects, labels, classes: [{ class: number, before: stateOf(gone), after: null }] },
  }
}

export function mergeClasses(db: ReadableDb, from: ClassNumber, into: ClassNumber): NewGesture {
  const gone = classByNumber(db, from)
  const kept = classByNumber(db, into)
  if (from === into)
    throw tesseraError('CLASS_NAME_TAKEN', `“${gone.name}” can not be merged into itself. Choose another class.`, {
      name: gone.name,
    })
  return {
    kind: 'class-merge',
    text: `merge class ${gone.name} into ${kept.name}`,
    source: null,
    effects: {
      ...noEffects,
      labels: relabelAll(db, from, into),
      classes: [{ class: from, before: stateOf(gone), after: null }],
    },
  }
}

/** Every label of a class, on every source, turned into another (0 = cleared). */
function relabelAll(db: ReadableDb, from: ClassNumber, to: number): LabelEffect[] {
  const sources = db.all<{ source: number }>('SELECT DISTINCT source FROM labels WHERE class = @from', { from })
  return sources.map(({ source }) => {
    const rows = db.all<{ patch: number }>('SELECT patch FROM labels WHERE source = @source AND class = @from', {
      source,
      from,
    })
    return {
      source,
      patch: Uint32Array.from(rows, (row) => row.patch),
      before: new Uint16Array(rows.length).fill(from),
      after: new Uint16Array(rows.length).fill(to),
    }
  })
}

/** @throws {TesseraError} CLASS_NAME_TAKEN, CLASS_KEY_TAKEN */
function refuseTaken(db: ReadableDb, wanted: { name: string; key: string | null }, except: ClassNumber | null): void {
  for (const other of listClasses(db)) {
    if (other.number === except) continue
    if (other.name.toLowerCase() === wanted.name.toLowerCase())
      throw tesseraError(
        'CLASS_NAME_TAKEN',
        `There is a class “${other.name}” already. Choose another name, or merge the two.`,
        {
          name: other.name,
        },
      )
    if (wanted.key !== null && other.key?.toLowerCase() === wanted.key.toLowerCase())
      throw tesseraError(
        'CLASS_KEY_TAKEN',
        `The key “${wanted.key}” belongs to the class “${other.name}”. Choose another key.`,
        {
          key: wanted.key,
          name: other.name,
        },
      )
  }
}

/** The first colour that no class has; past the last, from the start again. */
function freeColour(db: ReadableDb, number: ClassNumber): Colour {
  const used = new Set(listClasses(db).map((each) => each.colour))
  return CLASS_COLOURS.find((colour) => !used.has(colour)) ?? CLASS_COLOURS[(number - 1) % CLASS_COLOURS.length]!
}

/** The first free digit from 1 to 9; past nine a class is reached by the palette or a key a person gives it. */
function freeDigit(db: ReadableDb): string | null {
  const used = new Set(listClasses(db).map((each) => each.key))
  return ['1', '2', '3', '4', '5', '6', '7', '8', '9'].find((digit) => !used.has(digit)) ?? null
}
