/** Commands about features of patches. */
import type { SourceId } from '../../src-shared/ids.ts'
import { useExports } from '../stores/exports.ts'
import { useFaults } from '../stores/faults.ts'
import { useFeatures } from '../stores/features.ts'
import { useFiles } from '../stores/files.ts'
import { useLive } from '../stores/live.ts'
import { usePatches } from '../stores/patches.ts'
import { useProject } from '../stores/project.ts'
import { useSlides } from '../stores/slides.ts'
import { useViewport } from '../stores/viewport.ts'
import { useWindow } from '../stores/window.ts'
import { command } from './command.ts'

/** The grid that is shown of each slide, and every patch set. */
const allSources = (): SourceId[] => {
  const patches = usePatches()
  const grids = useSlides().list.flatMap(({ id }) => patches.gridsOf(id).filter((grid) => grid.active))
  return [...grids, ...patches.sets].map(({ id }) => id)
}

const extract = (sources: readonly SourceId[]): unknown =>
  useFaults().attempt('features', 'The features were not extracted.', () => useFeatures().extract(sources))

export const featureCommands = () => [
  command({
    id: 'features.addEncoder',
    title: 'Add an encoder…',
    group: 'Features',
    when: () => useProject().canChange,
    run: () => useWindow().show({ kind: 'encoder' }),
  }),
  command({
    id: 'features.extractAll',
    title: 'Extract features of all slides and patch sets',
    group: 'Features',
    when: () => useProject().canChange && useFeatures().canEncode && allSources().length > 0,
    run: () => extract(allSources()),
  }),
  command({
    id: 'features.import',
    title: 'Take over features of this slide (HDF5)…',
    group: 'Features',
    when: () => useProject().canChange && useViewport().slideId !== null,
    async run() {
      const slide = useViewport().slideId!
      const because = 'Features that Tessera, TRIDENT or CLAM wrote for this slide.'
      const [file] = await useFiles().choose('features', because)
      if (!file) return
      await useFaults().attempt('features', 'The features were not taken over.', () =>
        useFeatures().takeOver(file.handle, slide),
      )
    },
  }),
  command({
    id: 'features.export',
    title: 'Write these features as HDF5',
    group: 'Features',
    when: () => (useFeatures().openSet?.rows ?? 0) > 0 && useFeatures().openSet?.stale === null,
    run: () =>
      useExports().start(`Features by ${useFeatures().chosen?.card.name ?? ''}`, {
        format: 'features',
        set: useFeatures().openSet!.id,
      }),
  }),
  command({
    id: 'features.extract',
    title: 'Extract features of what is open',
    group: 'Features',
    when: () => useProject().canChange && useFeatures().canEncode && useFeatures().openSource !== null,
    run: () => extract([useFeatures().openSource!]),
  }),
  command({
    id: 'features.live',
    title: 'Live: predict anew with every label',
    group: 'Features',
    when: () => useLive().on || useFeatures().openSet !== null,
    run: () => {
      useLive().on = !useLive().on
    },
  }),
]
