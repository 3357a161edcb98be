/**
 * The gallery of the open patch set: which patches it shows, in which order, and which of them are selected. Labels and
 * predictions are those of their own stores.
 *
 * The list is gathered when the filter or the order is chosen, and does not change under the hand: a patch that was just
 * labelled stays where it is until the list is gathered again.
 */
import { defineStore } from 'pinia'
import { computed, onScopeDispose, ref, shallowRef, watch } from 'vue'
import type { FileHandle } from '../../src-shared/app.ts'
import { UNLABELLED } from '../../src-shared/labels.ts'
import type { SetContents } from '../../src-shared/patches.ts'
import { useFaults } from './faults.ts'
import { type GalleryFilter, type GalleryOrder, galleryPatches, placesBetween } from './galleryOrder.ts'
import { useLabels } from './labels.ts'
import { usePatches } from './patches.ts'
import { usePredictions } from './predictions.ts'

/** CSS px of a picture */
export const PICTURE_EDGE = { least: 48, most: 256, step: 16 } as const
const FIRST_EDGE = 96

const NONE: ReadonlySet<number> = new Set()

export const useGallery = defineStore('gallery', () => {
  const patches = usePatches()
  const labels = useLabels()
  const predictions = usePredictions()
  const faults = useFaults()

  const set = computed(() => patches.openSet)
  const contents = shallowRef<SetContents | null>(null)
  const filter = ref<GalleryFilter>('all')
  const order = ref<GalleryOrder>('file')
  /** [place] patch */
  const shown = shallowRef<Uint32Array>(new Uint32Array())
  /** What the list was gathered by has changed since. */
  const outdated = ref(false)
  /** Patches, all of them shown: nobody labels what is out of sight. */
  const selected = shallowRef<ReadonlySet<number>>(NONE)
  /** The place that arrow keys move from. */
  const cursor = ref<number | null>(null)
  /** Where a range begins. */
  const anchor = ref(0)
  const enlarged = ref(false)
  const edge = ref(FIRST_EDGE)
  /** As the cards lie on the screen now. */
  const columns = ref(1)
  const rowsOfPage = ref(1)
  /** Counts up whenever labels look different. */
  const revision = ref(0)
  let round = 0

  /** [patch] class number of what the set itself says; 0 = nothing, or a class the project has not. */
  const given = computed<Uint16Array>(() => {
    const known = contents.value
    if (!known) return new Uint16Array()
    const numbers = known.names.map((name) => labels.classNamed(name)?.number ?? UNLABELLED)
    return Uint16Array.from(known.given, (one) => (one === 0 ? UNLABELLED : numbers[one - 1]!))
  })

  /** What the set itself says of a patch, in its own word. */
  const givenName = (patch: number): string | null => {
    const one = contents.value?.given[patch] ?? 0
    return one === 0 ? null : contents.value!.names[one - 1]!
  }

  /** patch → why networks do not get it */
  const unfit = computed(() => {
    const known = contents.value
    return new Map(known ? Array.from(known.unfit, (patch, i) => [patch, known.reasons[known.unfitReason[i]!]!]) : [])
  })

  /** Gathers the patches that are shown. */
  function gather(): void {
    const open = set.value
    const known = open && labels.shownOf(open.id)
    if (!open || !known || !contents.value) return
    const unfitNow = new Uint8Array(open.patches)
    for (const patch of unfit.value.keys()) unfitNow[patch] = 1
    const { shown: probabilities } = predictions
    const at = cursor.value === null ? null : shown.value[cursor.value]!
    shown.value = galleryPatches(
      {
        size: open.patches,
        labels: known,
        given: given.value,
        unfit: unfitNow,
        classes: labels.classes.map((each) => each.number),
        confidence: (patch) => probabilities?.confidence(patch) ?? Number.NaN,
      },
      filter.value,
      order.value,
    )
    outdated.value = false
    if (selected.value.size > 0 && filter.value !== 'all') {
      const kept = new Set(shown.value)
      selected.value = new Set([...selected.value].filter((patch) => kept.has(patch)))
    }
    const place = at === null ? -1 : shown.value.indexOf(at)
    cursor.value = place < 0 ? null : place
    anchor.value = cursor.value ?? 0
  }

  /** Reads what the set says of its patches, and whether it is still there. */
  async function load(): Promise<void> {
    const open = set.value
    if (!open) return
    const mine = ++round
    await faults.attempt('viewer', `“${open.name}” can not be shown.`, async () => {
      const [read] = await Promise.all([patches.contents(open.id), labels.open(open.id)])
      if (mine !== round) return
      contents.value = read
      gather()
    })
  }

  function reset(): void {
    round++
    contents.value = null
    filter.value = 'all'
    order.value = 'file'
    shown.value = new Uint32Array()
    outdated.value = false
    selected.value = NONE
    cursor.value = null
    anchor.value = 0
    enlarged.value = false
  }

  /** Settled when the open set was read. */
  let loaded: Promise<void> = Promise.resolve()
  watch(
    () => set.value?.id ?? null,
    () => {
      reset()
      loaded = load()
    },
    { flush: 'sync' },
  )
  watch([filter, order], gather)

  onScopeDispose(
    labels.onShown((source, changed) => {
      if (source !== set.value?.id) return
      revision.value++
      if (changed === null) gather()
      else if (filter.value !== 'all' || order.value === 'class') outdated.value = true
    }),
  )
  watch(
    () => [predictions.shownRun?.id, predictions.revision],
    () => {
      if (order.value !== 'unsure' && order.value !== 'sure') return
      if (predictions.shownRun) outdated.value = true
      else order.value = 'file'
    },
  )

  const clamp = (place: number): number => Math.min(Math.max(0, place), shown.value.length - 1)
  const patchesAt = (places: Iterable<number>): Set<number> => new Set(Array.from(places, (each) => shown.value[each]!))

  /** Selects every patch between the anchor and a place, in the order they are shown. */
  function selectRange(to: number, alsoKeep: ReadonlySet<number> = NONE): void {
    const [first, last] = [Math.min(anchor.value, to), Math.max(anchor.value, to)]
    const range = new Set(alsoKeep)
    for (let place = first; place <= last; place++) range.add(shown.value[place]!)
    selected.value = range
    cursor.value = to
  }

  /** A click: alone, with Ctrl (one more, or one less), with Shift (all from where the last one was). */
  function press(place: number, { more, range }: { more: boolean; range: boolean }): void {
    if (range) {
      selectRange(place, more ? selected.value : NONE)
      return
    }
    const patch = shown.value[place]!
    if (more) {
      const next = new Set(selected.value)
      if (!next.delete(patch)) next.add(patch)
      selected.value = next
    } else selected.value = new Set([patch])
    cursor.value = place
    anchor.value = place
  }

  /** A drag over cards selects the rectangle of them; @param keep what was selected before and stays so */
  function drag(from: number, to: number, keep: ReadonlySet<number> | null): void {
    const between = patchesAt(placesBetween(from, to, columns.value, shown.value.length))
    selected.value = keep ? new Set([...keep, ...between]) : between
    anchor.value = from
    cursor.value = to
  }

  /** To another place; @param extend keeps what lies between the anchor and there selected */
  function goTo(place: number, extend = false): void {
    if (shown.value.length === 0) return
    const to = clamp(place)
    if (extend) selectRange(to)
    else press(to, { more: false, range: false })
  }

  /** The first press of an arrow key goes to the first patch. A step up or down from the last row stays where it is. */
  function move(by: number, extend = false): void {
    if (cursor.value === null) return goTo(0)
    const to = cursor.value + by
    const isRow = columns.value > 1 && Math.abs(by) === columns.value
    if (!isRow || (to >= 0 && to < shown.value.length)) goTo(to, extend)
  }

  /** Selects those of some patches that are shown, and goes to the first of them. */
  function select(wanted: Iterable<number>): void {
    const all = new Set(wanted)
    const places = [...shown.value.keys()].filter((place) => all.has(shown.value[place]!))
    selected.value = patchesAt(places)
    const [first] = places
    if (first === undefined) return
    cursor.value = first
    anchor.value = first
  }

  return {
    set,
    contents,
    filter,
    order,
    shown,
    outdated,
    selected,
    cursor,
    enlarged,
    edge,
    columns,
    rowsOfPage,
    revision,
    given,
    givenName,
    unfit,
    gather,
    load,
    whenLoaded: () => loaded,
    reset,
    press,
    drag,
    goTo,
    move,
    select,
    selectAll: () => {
      selected.value = new Set(shown.value)
    },
    clearSelection: () => {
      selected.value = NONE
    },
    resize: (by: number) => {
      edge.value = Math.min(PICTURE_EDGE.most, Math.max(PICTURE_EDGE.least, edge.value + by * PICTURE_EDGE.step))
    },
    /** The patch the cursor is on. */
    current: computed(() => (cursor.value === null ? null : (shown.value[cursor.value] ?? null))),
    async relocate(place: FileHandle): Promise<void> {
      if (!set.value) return
      await patches.relocate(set.value.id, place)
      await load()
    },
  }
})
