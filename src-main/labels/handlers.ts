/** The door of the labels room: classes, labels, masks in force, undo and redo. */
import path from 'node:path'
import type { FileHandle } from '../../src-shared/app.ts'
import { tesseraError } from '../../src-shared/errors.ts'
import { SlideId, SourceId, GestureId } from '../../src-shared/ids.ts'
import type { SlideBounds } from '../../src-shared/slides.ts'
import {
  type Change,
  type Gesture,
  GestureKind,
  type LabelCount,
  type labelCalls,
  type PatchClass,
  UNLABELLED,
} from '../../src-shared/labels.ts'
import { type MaskParams, type MaskPreview } from '../../src-shared/masks.ts'
import { type Grid, sourceSize } from '../../src-shared/patches.ts'
import type { CallHandlers } from '../../src-shared/wire/contract.ts'
import type { ReadableDb, WritableDb } from '../store/database.ts'
import { assignText, importText, labelEffect, patchesText, type SourceLookup } from './assignLabels.ts'
import { insertPaintedMask, insertUnpaintedMask } from '../patches/masks.ts'
import { checkPatches } from '../patches/sources.ts'
import { carryLabels } from './carryOver.ts'
import { listClasses } from './classRows.ts'
import { addClass, classByNumber, deleteClass, editClass, mergeClasses } from './editClasses.ts'
import { loggedEffects, noEffects, reverseEffects } from './effects.ts'
import { type GestureDependencies, type NewGesture, openGestures } from './gestures.ts'
import { readLabelsCsv } from './importCsv.ts'
import { classesForNames, nameKey } from './importNames.ts'

export interface LabelsDependencies extends GestureDependencies {
  sources: SourceLookup
  pathOf: (handle: FileHandle) => string
  /** The scanned part of a slide's level 0; null = all of it. */
  boundsOf: (slide: SlideId) => SlideBounds | null
  computeMask: (grid: Grid, params: MaskParams) => Promise<MaskPreview>
  /** @returns masks.seq */
  insertMask: (db: WritableDb, source: number, params: MaskParams, preview: MaskPreview) => number
}

export interface LabelsRoom {
  handlers: CallHandlers<typeof labelCalls>
  /** Class number of each patch of a source, 0 = unlabelled: [patch]. */
  of: (source: SourceId) => Readonly<Uint16Array>
  classes: () => PatchClass[]
}

export function createLabels(dependencies: LabelsDependencies): LabelsRoom {
  const { store, sources, pathOf, boundsOf, computeMask, insertMask } = dependencies
  const gestures = openGestures(dependencies)

  /** Records a gesture unless it changes nothing. */
  const recordIf = (make: (db: WritableDb) => NewGesture | null): Change | null => {
    let made: NewGesture | null = null
    const nothing = new Error('the gesture changes nothing')
    try {
      return gestures.record((db) => {
        made = make(db)
        if (!made) throw nothing // leaves the transaction without a trace
        return made
      })
    } catch (error) {
      if (error === nothing) return null
      throw error
    }
  }

  const gridOf = (source: SourceId): Grid => {
    const found = sources.byId(source)
    if (found.kind !== 'grid')
      throw tesseraError('SOURCE_UNKNOWN', `“${found.name}” is a patch set; this needs the grid of a slide.`, {
        source,
      })
    return found
  }

  const labelsOf = (source: SourceId) => gestures.book.of(sources.seqOf(source), sourceSize(sources.byId(source)))

  const carried = (from: SourceId, to: SourceId) => {
    const [old, fresh] = [gridOf(from), gridOf(to)]
    if (old.slide !== fresh.slide)
      throw tesseraError('SOURCE_UNKNOWN', 'Labels can be carried over only between grids of the same slide.', {
        source: to,
      })
    const result = carryLabels(old, fresh, labelsOf(from))
    const present = labelsOf(to)
    const free = [...result.patch.keys()].filter((i) => present[result.patch[i]!] === UNLABELLED)
    return {
      patch: Uint32Array.from(free, (i) => result.patch[i]!),
      class: Uint16Array.from(free, (i) => result.class[i]!),
      lost: result.lost,
      kept: result.patch.length - free.length,
    }
  }

  /** A mask with other hand changes instead of the one in force. */
  const paint = (
    id: SourceId,
    make: (db: WritableDb, source: number) => ReturnType<typeof insertUnpaintedMask>,
    text: (changed: number) => string,
  ): Change | null => {
    const source = sources.seqOf(gridOf(id).id)
    return recordIf((db) => {
      const before = maskInForce(db, source)
      const made = make(db, source)
      if (!made) return null
      return {
        kind: 'mask',
        text: text(made.changed),
        source,
        effects: { ...noEffects, masks: [{ source, before, after: made.mask }] },
      }
    })
  }

  const handlers: CallHandlers<typeof labelCalls> = {
    'labels.classes': () => listClasses(store.read),

    'labels.of'({ source }) {
      const page = labelsOf(source)
      const patch = Uint32Array.from(
        (function* () {
          for (let i = 0; i < page.length; i++) if (page[i] !== UNLABELLED) yield i
        })(),
      )
      return { patch, class: Uint16Array.from(patch, (i) => page[i]!) }
    },

    'labels.ages'({ source }) {
      const rows = store.read.all<{ patch: number; gesture: number }>(
        'SELECT patch, gesture FROM labels WHERE source = @source ORDER BY patch',
        { source: sources.seqOf(source) },
      )
      return {
        patch: Uint32Array.from(rows, (row) => row.patch),
        gesture: Uint32Array.from(rows, (row) => row.gesture),
      }
    },

    'labels.counts': () => countLabels(store.read),

    'labels.assign'({ source, patches, class: number, why, prediction }) {
      return recordIf((db) => {
        const effect = labelEffect(gestures.book, sources, source, patches, classOfEach(patches, number))
        if (effect.patch.length === 0) return null
        const names = [...new Set(effect.after)].map((each) =>
          each === UNLABELLED ? null : classByNumber(db, each).name,
        )
        return {
          kind: why,
          text: assignText(effect.patch.length, names),
          source: effect.source,
          prediction,
          effects: { ...noEffects, labels: [effect] },
        }
      })
    },

    'labels.assignMany'({ parts, class: number, why, prediction }) {
      return recordIf((db) => {
        const effects = [...Map.groupBy(parts, ({ source }) => source)]
          .map(([source, of]) => {
            const patches = Uint32Array.from(of.flatMap((part) => [...part.patches]))
            return labelEffect(gestures.book, sources, source, patches, () => number)
          })
          .filter(({ patch }) => patch.length > 0)
        if (effects.length === 0) return null
        const patches = effects.reduce((sum, { patch }) => sum + patch.length, 0)
        const name = number === UNLABELLED ? null : classByNumber(db, number).name
        return {
          kind: why,
          text: assignText(patches, [name]),
          source: effects[0]!.source,
          prediction,
          effects: { ...noEffects, labels: effects },
        }
      })
    },

    'labels.addClass': (wanted) => gestures.record((db) => addClass(db, wanted)),
    'labels.editClass': ({ class: number, ...change }) => recordIf((db) => editClass(db, number, change)),
    'labels.deleteClass': ({ class: number }) => gestures.record((db) => deleteClass(db, number)),
    'labels.mergeClasses': ({ from, into }) => gestures.record((db) => mergeClasses(db, from, into)),

    'labels.undo'() {
      const top = gestures.undoTop()
      if (!top) throw tesseraError('NOTHING_TO_UNDO', 'There is nothing to undo: this is how the project began.', {})
      return gestures.record((db) => inverse(db, top.sequence, 'undo', top.text))
    },
    'labels.redo'() {
      const top = gestures.redoTop()
      if (!top) throw tesseraError('NOTHING_TO_REDO', 'There is nothing to redo: the last step was not an undo.', {})
      return gestures.record((db) => inverse(db, top.sequence, 'redo', top.text))
    },
    'labels.history': () => gestures.history(),
    'labels.log': ({ before, limit }) => readLog(store.read, before, limit),

    async 'labels.importCsv'({ source, file: handle, map, createClasses, shiftByBounds }) {
      const file = pathOf(handle)
      const grid = gridOf(source)
      const bounds = shiftByBounds ? boundsOf(grid.slide) : null
      const rows = await readLabelsCsv(file, grid, bounds ?? undefined)
      const change = recordIf((db) => {
        const { numberOf, made } = classesForNames(db, path.basename(file), rows.name, map, createClasses)
        const effect = labelEffect(gestures.book, sources, source, rows.patch, (i) =>
          numberOf.get(nameKey(rows.name[i]!))!,
        )
        if (effect.patch.length === 0 && made.length === 0) return null
        return {
          kind: 'import',
          text: importText(effect.patch.length, path.basename(file)),
          source: effect.source,
          effects: { ...noEffects, labels: [effect], classes: made },
        }
      })
      return { change, read: rows.patch.length, unlabelled: rows.name.filter((name) => name === '').length }
    },

    'labels.importFromSet'({ set }) {
      const found = sources.byId(set)
      if (found.kind !== 'set')
        throw tesseraError('SOURCE_UNKNOWN', 'This is the grid of a slide; only a patch set brings labels with it.', {
          source: set,
        })
      return recordIf((db) => {
        const rows = db.all<{ patch: number; label: string }>(
          `SELECT patch, label FROM patch_set_rows WHERE source = @source AND label <> '' ORDER BY patch`,
          { source: sources.seqOf(set) },
        )
        const names = rows.map((row) => row.label)
        const { numberOf, made } = classesForNames(db, found.name, names, {}, true)
        const patches = Uint32Array.from(rows, (row) => row.patch)
        const effect = labelEffect(gestures.book, sources, set, patches, (i) => numberOf.get(nameKey(names[i]!))!)
        if (effect.patch.length === 0 && made.length === 0) return null
        return {
          kind: 'import',
          text: importText(effect.patch.length, found.name),
          source: effect.source,
          effects: { ...noEffects, labels: [effect], classes: made },
        }
      })
    },

    async 'labels.setMask'({ grid: id, params }) {
      const grid = gridOf(id)
      const preview = params && (await computeMask(grid, params))
      const source = sources.seqOf(id)
      return gestures.record((db) => {
        const before = maskInForce(db, source)
        const after = params && preview ? insertMask(db, source, params, preview) : null
        return {
          kind: 'mask',
          text: preview
            ? `mask tissue: ${preview.insideCount.toLocaleString('en')} patches`
            : 'take the tissue mask away',
          source,
          effects: { ...noEffects, masks: [{ source, before, after }] },
        }
      })
    },

    'labels.paintMask'({ grid: id, patches, tissue }) {
      checkPatches(gridOf(id), patches)
      return paint(
        id,
        (db, source) => insertPaintedMask(db, source, patches, tissue),
        (n) => (tissue ? `add ${patchesText(n)} to the tissue` : `take ${patchesText(n)} out of the tissue`),
      )
    },

    'labels.forgetPaintedMask': ({ grid: id }) =>
      paint(id, insertUnpaintedMask, (n) => `forget what was painted over the tissue mask: ${patchesText(n)}`),

    'labels.previewCarryOver'({ from, to }) {
      const { patch, lost, kept } = carried(from, to)
      return { carried: patch.length, lost, kept }
    },

    'labels.carryOver'({ from, to }) {
      const result = carried(from, to)
      return recordIf(() => {
        const effect = labelEffect(gestures.book, sources, to, result.patch, (i) => result.class[i]!)
        if (effect.patch.length === 0) return null
        return {
          kind: 'carry-over',
          text: `carry ${effect.patch.length.toLocaleString('en')} labels over to another grid`,
          source: effect.source,
          effects: { ...noEffects, labels: [effect] },
        }
      })
    },
  }
  return { handlers, of: labelsOf, classes: () => listClasses(store.read) }
}

/** @throws {TesseraError} INPUT_INVALID when there is not one class for each patch */
function classOfEach(patches: Uint32Array, given: number | Uint16Array): (i: number) => number {
  if (typeof given === 'number') return () => given
  if (given.length === patches.length) return (i) => given[i]!
  throw tesseraError(
    'INPUT_INVALID',
    `${patches.length} patches came with ${given.length} classes; one class for each, or one for all, was expected.`,
    { call: 'labels.assign', issues: ['class: wrong length'] },
  )
}

/** masks.seq; null = all patches of the grid count. @param source sources.seq */
const maskInForce = (db: ReadableDb, source: number): number | null =>
  db.get<{ mask: number | null }>('SELECT mask FROM grids WHERE source = @source', { source })!.mask

/** Undo and redo append the inverse; they are gestures like any other. */
function inverse(db: ReadableDb, sequence: number, kind: 'undo' | 'redo', text: string): NewGesture {
  const { source } = db.get<{ source: number | null }>('SELECT source FROM gestures WHERE sequence = @sequence', {
    sequence,
  })!
  return { kind, text, source, inverts: sequence, effects: reverseEffects(loggedEffects(db, sequence)) }
}

function countLabels(db: ReadableDb): LabelCount[] {
  return db
    .all<{ source: string; class: number; count: number }>(
      `SELECT sources.id AS source, labels.class AS class, count(*) AS count
       FROM labels JOIN sources ON sources.seq = labels.source GROUP BY labels.source, labels.class`,
    )
    .map((row) => ({ ...row, source: SourceId.parse(row.source) }))
}

function readLog(db: ReadableDb, before: number | null, limit: number): Gesture[] {
  return db
    .all<{
      sequence: number
      id: string
      kind: string
      text: string
      person: string
      at: number
      source: string | null
      slide: string | null
    }>(
      `SELECT gestures.sequence, gestures.id, gestures.kind, gestures.text, people.name AS person, gestures.at,
              sources.id AS source, slides.id AS slide
       FROM gestures JOIN people ON people.seq = gestures.person
         LEFT JOIN sources ON sources.seq = gestures.source
         LEFT JOIN grids ON grids.source = gestures.source LEFT JOIN slides ON slides.seq = grids.slide
       WHERE gestures.sequence < @before ORDER BY gestures.sequence DESC LIMIT @limit`,
      { before: before ?? Number.MAX_SAFE_INTEGER, limit },
    )
    .map((row) => ({
      ...row,
      id: GestureId.parse(row.id),
      kind: GestureKind.parse(row.kind),
      source: row.source === null ? null : SourceId.parse(row.source),
      slide: row.slide === null ? null : SlideId.parse(row.slide),
    }))
}
