/**
 * The map of patches: which features it is of, which of its points are selected, and what they are coloured by. Nothing
 * here draws.
 */
import { defineStore } from 'pinia'
import { computed, onScopeDispose, ref, shallowRef, watch } from 'vue'
import type { MapId } from '../../src-shared/ids.ts'
import { isOver } from '../../src-shared/jobs.ts'
import { CLASS_PALETTE } from '../../src-shared/labels.ts'
import { type EmbeddingMap, LEAST_ON_MAP } from '../../src-shared/map.ts'
import { call, on } from '../api/index.ts'
import { useFaults } from './faults.ts'
import { useFeatures } from './features.ts'
import { useGallery } from './gallery.ts'
import { useJobs } from './jobs.ts'
import { useLabels } from './labels.ts'
import { byCategory, byScale, type Category, type Coloured, MOST_SLIDE_COLOURS } from './mapColours.ts'
import { useMapData } from './mapData.ts'
import { MapTable } from './mapTable.ts'
import { useOverlay } from './overlay.ts'
import { usePatches } from './patches.ts'
import { usePredictions } from './predictions.ts'
import { useSlides } from './slides.ts'
import { useViewport } from './viewport.ts'

export type MapMethod = 'principal' | 'umap'
export type MapScope = 'open' | 'all'
export type ColourBy = 'class' | 'prediction' | 'slide' | 'confidence'

/** What the plot can be asked to do. */
export interface MapControls {
  fit(): void
  zoomBy(factor: number): void
  selectSeen(): void
}

const NONE: ReadonlySet<number> = new Set()
/** The accent of the window, as a colour that both themes can show. */
const OPEN_SLIDE = '#12948c'

export const useMap = defineStore('map', () => {
  const features = useFeatures()
  const patches = usePatches()
  const viewport = useViewport()
  const slides = useSlides()
  const labels = useLabels()
  const predictions = usePredictions()
  const overlay = useOverlay()
  const gallery = useGallery()
  const jobs = useJobs()
  const faults = useFaults()

  const open = ref(false)
  const method = ref<MapMethod>('principal')
  const scope = ref<MapScope>('open')
  const colourBy = ref<ColourBy>('class')
  /** A drag draws a lasso instead of moving the map. */
  const lasso = ref(false)
  /** The plot has the keyboard. */
  const focused = ref(false)
  const loading = ref(false)
  const table = shallowRef<MapTable | null>(null)
  /** Share of all variance of x and y; null for a UMAP. */
  const explained = shallowRef<readonly [number, number] | null>(null)
  const selected = shallowRef<ReadonlySet<number>>(NONE)
  const hovered = ref<number | null>(null)
  const controls = shallowRef<MapControls | null>(null)
  const maps = shallowRef<ReadonlyMap<MapId, EmbeddingMap>>(new Map())

  const putMaps = (changed: readonly EmbeddingMap[], removed: readonly MapId[] = []): void => {
    const next = new Map(maps.value)
    for (const id of removed) next.delete(id)
    for (const map of changed) next.set(map.id, map)
    maps.value = next
  }
  onScopeDispose(on('maps.changed', ({ changed, removed }) => putMaps(changed, removed)))

  /** The features the map is of. */
  const sets = computed(() => {
    if (scope.value === 'all') return features.usable
    return features.usable.filter((set) => set.source === features.openSource)
  })
  /** Slides and patch sets whose features no longer fit the project, and which are not on the map for that. */
  const leftOut = computed(() =>
    scope.value === 'all' ? [...patches.sources.keys()].filter((source) => features.setOf(source)?.stale).length : 0,
  )
  const rows = computed(() => sets.value.reduce((sum, set) => sum + set.rows, 0))
  const sourcesKey = computed(() => keyOf(sets.value.map(({ source }) => source)))
  const ofSame = computed(() =>
    [...maps.value.values()]
      .filter((map) => map.encoder === features.chosen?.id && keyOf(map.sources) === sourcesKey.value)
      .toSorted((a, b) => b.createdAt - a.createdAt),
  )
  /** The UMAP of these features that is there. */
  const umap = computed(() => ofSame.value.find((map) => map.complete) ?? null)
  /** The job that makes one. */
  const making = computed(() => {
    for (const map of ofSame.value) {
      const job = map.complete ? null : jobs.byId(map.job)
      if (job && !isOver(job.state)) return job
    }
    return null
  })
  /** What is missing before there can be a map. */
  const lack = computed<'encoder' | 'features' | 'stale' | 'patches' | 'umap' | null>(() => {
    if (!features.chosen) return 'encoder'
    if (sets.value.length === 0) return features.openSet?.stale ? 'stale' : 'features'
    if (rows.value < LEAST_ON_MAP) return 'patches'
    return method.value === 'umap' && !umap.value ? 'umap' : null
  })

  const data = useMapData(table)
  /** The point of the patch that is in hand on the slide, or under the cursor of the gallery. */
  const marked = computed(() => {
    const source = features.openSource
    const patch = viewport.patch ?? (gallery.isOpen ? gallery.current : null)
    return source && patch !== null && table.value ? table.value.pointOf(source, patch) : null
  })

  const nameOfSource = (place: number): string => {
    const source = patches.sourceById(table.value!.sources[place]!)
    if (source?.kind === 'set') return source.name
    return (source && slides.byId(source.slide)?.name) ?? 'a slide that was removed'
  }

  const coloured = computed<Coloured | null>(() => {
    const now = table.value
    if (!now) return null
    void data.labelRevision.value
    if (colourBy.value === 'class') {
      const place = new Map(labels.classes.map((each, i) => [each.number, i + 1]))
      const categoryOf = data.classes().map((number) => place.get(number) ?? 0)
      return byCategory('Label', categoryOf, labels.classes, 'No label')
    }
    if (colourBy.value === 'slide') return bySlide(now)
    const runs = data.runs.value
    if (colourBy.value === 'confidence') {
      const values = new Float32Array(now.size).fill(Number.NaN)
      eachPredicted(now, (point, patch, { probabilities }) => (values[point] = probabilities.confidence(patch)))
      return byScale('Confidence', values, 'Not predicted')
    }
    const classes = [...runs.values()][0]?.run.classes ?? []
    const categoryOf = new Uint16Array(now.size)
    eachPredicted(now, (point, patch, { run, probabilities }) => {
      categoryOf[point] = 1 + probabilities.decide(patch, predictions.positiveOf(run), overlay.threshold)
    })
    return byCategory('Prediction', categoryOf, classes, 'Not predicted')
  })

  function eachPredicted(
    now: MapTable,
    use: (point: number, patch: number, of: NonNullable<ReturnType<typeof data.runs.value.get>>) => void,
  ): void {
    for (const [place, source] of now.sources.entries()) {
      const of = data.runs.value.get(source)
      if (!of) continue
      for (let point = now.starts[place]!; point < now.starts[place + 1]!; point++) {
        const patch = now.patch[point]!
        if (of.probabilities.has(patch)) use(point, patch, of)
      }
    }
  }

  /** A colour for each slide, or, of too many, one for that which is open. */
  function bySlide(now: MapTable): Coloured {
    const many = now.sources.length > MOST_SLIDE_COLOURS
    const place = now.sources.indexOf(features.openSource!)
    const categories: Category[] = many
      ? place < 0
        ? []
        : [{ name: nameOfSource(place), colour: OPEN_SLIDE }]
      : now.sources.map((_, i) => ({ name: nameOfSource(i), colour: CLASS_PALETTE[i]! }))
    const categoryOf = new Uint16Array(now.size)
    for (let i = 0; i < now.sources.length; i++)
      categoryOf.fill(many ? Number(i === place) : i + 1, now.starts[i], now.starts[i + 1])
    return byCategory('Slide', categoryOf, categories, `${now.sources.length - (place < 0 ? 0 : 1)} other slides`)
  }

  let round = 0
  async function load(): Promise<void> {
    const mine = ++round
    const ids = sets.value.map(({ id }) => id)
    const kept = umap.value
    if (!open.value || lack.value) {
      show(null, null)
      return
    }
    loading.value = true
    await faults.attempt('map', 'The map can not be shown.', async () => {
      const points =
        method.value === 'umap'
          ? await call('maps.points', { map: kept!.id })
          : await call('maps.principal', { sets: ids })
      if (mine === round)
        show(new MapTable(points), 'explained' in points ? (points.explained as [number, number]) : null)
    })
    if (mine === round) loading.value = false
  }

  function show(next: MapTable | null, share: readonly [number, number] | null): void {
    selected.value = NONE
    hovered.value = null
    explained.value = share
    table.value = next
    loading.value = false
  }

  watch(
    () =>
      [
        open.value,
        lack.value,
        method.value === 'umap' ? umap.value?.id : sets.value.map(({ id, rows: count }) => `${id} ${count}`).join(),
      ].join(' '),
    () => void load(),
  )

  return {
    open,
    method,
    scope,
    colourBy,
    lasso,
    focused,
    loading,
    table,
    explained,
    selected,
    hovered,
    marked,
    controls,
    sets,
    leftOut,
    umap,
    making,
    lack,
    coloured,
    nameOfSource,
    classOf: data.classOf,
    runOf: (point: number) => (table.value ? (data.runs.value.get(table.value.nameOf(point).source) ?? null) : null),
    /** Keys act on the points that are selected: the plot has the keyboard, and the pointer is not over the slide. */
    inHand: computed(() => open.value && focused.value && viewport.cursor === null),
    select(points: Iterable<number>): void {
      selected.value = new Set(points)
    },
    clearSelection(): void {
      selected.value = NONE
    },
    close(): void {
      open.value = false
      focused.value = false
      lasso.value = false
    },
    async makeUmap(): Promise<void> {
      putMaps([await call('maps.start', { sets: sets.value.map(({ id }) => id), params: { neighbours: 15, seed: 1 } })])
    },
    async loadList(): Promise<void> {
      maps.value = new Map((await call('maps.list')).map((map) => [map.id, map]))
    },
    reset(): void {
      round++
      maps.value = new Map()
      scope.value = 'open'
      show(null, null)
    },
  }
})

const keyOf = (sources: readonly string[]): string => sources.toSorted().join()
