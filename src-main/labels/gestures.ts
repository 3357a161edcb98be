/**
 * The one way anything about labels, classes or masks changes: a gesture is applied and logged in one transaction, then
 * told to every window. It is on disk (WAL, synchronous FULL) when `record` returns.
 */
import { v7 as uuidv7 } from 'uuid'
import { GestureId, MaskId, SlideId, SourceId } from '../../src-shared/ids.ts'
import type { Change, Gesture, GestureKind, HistoryState } from '../../src-shared/labels.ts'
import { ensurePerson } from '../people/people.ts'
import type { ReadableDb, Store, WritableDb } from '../store/database.ts'
import { listClasses } from './classRows.ts'
import { applyEffects, type Effects, logEffects } from './effects.ts'
import { openHistory, type Step } from './history.ts'
import { type LabelBook, openLabelBook } from './labelBook.ts'

export type NewGesture = {
  kind: GestureKind
  text: string
  /** sources.seq where it happened; null for classes */
  source: number | null
  /** the gesture an undo or a redo answers */
  inverts?: number
  /** the prediction run that was looked at */
  prediction?: string | null
  effects: Effects
}

export interface Gestures {
  readonly book: LabelBook
  history(): HistoryState
  undoTop(): Step | undefined
  redoTop(): Step | undefined
  /** @param make called inside the transaction, for what must be written with the gesture (a new mask) */
  record(make: (db: WritableDb) => NewGesture): Change
}

export type GestureDependencies = {
  store: Store
  /** Who labels; asked for once and kept in the settings. @throws PERSON_NEEDED */
  personName: () => string
  publish: (name: 'labels.changed', change: Change) => void
}

export function openGestures({ store, personName, publish }: GestureDependencies): Gestures {
  const history = openHistory(store.read)
  const book = openLabelBook(store.read)

  return {
    book,
    history: () => history.state(),
    undoTop: () => history.undoTop(),
    redoTop: () => history.redoTop(),
    record(make) {
      const person = personName()
      const { gesture, effects } = store.transaction('labels.record', (db) => {
        const made = make(db)
        return { gesture: insertGesture(db, made, person), effects: made.effects }
      })
      // From here on it is on disk: memory and windows follow.
      book.apply(effects.labels)
      history.add(gesture)
      const change: Change = {
        gesture,
        ...describe(store.read, effects),
        history: history.state(),
      }
      publish('labels.changed', change)
      return change
    },
  }
}

function insertGesture(db: WritableDb, made: NewGesture, person: string): Gesture {
  const id = GestureId.parse(uuidv7())
  const at = Date.now()
  const sequence = db.run(
    `INSERT INTO gestures (id, kind, text, person, at, source, inverts, prediction)
     VALUES (@id, @kind, @text, @person, @at, @source, @inverts, @prediction)`,
    {
      id,
      kind: made.kind,
      text: made.text,
      person: ensurePerson(db, person),
      at,
      source: made.source,
      inverts: made.inverts ?? null,
      prediction: made.prediction ?? null,
    },
  ).rowid
  applyEffects(db, sequence, made.effects)
  logEffects(db, sequence, made.effects)
  return { sequence, id, kind: made.kind, text: made.text, person, at, ...placeOf(db, made.source) }
}

/** The ids of a source and of the slide it lies on. */
export function placeOf(db: ReadableDb, source: number | null): { source: SourceId | null; slide: SlideId | null } {
  if (source === null) return { source: null, slide: null }
  const row = db.get<{ source: string; slide: string | null }>(
    `SELECT sources.id AS source, slides.id AS slide FROM sources
       LEFT JOIN grids ON grids.source = sources.seq LEFT JOIN slides ON slides.seq = grids.slide
     WHERE sources.seq = @source`,
    { source },
  )
  return { source: row ? SourceId.parse(row.source) : null, slide: row?.slide ? SlideId.parse(row.slide) : null }
}

/** The effects in the words of the contract: ids instead of row numbers. */
function describe(db: ReadableDb, effects: Effects): Pick<Change, 'labels' | 'classes' | 'mask'> {
  const idOf = (source: number) => placeOf(db, source).source!
  const mask = effects.masks[0]
  return {
    labels: effects.labels.map(({ source, ...diff }) => ({ source: idOf(source), ...diff })),
    classes: effects.classes.length > 0 ? listClasses(db) : null,
    mask: mask ? { source: idOf(mask.source), mask: maskId(db, mask.after) } : null,
  }
}

const maskId = (db: ReadableDb, mask: number | null): MaskId | null =>
  mask === null ? null : MaskId.parse(db.get<{ id: string }>('SELECT id FROM masks WHERE seq = @mask', { mask })!.id)
