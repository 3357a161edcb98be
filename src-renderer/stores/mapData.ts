/** What is known of the points of a map beyond their place: labels as they are on the disk, and predictions. */
import { onScopeDispose, ref, type ShallowRef, shallowRef, watch } from 'vue'
import type { SourceId } from '../../src-shared/ids.ts'
import { sourceSize } from '../../src-shared/patches.ts'
import type { PredictionRun } from '../../src-shared/predictions.ts'
import { call, stream } from '../api/index.ts'
import { useFaults } from './faults.ts'
import { useLabels } from './labels.ts'
import type { MapTable } from './mapTable.ts'
import { useModels } from './models.ts'
import { usePatches } from './patches.ts'
import { usePredictions } from './predictions.ts'
import { Probabilities } from './probabilities.ts'

export type RunOnMap = { run: PredictionRun; probabilities: Probabilities }

export function useMapData(table: Readonly<ShallowRef<MapTable | null>>) {
  const labels = useLabels()
  const predictions = usePredictions()
  const models = useModels()
  const patches = usePatches()
  const faults = useFaults()

  /** [point] class number, 0 = no label */
  let classOf = new Uint16Array()
  /** What live mode says of a source, else the newest run of the chosen model. */
  const runs = shallowRef<ReadonlyMap<SourceId, RunOnMap>>(new Map())
  /** Count up whenever labels or predictions of points have changed. */
  const labelRevision = ref(0)

  watch(
    table,
    async (now) => {
      classOf = new Uint16Array(now?.size ?? 0)
      labelRevision.value++
      if (!now) return
      const known = await faults.attempt('map', 'The labels could not be read.', () =>
        Promise.all(now.sources.map((source) => call('labels.of', { source }))),
      )
      if (table.value !== now || !known) return
      for (const [place, { patch, class: number }] of known.entries())
        for (let i = 0; i < patch.length; i++) {
          const point = now.pointOf(now.sources[place]!, patch[i]!)
          if (point !== null) classOf[point] = number[i]!
        }
      labelRevision.value++
    },
    { flush: 'sync' },
  )
  onScopeDispose(
    labels.onChange((change) => {
      if (!table.value) return
      for (const { source, patch, after } of change.labels)
        for (let i = 0; i < patch.length; i++) {
          const point = table.value.pointOf(source, patch[i]!)
          if (point !== null) classOf[point] = after[i]!
        }
      if (change.labels.length > 0) labelRevision.value++
    }),
  )

  function runOf(source: SourceId): PredictionRun | null {
    const { shownRun, isLive, list } = predictions
    if (shownRun && isLive(shownRun) && shownRun.source === source) return shownRun
    return list.find((run) => run.source === source && run.model === models.chosen?.id && run.stale === null) ?? null
  }
  /** It says the same from now on. */
  const isSettled = (run: PredictionRun): boolean => run.complete && !predictions.isLive(run)

  /** All of a run, as far as it is. */
  async function read(run: PredictionRun): Promise<Probabilities | null> {
    const loaded = predictions.probabilitiesOf(run.id)
    if (loaded && loaded.known >= run.done) return loaded
    const source = patches.sourceById(run.source)
    if (!source || !run.complete) return loaded
    const probabilities = new Probabilities(sourceSize(source), run.classes.length)
    for await (const block of stream('predictions.follow', { run: run.id })) probabilities.add(block)
    return probabilities
  }

  let round = 0
  watch(
    () => {
      const now = table.value
      if (!now) return ''
      const of = now.sources.map(runOf)
      // What arrives of a run that is shown is on the map, too.
      const growing = of.some((run) => run && !isSettled(run)) ? predictions.revision : 0
      return of.map((run) => (run ? `${run.id} ${run.complete}` : '')).join() + growing
    },
    async () => {
      const now = table.value
      const mine = ++round
      const read_ = new Map<SourceId, RunOnMap>()
      await faults.attempt('map', 'The predictions can not be read.', async () => {
        for (const source of now?.sources ?? []) {
          const run = runOf(source)
          const known = runs.value.get(source)
          const probabilities =
            run &&
            (known?.run.id === run.id && isSettled(run) && isSettled(known.run) ? known.probabilities : await read(run))
          if (mine !== round) return
          if (run && probabilities) read_.set(source, { run, probabilities })
        }
      })
      if (mine === round) runs.value = read_
    },
    { immediate: true },
  )

  return {
    runs,
    labelRevision,
    classOf: (point: number): number => classOf[point] ?? 0,
    classes: (): Uint16Array => classOf,
  }
}
