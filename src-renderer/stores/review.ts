/**
 * Review: predicted patches one by one, those worth a look first, or the held-out patches a figure of a training counts, or
 * labels in doubt. Agreeing and correcting are labels like any other.
 */
import { defineStore } from 'pinia'
import { computed, onScopeDispose, ref, shallowRef } from 'vue'
import type { PredictionRunId, RunId, SlideId, SourceId } from '../../src-shared/ids.ts'
import { UNLABELLED } from '../../src-shared/labels.ts'
import type { PatchProbabilities, PredictionRun } from '../../src-shared/predictions.ts'
import { call, stream } from '../api/index.ts'
import { askDisagreements, disagreementDoubts, heldOutLosses, isDoubt, KeptLabels } from './doubts.ts'
import { useFaults } from './faults.ts'
import { useFeatures } from './features.ts'
import { heldOutCandidates, type HeldOutChoice } from './heldOut.ts'
import { useLabels, type Why } from './labels.ts'
import { useModels } from './models.ts'
import { usePatches } from './patches.ts'
import { usePredictions } from './predictions.ts'
import { type Candidate, candidatePicker, type ReviewOrder } from './reviewOrder.ts'
import { useTraining } from './training.ts'

/** As many as a person looks at in one sitting. */
const QUEUE_LENGTH = 300

type NamedClass = { name: string; colour: string }

export interface ReviewItem extends Candidate {
  /** What predicted it; null = the model of a training, of its held-out patches, or its neighbours. */
  run: PredictionRunId | null
  /** The label that is in doubt, as it was when the list was gathered; null in lists of predictions. */
  doubted: number | null
  classes: readonly NamedClass[]
  source: SourceId
  slide: SlideId | null
  state: 'open' | 'accepted' | 'corrected' | 'skipped' | 'kept'
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
  const features = useFeatures()
  const models = useModels()
  const training = useTraining()

  const scope = ref<'slide' | 'all'>('slide')
  const order = ref<ReviewOrder>('uncertain')
  /** null = what models predict is looked at */
  const heldOut = shallowRef<HeldOutLook | null>(null)
  const items = shallowRef<readonly ReviewItem[]>([])
  const index = ref(0)
  const building = ref(false)
  const rateShown = ref(true)
  /** Of labels that disagree with their neighbours: how many there are, out of how many. */
  const disagreeing = shallowRef<{ labelled: number; lookedAt: number; found: number } | null>(null)
  const kept = new KeptLabels()
  let round = 0

  /** The training of the chosen model, where it kept what was said of its held-out patches. */
  const heldOutRun = computed(() => {
    const run = models.chosen?.run ? training.runs.get(models.chosen.run) : undefined
    return run?.heldOutKept ? run : null
  })
  const hasPredictions = computed(
    () => predictions.bySlide.size > 0 || predictions.shownRun !== null || heldOutRun.value !== null,
  )

  /** The runs that can be reviewed: of the chosen model, on the open slide or set, or on all slides. */
  const runsInScope = computed<PredictionRun[]>(() => {
    const { bySlide, shownRun } = predictions
    const inScope = scope.value === 'all' ? [...bySlide.values()] : shownRun ? [shownRun] : []
    return inScope.filter((run) => predictions.doneOf(run) > 0)
  })

  const current = computed<ReviewItem | null>(() => items.value[index.value] ?? null)
  const decided = computed(() => items.value.filter((item) => item.state === 'accepted' || item.state === 'corrected'))
  const left = computed(() => items.value.filter((item) => item.state === 'open').length)

  /** Gathers the patches most worth a look: of the predictions in scope, or the held-out ones that are looked at. */
  async function build(): Promise<void> {
    const mine = ++round
    building.value = true
    await faults.attempt('review', 'The patches to review could not be gathered.', async () => {
      const found = await (heldOut.value ? heldOutItems(heldOut.value) : itemsOf(order.value, () => mine === round))
      if (mine !== round) return
      if (heldOut.value) heldOut.value = { ...heldOut.value, found: found.length }
      const asked = found.filter((item) => item.doubted === null || !kept.has(item.source, item.patch, item.doubted))
      items.value = asked.toSorted((a, b) => b.rank - a.rank).slice(0, QUEUE_LENGTH)
      index.value = 0
    })
    if (mine === round) building.value = false
  }

  /** @param wanted false as soon as nobody waits for them any more */
  async function itemsOf(by: ReviewOrder, wanted: () => boolean): Promise<ReviewItem[]> {
    if (by === 'neighbours') return disagreeingItems(wanted)
    const predicted = await predictedItems(by, wanted)
    if (by !== 'loss') return predicted
    // What the network said of patches it did not see counts more than what it says of them now.
    const measured = await heldOutLossItems()
    const known = new Set(measured.map(({ source, patch }) => `${source} ${patch}`))
    return [...measured, ...predicted.filter(({ source, patch }) => !known.has(`${source} ${patch}`))]
  }

  async function predictedItems(by: ReviewOrder, wanted: () => boolean): Promise<ReviewItem[]> {
    const found: ReviewItem[] = []
    // Of labels that were kept some are passed over, so more are gathered.
    const most = isDoubt(by) ? QUEUE_LENGTH + kept.size : QUEUE_LENGTH
    for (const run of runsInScope.value) {
      await labels.open(run.source)
      const picker = candidatePicker(run.classes.length, most, by, labelledAs(run.source, run.classes))
      for await (const block of blocksOf(run)) {
        picker.look(block)
        if (!wanted()) return []
      }
      const { id, source, slide, classes } = run
      // Live predictions are in no table: what is decided on them refers to none.
      const named = predictions.isLive(run) ? null : id
      for (const each of picker.picked()) {
        const doubted = isDoubt(by) ? labelNow(source, each.patch) : null
        found.push({ ...each, run: named, source, slide, classes, doubted, state: 'open' })
      }
    }
    return found
  }

  async function heldOutLossItems(): Promise<ReviewItem[]> {
    const run = heldOutRun.value
    const classes = models.chosen?.card.classes
    if (!run || !classes) return []
    const found: ReviewItem[] = []
    for (const part of (await call('training.heldOut', { run: run.id })) ?? []) {
      const { source } = part
      if (scope.value === 'slide' && source !== features.openSource) continue
      await labels.open(source)
      const slide = patches.gridById(source)?.slide ?? null
      for (const each of heldOutLosses(part, classes.length, labelledAs(source, classes))) {
        const doubted = labelNow(source, each.patch)
        found.push({ ...each, run: null, source, slide, classes, doubted, state: 'open' })
      }
    }
    return found
  }

  async function disagreeingItems(wanted: () => boolean): Promise<ReviewItem[]> {
    disagreeing.value = null
    const encoder = features.chosen
    if (!encoder || features.usable.length === 0) return []
    const within = scope.value === 'slide' ? features.openSource : null
    if (scope.value === 'slide' && !within) return []
    const { classes } = labels
    const found = await askDisagreements(encoder.id, within, QUEUE_LENGTH + kept.size)
    if (!wanted()) return []
    disagreeing.value = { labelled: found.labelled, lookedAt: found.lookedAt, found: found.found }
    const doubts = disagreementDoubts(found, classes)
    for (const source of new Set(doubts.map((each) => each.source))) await labels.open(source)
    return doubts.map((each) => ({
      ...each,
      run: null,
      slide: patches.gridById(each.source)?.slide ?? null,
      classes,
      state: 'open',
    }))
  }

  const labelNow = (source: SourceId, patch: number): number => labels.shownOf(source)?.[patch] ?? UNLABELLED

  async function heldOutItems({ run, classes, choice }: HeldOutLook): Promise<ReviewItem[]> {
    const found: ReviewItem[] = []
    for (const part of (await call('training.heldOut', { run })) ?? []) {
      const { source } = part
      await labels.open(source)
      const slide = patches.gridById(source)?.slide ?? null
      for (const each of heldOutCandidates(part, classes.length, choice))
        found.push({ ...each, run: null, source, slide, classes, doubted: null, state: 'open' })
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

  /** What people said of a patch, as an index among the classes of a model: -1 = another class, null = nothing. */
  function labelledAs(source: SourceId, classes: readonly NamedClass[]): (patch: number) => number | null {
    const shown = labels.shownOf(source)
    const names = classes.map((each) => each.name.toLowerCase())
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
    if (item.doubted !== null && labelNow(item.source, item.patch) === classNumber) return keep(item)
    // A held-out patch has a label: saying it once more is to leave it as it is.
    if (item.truth !== null && labels.shownOf(item.source)?.[item.patch] === classNumber) {
      mark(item, 'skipped')
      if (current.value?.patch === item.patch) advance()
      return
    }
    mark(item, agrees && item.doubted === null ? 'accepted' : 'corrected')
    if (current.value?.patch === item.patch) advance()
    const saved = await labels.assign(item.source, [item.patch], classNumber, whyOf(item, agrees))
    if (!saved) mark(item, 'open')
  }

  /** Neighbours predict nothing: a label they speak against is changed as any other. */
  const whyOf = (item: ReviewItem, agrees: boolean): Why =>
    item.why === 'neighbours'
      ? { why: 'label', prediction: null }
      : { why: agrees ? 'accept' : 'correct', prediction: item.run }

  /** The label that is in doubt stays, and is not asked about again as long as it does. */
  function keep(item = current.value): void {
    if (!item || item.doubted === null) return
    kept.keep(item.source, item.patch, labelNow(item.source, item.patch))
    mark(item, 'kept')
    if (current.value?.patch === item.patch) advance()
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
      const [first] = group
      for (const item of group) mark(item, item.doubted === null ? 'accepted' : 'corrected')
      const changed = await labels.assignEach(
        first!.source,
        new Map(group.map((item) => [item.patch, predictedClass(item)!.number])),
        whyOf(first!, true),
      )
      if (changed === null) for (const item of group) mark(item, 'open')
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
          const before = item.doubted ?? UNLABELLED
          const agreed = item.doubted === null && diff.after[i] === predicted
          mark(item, diff.after[i] === before ? 'open' : agreed ? 'accepted' : 'corrected')
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
    hasPredictions,
    disagreeing,
    current,
    decided,
    left,
    predictedClass,
    build,
    showHeldOut,
    leaveHeldOut,
    goTo,
    accept,
    acceptAll,
    correct,
    skip,
    keep,
    next: () => goTo(index.value + 1),
    previous: () => goTo(index.value - 1),
    /** How many were corrected, for the checklist. */
    corrected: computed(() => items.value.filter((item) => item.state === 'corrected').length),
    kept: computed(() => items.value.filter((item) => item.state === 'kept').length),
    reset() {
      round++
      kept.clear()
      disagreeing.value = null
      heldOut.value = null
      items.value = []
      index.value = 0
      building.value = false
    },
  }
})
