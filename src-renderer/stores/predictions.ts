/** Prediction runs, and the probabilities of those that are looked at. */
import { defineStore } from 'pinia'
import { computed, onScopeDispose, ref, shallowRef, watch } from 'vue'
import type { ModelId, PredictionRunId, SlideId, SourceId } from '../../src-shared/ids.ts'
import { patchArea, sourceSize } from '../../src-shared/patches.ts'
import type { PatchProbabilities, PredictionRun, PredictionSummary } from '../../src-shared/predictions.ts'
import { toSquareMillimetres } from '../../src-shared/units.ts'
import { call, on, stream } from '../api/index.ts'
import { useFaults } from './faults.ts'
import { useJobs } from './jobs.ts'
import { useModels } from './models.ts'
import { useOverlay } from './overlay.ts'
import { usePatches } from './patches.ts'
import { Probabilities } from './probabilities.ts'
import { useViewport } from './viewport.ts'

const MOST_LOADED = 4
const ANNOUNCE_AFTER_MS = 150

export const usePredictions = defineStore('predictions', () => {
  const patches = usePatches()
  const models = useModels()
  const viewport = useViewport()
  const overlay = useOverlay()
  const faults = useFaults()
  const jobs = useJobs()

  const runs = shallowRef<ReadonlyMap<PredictionRunId, PredictionRun>>(new Map())
  const loaded = new Map<PredictionRunId, Probabilities>()
  const following = new Set<PredictionRunId>()
  /** What live mode says of its source, in place of what models say of it; null while it is off. */
  const liveRun = shallowRef<PredictionRun | null>(null)
  /** Counts up whenever probabilities arrive, for what is computed from them. */
  const revision = ref(0)
  const listeners = new Set<(run: PredictionRunId, patches: Uint32Array) => void>()
  /** Class whose probability is drawn and thresholded, by name: it stays when the model changes. */
  const positiveName = ref<string | null>(null)

  const put = (changed: readonly PredictionRun[]): void => {
    const next = new Map(runs.value)
    for (const run of changed) next.set(run.id, run)
    runs.value = next
  }

  onScopeDispose(on('predictions.changed', ({ changed }) => put(changed)))

  /** Newest first. */
  const list = computed(() => [...runs.value.values()].toSorted((a, b) => b.createdAt - a.createdAt))

  /** What is shown of each slide: what live mode says, else the newest run of the chosen model. */
  const bySlide = computed(() => {
    const newest = new Map<SlideId, PredictionRun>()
    const model = models.chosen?.id
    if (liveRun.value?.slide) newest.set(liveRun.value.slide, liveRun.value)
    for (const run of list.value)
      if (run.slide && run.model === model && !newest.has(run.slide)) newest.set(run.slide, run)
    return newest
  })

  /** What is drawn over the open slide, or stands on the cards of the open set: see bySlide. */
  const shownRun = computed<PredictionRun | null>(() => {
    if (viewport.slideId) return bySlide.value.get(viewport.slideId) ?? null
    const { setId } = viewport
    if (setId && liveRun.value?.source === setId) return liveRun.value
    return setId ? (list.value.find((run) => run.source === setId && run.model === models.chosen?.id) ?? null) : null
  })

  const shown = computed<Probabilities | null>(() => {
    void revision.value
    return shownRun.value ? (loaded.get(shownRun.value.id) ?? null) : null
  })

  const arrivedOf = (run: PredictionRun): number => {
    const probabilities = loaded.get(run.id)
    return probabilities ? probabilities.known + probabilities.unread.size : 0
  }

  /** Patches that lie where the slide is damaged, so that nothing is predicted there; those met so far. */
  function unreadOf(run: PredictionRun): number {
    void revision.value
    return run.unread ?? loaded.get(run.id)?.unread.size ?? 0
  }

  /** Patches predicted so far. A run tells only when it is complete; until then its job and what has arrived know more. */
  function doneOf(run: PredictionRun): number {
    void revision.value
    if (run.complete) return run.done
    const job = jobs.byId(run.job)
    const counted = job && job.unit === 'patches' ? job.done : 0
    return Math.min(run.total, Math.max(run.done, arrivedOf(run), counted))
  }

  /** Index of the class of interest among the classes of a run. */
  function positiveOf(run: PredictionRun): number {
    const named = run.classes.findIndex((each) => each.name === positiveName.value)
    if (named >= 0) return named
    const tumour = run.classes.findIndex((each) => /tumou?r|cancer|carcinoma|malignant/i.test(each.name))
    return Math.max(0, tumour)
  }

  /** Counts and mm² on the open slide, with the threshold for the class of interest. */
  const summary = computed<PredictionSummary | null>(() => {
    void revision.value
    const run = shownRun.value
    const probabilities = run && loaded.get(run.id)
    if (!run || !probabilities) return null
    const counts = probabilities.count(positiveOf(run), overlay.threshold)
    const grid = patches.gridById(run.source)
    const patchMm2 = grid && toSquareMillimetres(patchArea(grid), grid.slideMppX, grid.slideMppY)
    return {
      patches: probabilities.known,
      counts,
      areas: patchMm2 === null ? null : counts.map((count) => count * patchMm2),
    }
  })

  async function load(): Promise<void> {
    runs.value = new Map((await call('predictions.runs')).map((run) => [run.id, run]))
  }

  function reset(): void {
    runs.value = new Map()
    loaded.clear()
    liveRun.value = null
    revision.value++
  }

  /**
   * Shows what live mode says of a source. The same source with the same classes keeps its place, so that only colours
   * change; the id of the run then is the one before.
   */
  function showLive(run: PredictionRun, block: PatchProbabilities): void {
    const before = liveRun.value
    const source = patches.sourceById(run.source)
    if (!source) return
    const names = (each: PredictionRun): string => each.classes.map(({ name }) => name).join('\n')
    const known = before?.source === run.source && names(before) === names(run) ? loaded.get(before.id) : undefined
    if (!known && before) loaded.delete(before.id)
    const probabilities = known ?? new Probabilities(sourceSize(source), run.classes.length)
    const id = known && before ? before.id : run.id
    probabilities.add(block)
    loaded.set(id, probabilities)
    liveRun.value = { ...run, id, counts: [...probabilities.counts] }
    for (const listener of listeners) listener(id, block.patch)
    if (known) arrived()
    else revision.value++
  }

  function hideLive(): void {
    if (!liveRun.value) return
    loaded.delete(liveRun.value.id)
    liveRun.value = null
    revision.value++
  }

  let announced: ReturnType<typeof setTimeout> | undefined
  /** Blocks come faster than figures need to change on the screen. */
  function arrived(): void {
    announced ??= setTimeout(() => {
      announced = undefined
      revision.value++
    }, ANNOUNCE_AFTER_MS)
  }
  onScopeDispose(() => clearTimeout(announced))

  /** Keeps the probabilities of a run at hand, growing while it runs. */
  async function follow(run: PredictionRun): Promise<void> {
    const source = patches.sourceById(run.source)
    if (following.has(run.id) || !source) return
    following.add(run.id)
    const probabilities = new Probabilities(sourceSize(source), run.classes.length)
    loaded.set(run.id, probabilities)
    for (const other of loaded.keys())
      if (loaded.size > MOST_LOADED && other !== run.id && other !== shownRun.value?.id && other !== liveRun.value?.id)
        loaded.delete(other)
    revision.value++
    try {
      for await (const block of stream('predictions.follow', { run: run.id })) {
        if (loaded.get(run.id) !== probabilities) return
        probabilities.add(block)
        for (const listener of listeners) listener(run.id, block.patch)
        arrived()
      }
    } catch (error) {
      loaded.delete(run.id)
      revision.value++
      faults.report('results', `The predictions of ${run.modelName} can not be read.`, error)
    } finally {
      following.delete(run.id)
    }
  }

  watch(
    shownRun,
    (run) => {
      if (run && !loaded.has(run.id)) void follow(run)
    },
    { flush: 'post' },
  )

  async function start(model: ModelId, slides: SlideId[], sets: SourceId[]): Promise<PredictionRun[] | undefined> {
    const started = await faults.attempt('results', 'The prediction did not start.', () =>
      call('predictions.start', { model, slides, sets }),
    )
    if (started) {
      models.choose(model)
      put(started)
    }
    return started
  }

  return {
    runs,
    list,
    bySlide,
    shownRun,
    shown,
    summary,
    revision,
    positiveName,
    positiveOf,
    doneOf,
    unreadOf,
    load,
    reset,
    follow,
    start,
    showLive,
    hideLive,
    /** Whether it is said by live mode: kept nowhere, and other after the next label. */
    isLive: (run: PredictionRun): boolean => run.id === liveRun.value?.id,
    probabilitiesOf: (run: PredictionRunId): Probabilities | null => loaded.get(run) ?? null,
    /** @returns the function that stops listening */
    onBlock(listener: (run: PredictionRunId, patches: Uint32Array) => void): () => void {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
})
