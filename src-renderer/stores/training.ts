/** Training: the settings of the next run, whether it can start, and how the runs went. */
import { defineStore } from 'pinia'
import type * as z from 'zod'
import { computed, onScopeDispose, reactive, ref, shallowReactive, shallowRef, watch } from 'vue'
import { toFault } from '../../src-shared/errors.ts'
import type { RunId, SourceId } from '../../src-shared/ids.ts'
import { isOver } from '../../src-shared/jobs.ts'
import type { NetworkDescription } from '../../src-shared/networks.ts'
import type { TrainingPresetName } from '../../src-shared/models.ts'
import {
  type DataKind,
  type TrainingPlan,
  type TrainingPoint,
  type TrainingRun,
  TrainingSettings,
} from '../../src-shared/training.ts'
import { changedFrom, presetsFor, type TrainingPreset, trainingPreset } from '../../src-shared/trainingPresets.ts'
import type { Fault } from '../../src-shared/wire/message.ts'
import { call, on, stream } from '../api/index.ts'
import { useFaults } from './faults.ts'
import { useJobs } from './jobs.ts'
import { useLabels } from './labels.ts'
import { usePatches } from './patches.ts'
import { useProject } from './project.ts'
import { useWindow } from './window.ts'

const PLAN_AFTER_MS = 250

const Chosen = TrainingSettings.omit({ name: true, classes: true, sources: true })

/** What a first run begins with. */
const fresh = (): z.infer<typeof Chosen> =>
  Chosen.parse({ ...trainingPreset('fast', 'tissue').settings, preset: 'fast' } satisfies z.input<typeof Chosen>)

/** How a network learns: what “Reset to defaults” takes back. Not its data, its layers or its length. */
const HOW = ['learningRate', 'batchSize', 'recipe', 'augmentation', 'testTime', 'balanced', 'seed'] as const
const howOf = (settings: z.infer<typeof Chosen>) => Object.fromEntries(HOW.map((key) => [key, settings[key]]))

export const useTraining = defineStore('training', () => {
  const labels = useLabels()
  const patches = usePatches()
  const jobs = useJobs()
  const faults = useFaults()
  const project = useProject()
  const frame = useWindow()

  const runs = shallowRef<ReadonlyMap<RunId, TrainingRun>>(new Map())
  const points = shallowReactive(new Map<RunId, readonly TrainingPoint[]>())
  const following = new Set<RunId>()
  const shownId = ref<RunId | null>(null)

  /** What a person chooses of the next run. Classes and sources are chosen by leaving out: new ones take part. */
  const choice = reactive({
    settings: fresh(),
    /** null = a name is made up */
    name: null as string | null,
    withoutClasses: [] as number[],
    withoutSources: [] as SourceId[],
  })

  const put = (changed: readonly TrainingRun[]): void => {
    const next = new Map(runs.value)
    for (const run of changed) next.set(run.id, run)
    runs.value = next
  }

  onScopeDispose(on('training.changed', (run) => put([run])))

  /** Newest first. */
  const list = computed(() => [...runs.value.values()].toSorted((a, b) => b.createdAt - a.createdAt))
  const shown = computed<TrainingRun | null>(() =>
    shownId.value ? (runs.value.get(shownId.value) ?? null) : (list.value[0] ?? null),
  )
  const running = computed(() =>
    list.value.find((run) => {
      const job = jobs.byId(run.job)
      return job !== null && !isOver(job.state)
    }),
  )

  /** Sources with labels that fit together: those of the most labels' edge and µm/px are proposed. */
  const labelledSources = computed(() =>
    [...labels.counts.entries()]
      .filter(([, counts]) => [...counts.values()].some((count) => count > 0))
      .map(([id]) => patches.sourceById(id))
      .filter((source) => source !== null),
  )

  const settings = computed<TrainingSettings>(() => ({
    // Plain data, because a wire can not carry what Vue watches; parsing reads, and so follows, every part.
    ...Chosen.parse(choice.settings),
    name: choice.name?.trim() || `Model ${runs.value.size + 1}`,
    classes: labels.classes.map((each) => each.number).filter((number) => !choice.withoutClasses.includes(number)),
    sources: labelledSources.value.map((source) => source.id).filter((id) => !choice.withoutSources.includes(id)),
  }))

  const plan = shallowRef<TrainingPlan | null>(null)

  /** What the patches are, as the last plan that knew has said; it decides which presets there are. */
  const data = ref<DataKind>('tissue')
  watch(plan, (made) => (data.value = made?.data ?? data.value))
  const presets = computed(() => presetsFor(data.value))
  const presetNamed = (name: TrainingPresetName | null, of = presets.value): TrainingPreset | null =>
    of.find((preset) => preset.name === name) ?? null

  /** What of the preset was changed since it was chosen, in words; nothing for settings of one's own. */
  const presetChanges = computed(() => {
    const preset = presetNamed(choice.settings.preset)
    return preset ? changedFrom(preset, Chosen.parse(choice.settings)) : []
  })

  /** Fills in all that a preset stands for. It is one training with fresh weights: no folds, no earlier model. */
  function usePreset(name: TrainingPresetName): void {
    const { settings: filled } = trainingPreset(name, data.value)
    Object.assign(choice.settings, filled, { preset: name, start: null, folds: null })
  }

  // Other patches have other numbers under the same name. What a person has changed stays as it is.
  watch(data, (now, before) => {
    const was = presetNamed(choice.settings.preset, presetsFor(before))
    if (!was) return
    const same = presetNamed(was.name)
    if (changedFrom(was, Chosen.parse(choice.settings)).length === 0) usePreset(same?.name ?? 'fast')
    else choice.settings.preset = same?.name ?? null
  })

  // The layers of an earlier model are one network.
  watch(
    () => choice.settings.start,
    (start) => {
      if (start) choice.settings.members = null
    },
  )

  /** Layers of one's own, kept while a preset is chosen. */
  const ownNetwork = shallowRef<NetworkDescription | null>(null)

  /** Takes layers of one's own for the next run, which then begins with fresh weights. */
  function useNetwork(network: NetworkDescription): void {
    ownNetwork.value = network
    choice.settings.network = network
    choice.settings.members = null
    choice.settings.start = null
  }

  /** The layers the next run would have. */
  const network = (): Promise<NetworkDescription> => call('training.network', settings.value)

  /** How a network learns where nothing was changed: as the preset has it, or the defaults. */
  const unchanged = () => {
    const { network, length, preset } = choice.settings
    return howOf(Chosen.parse({ network, length, ...presetNamed(preset)?.settings }))
  }
  const changed = computed(() => JSON.stringify(howOf(Chosen.parse(choice.settings))) !== JSON.stringify(unchanged()))

  const resetSettings = (): void => {
    Object.assign(choice.settings, unchanged())
  }

  const planFault = shallowRef<Fault | null>(null)
  const planning = ref(false)
  let asked = 0

  async function makePlan(): Promise<void> {
    // The call takes at least one class and one source; without them there is nothing to ask.
    if (!project.current || settings.value.classes.length === 0 || settings.value.sources.length === 0) {
      plan.value = null
      planFault.value = null
      return
    }
    const mine = ++asked
    planning.value = true
    try {
      const made = await call('training.plan', settings.value)
      if (mine === asked) [plan.value, planFault.value] = [made, null]
    } catch (error) {
      if (mine === asked) [plan.value, planFault.value] = [null, toFault(error)]
    } finally {
      if (mine === asked) planning.value = false
    }
  }

  let timer: ReturnType<typeof setTimeout> | undefined
  let stale = true
  const isShown = (): boolean => frame.stage === 'train' || frame.stage === 'review'
  // Made anew when something it depends on has changed, but only while somebody can see it.
  watch(
    () => [settings.value, labels.totals, frame.stage] as const,
    ([settingsNow, totalsNow], [settingsBefore, totalsBefore]) => {
      stale ||= settingsNow !== settingsBefore || totalsNow !== totalsBefore
      if (!stale || !isShown()) return
      stale = false
      clearTimeout(timer)
      timer = setTimeout(() => void makePlan(), PLAN_AFTER_MS)
    },
  )
  onScopeDispose(() => clearTimeout(timer))

  async function load(): Promise<void> {
    runs.value = new Map((await call('training.runs')).map((run) => [run.id, run]))
    if (isShown()) await makePlan()
  }

  async function start(): Promise<TrainingRun | undefined> {
    const run = await faults.attempt('train', 'Training did not start.', () => call('training.start', settings.value))
    if (!run) return undefined
    put([run])
    shownId.value = run.id
    choice.name = null
    void follow(run.id)
    return run
  }

  /** Keeps the points of a run up to date until it is over. */
  async function follow(run: RunId): Promise<void> {
    if (following.has(run)) return
    following.add(run)
    let known: readonly TrainingPoint[] = []
    try {
      for await (const more of stream('training.follow', { run })) {
        known = [...known, ...more]
        points.set(run, known)
      }
    } catch (error) {
      faults.report('train', 'The curves of this run can not be followed.', error)
    } finally {
      following.delete(run)
    }
  }

  watch(
    shown,
    (run) => {
      if (run && !points.has(run.id)) void follow(run.id)
    },
    { flush: 'post' },
  )

  return {
    runs,
    list,
    shown,
    running,
    points,
    choice,
    settings,
    presets,
    presetChanges,
    usePreset,
    changed,
    resetSettings,
    ownNetwork,
    useNetwork,
    network,
    labelledSources,
    plan,
    planFault,
    planning,
    load,
    makePlan,
    start,
    follow,
    show(run: RunId) {
      shownId.value = run
    },
    reset() {
      runs.value = new Map()
      points.clear()
      shownId.value = null
      plan.value = null
      planFault.value = null
      choice.withoutClasses = []
      choice.withoutSources = []
      ownNetwork.value = null
      data.value = 'tissue'
      Object.assign(choice.settings, fresh())
    },
  }
})
