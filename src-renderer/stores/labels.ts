/**
 * Classes and labels: what people said, shown at once and confirmed by the disk.
 *
 * Every gesture on labels, classes and masks comes back as one Change, as the answer to the call and as an event;
 * whichever is first is applied, the other is known by its place in the log.
 */
import { defineStore } from 'pinia'
import { computed, onScopeDispose, ref, shallowReactive, shallowRef, watch } from 'vue'
import type { FileHandle } from '../../src-shared/app.ts'
import { isTesseraError } from '../../src-shared/errors.ts'
import type { PredictionRunId, SourceId } from '../../src-shared/ids.ts'
import {
  type Change,
  type ClassNumber,
  type Colour,
  type HistoryState,
  type PatchClass,
  UNLABELLED,
} from '../../src-shared/labels.ts'
import { type MaskParams } from '../../src-shared/masks.ts'
import { sourceSize } from '../../src-shared/patches.ts'
import { call, on } from '../api/index.ts'
import { useFaults } from './faults.ts'
import { LabelBook, type Stroke } from './labelBook.ts'
import { usePatches } from './patches.ts'
import { useWindow } from './window.ts'

/** A Change older than this many gestures is never the second copy of one we wait for. */
const REMEMBERED_GESTURES = 1000
const LOG_LOOKED_AT = 1000
const MOST_BOOKS = 12
const NO_COUNTS: ReadonlyMap<number, number> = new Map()

export type Why = { why: 'label' | 'accept' | 'correct'; prediction: PredictionRunId | null }
const JUST_LABELLED: Why = { why: 'label', prediction: null }

/** patches = null: all of the source may have changed. */
export type OnShown = (source: SourceId, patches: readonly number[] | null) => void

export const useLabels = defineStore('labels', () => {
  const patches = usePatches()
  const faults = useFaults()
  const frame = useWindow()

  const classes = shallowRef<readonly PatchClass[]>([])
  /** The class a click gives; 0 while there is none. */
  const active = ref<number>(UNLABELLED)
  const counts = shallowReactive(new Map<SourceId, ReadonlyMap<number, number>>())
  const history = shallowRef<HistoryState>({ undo: null, redo: null, gestures: 0 })
  /** When the last gesture was on disk; null when none was made yet. */
  const savedAt = ref<number | null>(null)
  /** Corrected predictions in the log, for the first steps; undone ones count, for they were made. */
  const corrections = ref(0)
  /** Gestures the disk has not answered yet. */
  const saving = ref(0)

  const books = new Map<SourceId, LabelBook>()
  const applied = new Set<number>()
  const onShownListeners = new Set<OnShown>()
  const onChangeListeners = new Set<(change: Change) => void>()

  const shownChanged: OnShown = (source, changed) => {
    for (const listener of onShownListeners) listener(source, changed)
  }

  const classOf = (number: number): PatchClass | null => classes.value.find((each) => each.number === number) ?? null
  const classNamed = (name: string): PatchClass | null =>
    classes.value.find((each) => each.name.toLowerCase() === name.toLowerCase()) ?? null
  const activeClass = computed(() => classOf(active.value))

  /** Labels of each class in all sources. */
  const totals = computed(() => {
    const sum = new Map<number, number>()
    for (const each of counts.values())
      for (const [number, count] of each) sum.set(number, (sum.get(number) ?? 0) + count)
    return sum
  })
  const total = computed(() => [...totals.value.values()].reduce((sum, count) => sum + count, 0))

  const countsOf = (source: SourceId): ReadonlyMap<number, number> => counts.get(source) ?? NO_COUNTS

  /** Applies a change once. @returns false when it was known already */
  function apply(change: Change): boolean {
    const { sequence, at } = change.gesture
    if (applied.has(sequence)) return false
    applied.add(sequence)
    if (applied.size > REMEMBERED_GESTURES) applied.delete(applied.values().next().value!)
    for (const diff of change.labels) {
      const next = new Map(counts.get(diff.source))
      for (let i = 0; i < diff.patch.length; i++) {
        const [before, after] = [diff.before[i]!, diff.after[i]!]
        if (before !== UNLABELLED) next.set(before, (next.get(before) ?? 0) - 1)
        if (after !== UNLABELLED) next.set(after, (next.get(after) ?? 0) + 1)
      }
      counts.set(diff.source, next)
      const book = books.get(diff.source)
      if (book) shownChanged(diff.source, book.apply(diff))
    }
    if (change.classes) setClasses(change.classes)
    if (change.mask) patches.maskChanged(change.mask.source, change.mask.mask)
    if (change.gesture.kind === 'correct') corrections.value++
    history.value = change.history
    savedAt.value = Math.max(savedAt.value ?? 0, at)
    for (const listener of onChangeListeners) listener(change)
    return true
  }

  onScopeDispose(on('labels.changed', (change) => void apply(change)))

  function setClasses(next: readonly PatchClass[]): void {
    classes.value = next
    if (!classOf(active.value)) active.value = next[0]?.number ?? UNLABELLED
  }

  async function load(): Promise<void> {
    const [list, counted, state, log] = await Promise.all([
      call('labels.classes'),
      call('labels.counts'),
      call('labels.history'),
      call('labels.log', { before: null, limit: LOG_LOOKED_AT }),
    ])
    corrections.value = log.filter((gesture) => gesture.kind === 'correct').length
    setClasses(list)
    counts.clear()
    for (const [source, each] of Map.groupBy(counted, (one) => one.source))
      counts.set(source, new Map(each.map((one) => [one.class, one.count])))
    history.value = state
    await Promise.all([...books.keys()].map(reload))
  }

  function reset(): void {
    classes.value = []
    active.value = UNLABELLED
    counts.clear()
    books.clear()
    applied.clear()
    history.value = { undo: null, redo: null, gestures: 0 }
    savedAt.value = null
    corrections.value = 0
  }

  async function reload(source: SourceId): Promise<void> {
    const book = books.get(source)
    if (!book) return
    await faults.attempt('viewer', 'The labels could not be read.', async () => {
      const known = await call('labels.of', { source })
      book.load(known.patch, known.class)
      shownChanged(source, null)
    })
  }

  /** Keeps the labels of a source at hand. */
  async function open(source: SourceId): Promise<void> {
    const known = patches.sourceById(source)
    if (!known || books.has(source)) return
    books.set(source, new LabelBook(sourceSize(known)))
    const lookedAt = new Set([source, patches.openGrid?.id, patches.openSet?.id])
    for (const other of books.keys()) if (books.size > MOST_BOOKS && !lookedAt.has(other)) books.delete(other)
    await reload(source)
  }

  watch(
    () => patches.openGrid?.id ?? patches.openSet?.id ?? null,
    (source) => {
      if (source) void open(source)
    },
    { flush: 'sync' },
  )

  /** [patch] class number as shown; null while the source is not open. */
  const shownOf = (source: SourceId): Uint16Array | null => books.get(source)?.shown ?? null

  /** Begins a stroke; `paint` draws it, `commit` keeps it, `drop` takes it back. null when the source is not open. */
  const begin = (source: SourceId, classNumber: number): Stroke | null => books.get(source)?.begin(classNumber) ?? null

  function paint(source: SourceId, stroke: Stroke, painted: Iterable<number>): void {
    const changed = books.get(source)?.paint(stroke, painted)
    if (changed && changed.length > 0) shownChanged(source, changed)
  }

  function drop(source: SourceId, stroke: Stroke): void {
    const changed = books.get(source)?.settle(stroke)
    if (changed && changed.length > 0) shownChanged(source, changed)
  }

  function refused(what: string, error: unknown): void {
    if (isTesseraError(error, 'PERSON_NEEDED')) frame.show({ kind: 'welcome' })
    else faults.report('viewer', what, error)
  }

  /** One gesture, one call, one undo step. @returns whether it is on disk */
  async function commit(source: SourceId, stroke: Stroke, { why, prediction }: Why = JUST_LABELLED): Promise<boolean> {
    const what = stroke.class === UNLABELLED ? 'The labels were not cleared.' : 'The labels were not saved.'
    if (stroke.patches.length === 0) {
      drop(source, stroke)
      return true
    }
    saving.value++
    try {
      const change = await call('labels.assign', {
        source,
        patches: Uint32Array.from(stroke.patches),
        class: stroke.class,
        why,
        prediction,
      })
      if (change) apply(change)
      faults.settle('viewer', what)
      return true
    } catch (error) {
      refused(what, error)
      return false
    } finally {
      saving.value--
      drop(source, stroke)
    }
  }

  /** Gives patches a class (0 = none) in one gesture. @returns whether it is on disk */
  async function assign(source: SourceId, to: Iterable<number>, classNumber: number, why?: Why): Promise<boolean> {
    await open(source)
    const stroke = begin(source, classNumber)
    if (!stroke) return false
    paint(source, stroke, to)
    return commit(source, stroke, why)
  }

  /** Gives each patch a class of its own (0 = none), all in one gesture. @returns how many changed; null = it failed */
  async function assignEach(
    source: SourceId,
    to: ReadonlyMap<number, number>,
    { why, prediction }: Why,
  ): Promise<number | null> {
    const what = 'The labels were not saved.'
    try {
      const change = await gesture(() =>
        call('labels.assign', {
          source,
          patches: Uint32Array.from(to.keys()),
          class: Uint16Array.from(to.values()),
          why,
          prediction,
        }),
      )
      faults.settle('viewer', what)
      return change?.labels.reduce((sum, { patch }) => sum + patch.length, 0) ?? 0
    } catch (error) {
      refused(what, error)
      return null
    }
  }

  /** Gives patches of several sources one class (0 = none), all in one gesture. @returns whether it is on disk */
  async function assignMany(parts: ReadonlyMap<SourceId, Uint32Array>, classNumber: number): Promise<boolean> {
    const what = classNumber === UNLABELLED ? 'The labels were not cleared.' : 'The labels were not saved.'
    try {
      await gesture(() =>
        call('labels.assignMany', {
          parts: Array.from(parts, ([source, of]) => ({ source, patches: of })),
          class: classNumber,
          ...JUST_LABELLED,
        }),
      )
      faults.settle('viewer', what)
      return true
    } catch (error) {
      refused(what, error)
      return false
    }
  }

  /** Runs a call that answers with a change, and applies it. */
  async function gesture(action: () => Promise<Change | null>): Promise<Change | null> {
    saving.value++
    try {
      const change = await action()
      if (change) apply(change)
      return change
    } finally {
      saving.value--
    }
  }

  return {
    classes,
    active,
    activeClass,
    counts,
    totals,
    total,
    history,
    savedAt,
    saving,
    corrections,
    classOf,
    classNamed,
    countsOf,
    shownOf,
    load,
    reset,
    open,
    begin,
    paint,
    drop,
    commit,
    assign,
    assignEach,
    assignMany,
    undo: () => gesture(() => call('labels.undo')),
    redo: () => gesture(() => call('labels.redo')),
    addClass: (name: string, colour: Colour | null, key: string | null) =>
      gesture(() => call('labels.addClass', { name, colour, key })),
    editClass: (number: ClassNumber, edit: { name?: string; colour?: Colour; key?: string | null }) =>
      gesture(() => call('labels.editClass', { class: number, ...edit })),
    deleteClass: (number: ClassNumber) => gesture(() => call('labels.deleteClass', { class: number })),
    mergeClasses: (from: ClassNumber, into: ClassNumber) => gesture(() => call('labels.mergeClasses', { from, into })),
    setMask: (grid: SourceId, params: MaskParams | null) => gesture(() => call('labels.setMask', { grid, params })),
    paintMask: (grid: SourceId, patches: Uint32Array, tissue: boolean) =>
      gesture(() => call('labels.paintMask', { grid, patches, tissue })),
    forgetPaintedMask: (grid: SourceId) => gesture(() => call('labels.forgetPaintedMask', { grid })),
    importFromSet: (set: SourceId) => gesture(() => call('labels.importFromSet', { set })),
    previewCarryOver: (from: SourceId, to: SourceId) => call('labels.previewCarryOver', { from, to }),
    carryOver: (from: SourceId, to: SourceId) => gesture(() => call('labels.carryOver', { from, to })),
    async importCsv(
      source: SourceId,
      file: FileHandle,
      how: { map: Record<string, string>; createClasses: boolean; shiftByBounds: boolean },
    ) {
      const result = await call('labels.importCsv', { source, file, ...how })
      if (result.change) apply(result.change)
      return result
    },
    /** @returns the function that stops listening */
    onShown(listener: OnShown): () => void {
      onShownListeners.add(listener)
      return () => onShownListeners.delete(listener)
    },
    /** Every change that is on disk, once. @returns the function that stops listening */
    onChange(listener: (change: Change) => void): () => void {
      onChangeListeners.add(listener)
      return () => onChangeListeners.delete(listener)
    },
  }
})
