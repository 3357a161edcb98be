/** Commands that open a stage or a dialog, and those of training, results and help. */
import { tesseraError } from '../../src-shared/errors.ts'
import type { SlideId } from '../../src-shared/ids.ts'
import { useConnection } from '../stores/connection.ts'
import { useFaults } from '../stores/faults.ts'
import { useFiles } from '../stores/files.ts'
import { useModels } from '../stores/models.ts'
import { usePredictions } from '../stores/predictions.ts'
import { useProject } from '../stores/project.ts'
import { useSettings } from '../stores/settings.ts'
import { useSlides } from '../stores/slides.ts'
import { useTraining } from '../stores/training.ts'
import { useViewport } from '../stores/viewport.ts'
import { type Stage, STAGES, useWindow } from '../stores/window.ts'
import { command } from './command.ts'
import { startReview } from './review.ts'

const titles: Record<Stage, string> = {
  label: 'Label',
  train: 'Train',
  features: 'Features',
  review: 'Review',
  inspect: 'Inspect',
  results: 'Results',
}

const showStage = (stage: Stage): unknown => {
  if (!useSettings().settings.panels.rightOpen) void useSettings().set({ panels: { rightOpen: true } })
  if (stage === 'review') return startReview()
  useWindow().stage = stage
}

const canPredict = (): boolean => useProject().canChange && useModels().chosen !== null

/**
 * Runs the chosen model on slides and shows what it says. Without µm/px no patch of the size the model was trained on can
 * be cut: one slide is asked about, of many those are left out, and named.
 */
export async function predictOn(slides: readonly SlideId[]): Promise<void> {
  const model = useModels().chosen
  if (!model) return
  const needsMpp = (id: SlideId): boolean => {
    const slide = useSlides().byId(id)
    return model.card.input.mpp !== null && slide !== null && useSlides().needsMpp(slide)
  }
  const unknown = slides.filter(needsMpp)
  const [only] = unknown
  if (only && slides.length === 1) {
    useWindow().show({ kind: 'mpp', slide: only })
    return
  }
  if (only) reportLeftOut(unknown)
  const known = slides.filter((id) => !needsMpp(id))
  if (known.length > 0) await usePredictions().start(model.id, known, [])
}

function reportLeftOut(slides: readonly SlideId[]): void {
  const names = slides.slice(0, 3).map((id) => `“${useSlides().byId(id)?.name ?? id}”`)
  const rest = slides.length > names.length ? ` and ${slides.length - names.length} more` : ''
  const what = slides.length === 1 ? 'One slide was left out.' : `${slides.length} slides were left out.`
  const message = `µm/px is not known of ${names.join(', ')}${rest}. Say it under Properties and predict again.`
  useFaults().report('results', what, tesseraError('SLIDE_MPP_NEEDED', message, { slide: slides[0]!, found: null }))
}

export const stageCommands = () => [
  ...STAGES.map((stage, i) =>
    command({
      id: `stage.${stage}`,
      title: `Stage: ${titles[stage]}`,
      group: 'View',
      // Ctrl+digit would change the tab of a browser.
      keys: [`Ctrl+Alt+${i + 1}`],
      run: () => showStage(stage),
    }),
  ),
  command({
    id: 'app.palette',
    title: 'All commands…',
    group: 'Help',
    keys: ['Ctrl+K', 'Ctrl+L'],
    run: () => useWindow().show({ kind: 'palette' }),
  }),
  command({
    id: 'app.keys',
    title: 'Keys…',
    group: 'Help',
    keys: ['F1'],
    run: () => useWindow().show({ kind: 'keys' }),
  }),
  command({
    id: 'app.about',
    title: 'About Tessera, credits…',
    group: 'Help',
    run: () => useWindow().show({ kind: 'about' }),
  }),
  command({
    id: 'app.checklist',
    title: 'Show or hide the first steps',
    group: 'Help',
    run: () => void useSettings().set({ checklistHidden: !useSettings().settings.checklistHidden }),
  }),
  command({
    id: 'app.jobs',
    title: 'Jobs…',
    group: 'Help',
    keys: ['Ctrl+J'],
    when: () => useConnection().state === 'open',
    run() {
      useWindow().jobsOpen = true
    },
  }),
  command({
    id: 'training.start',
    title: 'Train a model',
    group: 'Training',
    keys: ['Ctrl+Enter'],
    when: () => useProject().canChange && useTraining().plan?.ready === true && !useTraining().running,
    run() {
      useWindow().stage = 'train'
      return useTraining().start()
    },
  }),
  command({
    id: 'app.device',
    title: 'Device…',
    group: 'Training',
    run: () => useWindow().show({ kind: 'device' }),
  }),
  command({
    id: 'models.import',
    title: 'Import a model…',
    group: 'Training',
    when: () => useProject().canChange,
    run: () =>
      useFaults().attempt('inspect', 'The model was not imported.', async () => {
        useWindow().stage = 'inspect'
        const [file] = await useFiles().choose('model')
        if (file) await useModels().importModel(file.handle)
      }),
  }),
  command({
    id: 'predictions.slide',
    title: 'Predict this slide or set',
    group: 'Results',
    keys: ['Ctrl+P'],
    when: () => canPredict() && (useViewport().slide !== null || useViewport().setId !== null),
    run() {
      const { slideId, setId } = useViewport()
      useWindow().stage = 'results'
      if (slideId) return predictOn([slideId])
      return setId ? usePredictions().start(useModels().chosen!.id, [], [setId]) : undefined
    },
  }),
  command({
    id: 'predictions.all',
    title: 'Predict all slides',
    group: 'Results',
    when: () => canPredict() && useSlides().list.length > 1,
    run() {
      useWindow().stage = 'results'
      return predictOn(
        useSlides()
          .list.filter((slide) => slide.state.kind === 'ready')
          .map((slide) => slide.id),
      )
    },
  }),
  command({
    id: 'exports.show',
    title: 'Export…',
    group: 'Results',
    keys: ['Ctrl+E'],
    when: () => useProject().current !== null,
    run: () => useWindow().show({ kind: 'export' }),
  }),
]
