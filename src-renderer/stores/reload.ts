/** Everything the window shows of a project, read again: at the start, after another project and a lost connection. */
import { isTesseraError } from '../../src-shared/errors.ts'
import { useAugmentationPreview } from './augmentationPreview.ts'
import { useBlinding } from './blinding.ts'
import { useBookmarks } from './bookmarks.ts'
import { useExports } from './exports.ts'
import { useFaults } from './faults.ts'
import { useFeatures } from './features.ts'
import { useGallery } from './gallery.ts'
import { useInside } from './inside.ts'
import { useJobs } from './jobs.ts'
import { useLabellingPace } from './labellingPace.ts'
import { useLabels } from './labels.ts'
import { useLive } from './live.ts'
import { useLooks } from './looks.ts'
import { useMap } from './map.ts'
import { useModels } from './models.ts'
import { useNeighbours } from './neighbours.ts'
import { usePatches } from './patches.ts'
import { usePredictions } from './predictions.ts'
import { useProject } from './project.ts'
import { useRateSearch } from './rateSearch.ts'
import { useReview } from './review.ts'
import { useSettings } from './settings.ts'
import { useSlides } from './slides.ts'
import { useTraining } from './training.ts'
import { useViewport } from './viewport.ts'

const WHAT = 'The project could not be read.'

/** Reads settings and the open project. The first slide that can be shown, or else a patch set, is opened when none is. */
export async function reloadAll(): Promise<void> {
  const faults = useFaults()
  useLabellingPace() // counts from the first label on, whoever shows it
  await faults.attempt('window', 'The settings could not be read.', () => useSettings().load())
  await faults.attempt('window', WHAT, async () => {
    await useProject().load()
    if (useProject().current) await loadRooms()
  })
}

/** Another project is open: forgets the old one and reads the new one. */
export async function reloadProject(): Promise<void> {
  useViewport().close()
  for (const store of [
    useSlides(),
    useLooks(),
    usePatches(),
    useLabels(),
    useModels(),
    useFeatures(),
    useLive(),
    useNeighbours(),
    useMap(),
    useTraining(),
    useAugmentationPreview(),
    useRateSearch(),
    usePredictions(),
    useReview(),
    useGallery(),
    useLabellingPace(),
    useExports(),
    useInside(),
    useBookmarks(),
    useBlinding(),
    useJobs(),
  ])
    store.reset()
  if (useProject().current) await useFaults().attempt('window', WHAT, loadRooms)
}

async function loadRooms(): Promise<void> {
  const slides = useSlides()
  const patches = usePatches()
  try {
    // Before the slides: no name may be seen for a moment.
    await useBlinding().load()
    await Promise.all([
      slides.load(),
      patches.load(),
      useJobs().load(),
      useModels().load(),
      useFeatures().load(),
      useMap().loadList(),
      useBookmarks().load(),
    ])
    await Promise.all([useLabels().load(), usePredictions().load()])
    await useTraining().load()
  } catch (error) {
    // The project was closed while it was read; the next event says what is open now.
    if (!isTesseraError(error, 'PROJECT_NOT_OPEN')) throw error
  }
  const viewport = useViewport()
  const first = slides.list.find((slide) => slide.state.kind === 'ready') ?? slides.list[0]
  if (viewport.slideId || viewport.setId) return
  if (first) viewport.open(first.id)
  else if (patches.sets[0]) viewport.openSet(patches.sets[0].id)
}
