/**
 * Review: predicted patches one by one, those worth a look first, or the held-out patches a figure of a training counts.
 * Agreeing and correcting are labels like any other.
 */
import { defineStore } from 'pinia'
import { computed, onScopeDispose, ref, shallowRef } from 'vue'
import type { PredictionRunId, RunId, SlideId, SourceId } from '../../src-shared/ids.ts'
import { UNLABELLED } from '../../src-shared/labels.ts'
import type { PatchProbabilities, PredictionRun } from '../../src-shared/predictions.ts'
import { call, stream } from '../api/index.ts'
import { useFaults } from './faults.ts'
import { heldOutCandidates, type HeldOutChoice } from './heldOut.ts'
import { useLabels } from './labels.ts'
import { usePatches } from './patches.ts'
import { usePredictions } from './predictions.ts'
import { type Candidate, candidatePicker, type ReviewOrder } from './reviewOrder.ts'

/** As many as a person looks at in one sitting. */
const QUEUE_LENGTH = 300
const RATE_WINDOW_MS = 120_000

type NamedClass = { name: string; colour: string }

export interface ReviewItem extends Candidate {
  /** What predicted it; null = the model of a training, of its held-out patches. */
  run: PredictionRunId | null
  classes: readonly NamedClass[]
  source: SourceId
  slide: SlideId | null
  state: 'open' | 'accepted' | 'corrected' | 'skipped'
}

/** The held-out patches of one training that are looked at. */
export interface HeldOutLook {
  run: RunId
  /** of the training */
  name: string
  classes: readonly NamedClass[]
  choice: HeldOutChoice
  /** how many there are; `items` holds the first of them */
  found: number
}

export const useReview = defineStore('review', () => {
  const labels = useLabels()
  const patches = usePatches()
  const predictions = usePredictions()
  const faults = useFaults()

  const scope = ref<'slide' | 'all'>('slide')
  const order = ref<ReviewOrder>('uncertain')
  /** null = what models predict is looked at */
  const heldOut = shallowRef<HeldOutLook | null>(null)
  const items = shallowRef<readonly ReviewItem[]>([])
  const index = ref(0)
  const building = ref(false)
  const rateShown = ref(true)
  const decidedAt = shallowRef<readonly number[]>([])
  let round = 0

  /** The runs that can be reviewed: of the chosen model, on the open slide or set, or on all slides. */
  const runsInScope = computed<PredictionRun[]>(() => {
    const { bySlide, shownRun } = predictions
    const inScope = scope.value === 'all' ? [...bySlide.values()] : shownRun ? [shownRun] : []
    return inScope.filter((run) => predictions.doneOf(run) > 0)
  })

  const current = computed<ReviewItem | null>(() => items.value[index.value] ?? null)
  const decided = computed(() => items.value.filter((item) => item.state === 'accepted' || item.state === 'corrected'))
  const left = computed(() => items.value.filter((item) => item.state === 'open').length)

  /** Labels per minute over the last two minutes; null before there are three. */
  const perMinute = computed<number | null>(() => {
    const times = decidedAt.value
    if (times.length < 3) return null
    const seconds = (times.at(-1)! - times[0]!) / 1000
    return seconds > 0 ? ((times.length - 1) * 60) / seconds : null
  })

  /** Gathers the patches most worth a look: of the predictions in scope, or the held-out ones that are looked at. */
  async function build(): Promise<void> {
    const mine = ++round
    building.value = true
    await faults.attempt('review', 'The patches to review could not be gathered.', async () => {
      const found = await (heldOut.value ? heldOutItems(heldOut.value) : predictedItems(() => mine === round))
      if (mine !== round) return
      if (heldOut.value) heldOut.value = { ...heldOut.value, found: found.length }
      items.value = found.toSorted((a, b) => b.rank - a.rank).slice(0, QUEUE_LENGTH)
      index.value = 0
    })
    if (mine === round) building.value = false
  }

  /** @param wanted false as soon as nobody waits for them any more */
  async function predictedItems(wanted: () => boolean): Promise<ReviewItem[]> {
    const found: ReviewItem[] = []
    for (const run of runsInScope.value) {
      await labels.open(run.source)
      const picker = candidatePicker(run.classes.length, QUEUE_LENGTH, order.value, labelledAs(run))
      for await (const block of blocksOf(run)) {
        picker.look(block)
        if (!wanted()) return []
      }
      const { id, source, slide, classes } = run
      for (const each of picker.picked()) found.push({ ...each, run: id, source, slide, classes, state: 'open' })
    }
    return found
  }

  async function heldOutItems({ run, classes, choice }: HeldOutLook): Promise<ReviewItem[]> {
    const found: ReviewItem[] = []
    for (const part of (await call('training.heldOut', { run })) ?? []) {
      const { source } = part
      await labels.open(source)
      const slide = patches.gridById(source)?.slide ?? null
      for (const each of heldOutCandidates(part, classes.length, choice))
        found.push({ ...each, run: null, source, slide, classes, state: 'open' })
    }
    return found
  }

  /** Looks at held-out patches of a training instead of predictions. */
  async function showHeldOut(look: Omit<HeldOutLook, 'found'>): Promise<void> {
    heldOut.value = { ...look, found: 0 }
    items.value = []
    await build()
  }

  async function leaveHeldOut(): Promise<void> {
    heldOut.value = null
    items.value = []
    await build()
  }

  /** What people said of a patch, as an index among the classes of a run: -1 = another class, null = nothing. */
  function labelledAs(run: PredictionRun): (patch: number) => number | null {
    const shown = labels.shownOf(run.source)
    const names = run.classes.map((each) => each.name.toLowerCase())
    const indices = new Map(labels.classes.map((each) => [each.number, names.indexOf(each.name.toLowerCase())]))
    return (patch) => {
      const number = shown?.[patch] ?? UNLABELLED
      return number === UNLABELLED ? null : (indices.get(number) ?? -1)
    }
  }

  /** All that is predicted: from memory, with a breath between blocks so that the window stays awake, else from disk. */
  async function* blocksOf(run: PredictionRun): AsyncGenerator<PatchProbabilities> {
    const known = predictions.probabilitiesOf(run.id)
    if (known && known.known >= predictions.doneOf(run)) {
      for (const block of known.blocks()) {
        yield block
        await new Promise((resolve) => {
          setTimeout(resolve)
        })
      }
      return
    }
    let read = 0
    for await (const block of stream('predictions.follow', { run: run.id })) {
      yield block
      read += block.patch.length
      // A run that is still going would never end the stream by itself.
      if (read >= predictions.doneOf(run)) return
    }
  }

  const mark = (item: ReviewItem, state: ReviewItem['state']): void => {
    items.value = items.value.map((each) =>
      each.source === item.source && each.patch === item.patch ? { ...each, state } : each,
    )
  }

  const goTo = (to: number): void => {
    index.value = Math.min(Math.max(0, to), Math.max(0, items.value.length - 1))
  }

  /** To the next patch that nobody has decided on. */
  function advance(): void {
    const next = items.value.findIndex((item, i) => i > index.value && item.state === 'open')
    goTo(next >= 0 ? next : index.value + 1)
  }

  /** Gives the patch a class: an agreement when it is the predicted one, else a correction. */
  async function decide(item: ReviewItem, classNumber: number): Promise<void> {
    const agrees = labels.classOf(classNumber)?.name.toLowerCase() === item.classes[item.predicted]?.name.toLowerCase()
    // A held-out patch has a label: saying it once more is to leave it as it is.
    if (item.truth !== null && labels.shownOf(item.source)?.[item.patch] === classNumber) {
      mark(item, 'skipped')
      if (current.value?.patch === item.patch) advance()
      return
    }
    mark(item, agrees ? 'accepted' : 'corrected')
    if (current.value?.patch === item.patch) advance()
    const kept = await labels.assign(item.source, [item.patch], classNumber, {
      why: agrees ? 'accept' : 'correct',
      prediction: item.run,
    })
    if (!kept) mark(item, 'open')
    else decidedAt.value = [...decidedAt.value, Date.now()].filter((at) => at > Date.now() - RATE_WINDOW_MS)
  }

  /** The class of the project that the model predicts; null when the project has none of that name. */
  const predictedClass = (item: ReviewItem) => {
    const name = item.classes[item.predicted]?.name
    return name ? labels.classNamed(name) : null
  }

  async function accept(item = current.value): Promise<void> {
    const predicted = item && predictedClass(item)
    if (item && predicted) await decide(item, predicted.number)
  }

  /** Agrees with several predictions, as one undo step for each grid or set and run. */
  async function acceptAll(shown: readonly ReviewItem[]): Promise<void> {
    const open = shown.filter((item) => item.state === 'open' && predictedClass(item) !== null)
    for (const group of Map.groupBy(open, (item) => `${item.source} ${item.run}`).values()) {
      const { source, run } = group[0]!
      for (const item of group) mark(item, 'accepted')
      const kept = await labels.assignEach(
        source,
        new Map(group.map((item) => [item.patch, predictedClass(item)!.number])),
        { why: 'accept', prediction: run },
      )
      if (kept) decidedAt.value = [...decidedAt.value, ...group.map(() => Date.now())]
      else for (const item of group) mark(item, 'open')
    }
    advance()
  }

  async function correct(classNumber: number): Promise<void> {
    if (current.value) await decide(current.value, classNumber)
  }

  function skip(): void {
    if (current.value?.state === 'open') mark(current.value, 'skipped')
    advance()
  }

  // Undo and redo of a decision put its patch back in front, and keep the counts true.
  onScopeDispose(
    labels.onChange(({ gesture, labels: diffs }) => {
      if (gesture.kind !== 'undo' && gesture.kind !== 'redo') return
      for (const diff of diffs)
        for (const [i, patch] of diff.patch.entries()) {
          const at = items.value.findIndex((item) => item.source === diff.source && item.patch === patch)
          if (at < 0) continue
          const item = items.value[at]!
          const predicted = predictedClass(item)?.number
          mark(item, diff.after[i] === UNLABELLED ? 'open' : diff.after[i] === predicted ? 'accepted' : 'corrected')
          goTo(at)
        }
    }),
  )

  return {
    scope,
    order,
    heldOut,
    items,
    index,
    building,
    rateShown,
    runsInScope,
    current,
    decided,
    left,
    perMinute,
    predictedClass,
    build,
    showHeldOut,
    leaveHeldOut,
    goTo,
    accept,
    acceptAll,
    correct,
    skip,
    next: () => goTo(index.value + 1),
    previous: () => goTo(index.value - 1),
    /** How many were corrected, for the checklist. */
    corrected: computed(() => items.value.filter((item) => item.state === 'corrected').length),
    reset() {
      round++
      heldOut.value = null
      items.value = []
      index.value = 0
      decidedAt.value = []
      building.value = false
    },
  }
})
