/** What of the first steps has happened. Most of it can be read from the project; looking around has to be seen. */
import { computed, type ComputedRef, ref, watch } from 'vue'
import { useJobs } from '../stores/jobs.ts'
import { useLabels } from '../stores/labels.ts'
import { useModels } from '../stores/models.ts'
import { useOverlay } from '../stores/overlay.ts'
import { usePredictions } from '../stores/predictions.ts'
import { useViewport } from '../stores/viewport.ts'

export interface FirstStep {
  text: string
  done: boolean
  /** How far, while it is not done. */
  progress?: string
}

const LABELS_EACH = 10
const CORRECTIONS = 3
const MOVES = 3

export function useFirstSteps(): ComputedRef<FirstStep[]> {
  const labels = useLabels()
  const models = useModels()
  const predictions = usePredictions()
  const jobs = useJobs()
  const overlay = useOverlay()
  const viewport = useViewport()

  // The first view is none of the person's doing; every later magnification is.
  const scales = ref(new Set<string>())
  watch(
    () => viewport.view?.pxPerLevel0,
    (scale) => {
      if (scale && scales.value.size <= MOVES) scales.value = new Set(scales.value).add(scale.toPrecision(2))
    },
  )

  return computed(() => {
    const [first, second] = labels.classes
    const have = (number: number | undefined) => (number === undefined ? 0 : (labels.totals.get(number) ?? 0))
    const names = `${LABELS_EACH} ${first?.name ?? 'tumor'} and ${LABELS_EACH} ${second?.name ?? 'normal'}`
    return [
      { text: 'Look around: wheel to zoom, Space to pan', done: scales.value.size > MOVES || labels.total > 0 },
      {
        text: names.length < 60 ? `Label ${names}` : `Label ${LABELS_EACH} of the first two classes`,
        done: have(first?.number) >= LABELS_EACH && have(second?.number) >= LABELS_EACH,
        progress: `${Math.min(LABELS_EACH, have(first?.number))} + ${Math.min(LABELS_EACH, have(second?.number))}`,
      },
      { text: 'Train a model', done: models.list.some(({ run }) => run !== null) },
      {
        text: 'See its predictions',
        done: predictions.list.some((run) => predictions.doneOf(run) > 0) && overlay.shown.predictions,
      },
      {
        text: `Correct ${CORRECTIONS} patches`,
        done: labels.corrections >= CORRECTIONS,
        progress: `${labels.corrections} of ${CORRECTIONS}`,
      },
      { text: 'Export', done: jobs.list.some((job) => job.kind === 'export' && job.state === 'done') },
    ]
  })
}
