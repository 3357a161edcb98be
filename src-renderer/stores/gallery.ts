/**
 * The gallery of the open patch set, or of the grid of the open slide: which patches it shows, in which order, and which of
 * them are selected. Labels and predictions are those of their own stores.
 *
 * The list is gathered when the filter or the order is chosen, and does not change under the hand: a patch that was just
 * labelled stays where it is until the list is gathered again.
 */
import { defineStore } from 'pinia'
import { computed, onScopeDispose, ref, shallowRef, watch } from 'vue'
import type { FileHandle } from '../../src-shared/app.ts'
import { UNLABELLED } from '../../src-shared/labels.ts'
import { type PatchSource, type SetContents, sourceSize } from '../../src-shared/patches.ts'
import { useFaults } from './faults.ts'
import {
  ANY_PART,
  ANY_PREDICTION,
  filteredPatches,
  isAnyPrediction,
  type LabelFilter,
  type PartFilter,
  type PredictionFilter,
} from './galleryFilter.ts'
import { type GalleryOrder, NEEDS_LABELS, NEEDS_PREDICTIONS, type OrderFacts, orderedPatches } from './galleryOrder.ts'
import { gallerySelection } from './gallerySelection.ts'
import { useLabels } from './labels.ts'
import { askForOrder, isAsked, type Asked } from './orderFacts.ts'
import { usePatches } from './patches.ts'
import { useShownPredictions } from './shownPredictions.ts'
import { useViewport } from './viewport.ts'

/** CSS px of a picture */
export const PICTURE_EDGE = { least: 48, most: 256, step: 16 } as const
const FIRST_EDGE = 96

export const useGallery = defineStore('gallery', () => {
  const patches = usePatches()
  const labels = useLabels()
  const predictions = useShownPredictions()
  const faults = useFaults()
  const viewport = useViewport()

  /** The patches of the open slide are shown as cards. */
  const ofSlide = ref(false)
  /** The slide is seen beside its cards. */
  const beside = ref(true)
  const isOpen = computed(() => viewport.setId !== null || (ofSlide.value && viewport.slideId !== null))
  const set = computed(() => patches.openSet)
  const grid = computed(() => (set.value === null && isOpen.value ? patches.openGrid : null))
  const source = computed<PatchSource | null>(() => set.value ?? grid.value)

  const contents = shallowRef<SetContents | null>(null)
  const filter = ref<LabelFilter>('all')
  const predictionFilter = shallowRef<PredictionFilter>(ANY_PREDICTION)
  const partFilter = shallowRef<PartFilter>(ANY_PART)
  const order = ref<GalleryOrder>('file')
  /** Some patches in an order of their own, in place of what filters and order say: a batch. */
  const only = shallowRef<Uint32Array | null>(null)
  /** [place] patch */
  const shown = shallowRef<Uint32Array>(new Uint32Array())
  /** The patches of the source that a person can see here: all, or those in the tissue mask. */
  const amount = ref(0)
  /** What the list was gathered by has changed since. */
  const outdated = ref(false)
  /** The order is being worked out. */
  const ordering = ref(false)
  /** What is to be said of the order. */
  const orderNote = ref<string | null>(null)
  /** What the last step did, where it did many things at once. */
  const said = ref<string | null>(null)
  const enlarged = ref(false)
  const edge = ref(FIRST_EDGE)
  /** As the cards lie on the screen now. */
  const columns = ref(1)
  const rowsOfPage = ref(1)
  /** Places of the cards that are seen whole, [from, to). */
  const inSight = shallowRef<readonly [number, number]>([0, 0])
  /** Brought to the top of the view, each time it is another pair. */
  const top = shallowRef<{ place: number } | null>(null)
  /** Counts up whenever labels look different. */
  const revision = ref(0)
  const selection = gallerySelection(shown, columns)
  let round = 0
  let asking = 0
  /** The patch that others were compared with last. */
  let like: number | null = null

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

  /** What filters and orders go by; null while it is not read. */
  function facts(asked: Float32Array | null = null): OrderFacts | null {
    const open = source.value
    const known = open && labels.shownOf(open.id)
    if (!open || !known) return null
    if (open.kind === 'set' ? !contents.value : !patches.masks.has(open.id)) return null
    const { now, numbers } = predictions
    return {
      size: sourceSize(open),
      inside: open.kind === 'grid' ? (patches.masks.get(open.id)?.inside ?? null) : null,
      labels: known,
      given: open.kind === 'set' ? given.value : null,
      unfit: unfit.value,
      predicted:
        now?.source === open.id
          ? { classes: now.classes, numbers, values: now.probabilities.values, first: now.probabilities.first }
          : null,
      classOrder: labels.classes.map((each) => each.number),
      slideOf: contents.value?.slideOf ?? null,
      asked,
    }
  }

  const filtered = (known: OrderFacts): Uint32Array => {
    const found = filteredPatches(known, filter.value, predictionFilter.value)
    const { slide } = partFilter.value
    return slide === null ? found : found.filter((patch) => known.slideOf?.[patch] === slide)
  }
  const ordered = (known: OrderFacts): Uint32Array =>
    orderedPatches(known, filtered(known), order.value).slice(0, partFilter.value.first ?? undefined)

  function put(list: Uint32Array, fromTop: boolean): void {
    outdated.value = false
    said.value = null
    selection.relist(list)
    if (fromTop) selection.leaveCursor()
  }

  /** Gathers the patches that are shown. @param fromTop another list is asked for: its first patches are looked at */
  function gather(fromTop = false): void {
    const known = facts()
    const mine = ++asking
    ordering.value = false
    if (!known) return
    amount.value = known.inside ? known.inside.reduce((sum, one) => sum + one, 0) : known.size
    if (!only.value && isAsked(order.value)) void gatherAsked(order.value, mine, fromTop)
    else {
      orderNote.value = null
      put(only.value ?? ordered(known), fromTop)
    }
  }

  /** An order that other processes know more of. */
  async function gatherAsked(wanted: Asked, mine: number, fromTop: boolean): Promise<void> {
    const known = facts()
    const open = source.value
    if (!known || !open) return
    like = selection.current.value ?? like
    ordering.value = true
    const found = await faults.attempt('viewer', 'The patches can not be put in this order.', () =>
      askForOrder(wanted, open.id, known, filtered(known), like),
    )
    if (mine !== asking) return
    ordering.value = false
    if (!found) {
      order.value = 'file'
      return
    }
    const now = facts(found.asked)
    if (!now) return
    orderNote.value = found.note
    put(ordered(now), fromTop && wanted !== 'similar')
  }

  /** Reads what is known of the patches, and whether a set is still there. */
  async function load(): Promise<void> {
    const open = source.value
    if (!open) return
    const mine = ++round
    const name = open.kind === 'set' ? `“${open.name}”` : 'The patches of this slide'
    await faults.attempt('viewer', `${name} can not be shown.`, async () => {
      const reading = open.kind === 'set' ? patches.contents(open.id) : null
      const mask = open.kind === 'grid' && !patches.masks.has(open.id) ? patches.loadMask(open.id) : null
      const [read] = await Promise.all([reading, mask, labels.open(open.id)])
      if (mine !== round) return
      contents.value = read
      gather()
    })
  }

  function forget(): void {
    round++
    asking++
    contents.value = null
    filter.value = 'all'
    predictionFilter.value = ANY_PREDICTION
    partFilter.value = ANY_PART
    order.value = 'file'
    only.value = null
    orderNote.value = null
    ordering.value = false
    shown.value = new Uint32Array()
    amount.value = 0
    outdated.value = false
    like = null
    selection.forget()
    said.value = null
    enlarged.value = false
  }

  /** Settled when the open patches were read. */
  let loaded: Promise<void> = Promise.resolve()
  watch(
    () => source.value?.id ?? null,
    () => {
      forget()
      loaded = load()
    },
    { flush: 'sync' },
  )
  watch([filter, order, predictionFilter, partFilter], () => {
    only.value = null
    gather(true)
  })
  watch(
    () => grid.value && patches.masks.get(grid.value.id),
    (now, before) => {
      if (grid.value && now !== undefined && before !== undefined) outdated.value = true
    },
  )

  const goesByLabels = (): boolean =>
    filter.value !== 'all' || NEEDS_LABELS.has(order.value) || predictionFilter.value.agreement !== 'any'
  onScopeDispose(
    labels.onShown((of, changed) => {
      if (of !== source.value?.id) return
      revision.value++
      if (changed === null) gather()
      else if (!only.value && goesByLabels()) outdated.value = true
    }),
  )
  watch(
    () => predictions.revision,
    () => {
      if (!NEEDS_PREDICTIONS.has(order.value) && isAnyPrediction(predictionFilter.value)) return
      if (predictions.now) outdated.value ||= only.value === null
      else {
        if (NEEDS_PREDICTIONS.has(order.value)) order.value = 'file'
        predictionFilter.value = ANY_PREDICTION
      }
    },
  )

  return {
    ofSlide,
    beside,
    isOpen,
    source,
    set,
    grid,
    contents,
    filter,
    predictionFilter,
    partFilter,
    order,
    only,
    shown,
    amount,
    outdated,
    ordering,
    orderNote,
    said,
    enlarged,
    edge,
    columns,
    rowsOfPage,
    inSight,
    top,
    revision,
    given,
    givenName,
    unfit,
    facts,
    gather,
    load,
    whenLoaded: () => loaded,
    ...selection,
    reset(): void {
      ofSlide.value = false
      forget()
    },
    /** Shows some patches in an order of their own; null = what filters and order say again. */
    showOnly(list: Uint32Array | null): void {
      only.value = list
      gather()
      if (list && list.length > 0) selection.goTo(0)
    },
    resize: (by: number) => {
      edge.value = Math.min(PICTURE_EDGE.most, Math.max(PICTURE_EDGE.least, edge.value + by * PICTURE_EDGE.step))
    },
    async relocate(place: FileHandle): Promise<void> {
      if (!set.value) return
      await patches.relocate(set.value.id, place)
      await load()
    },
  }
})
