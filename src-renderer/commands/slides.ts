/** Commands on slides and projects: adding, finding again, opening another project. */
import type { FileEntry } from '../../src-shared/app.ts'
import type { SlideId } from '../../src-shared/ids.ts'
import type { Slide } from '../../src-shared/slides.ts'
import { useBlinding } from '../stores/blinding.ts'
import { useFaults } from '../stores/faults.ts'
import { useFiles } from '../stores/files.ts'
import { useProject } from '../stores/project.ts'
import { useSlides } from '../stores/slides.ts'
import { useViewport } from '../stores/viewport.ts'
import { useWindow } from '../stores/window.ts'
import { command } from './command.ts'

/** Adds chosen files; opens the first, and asks for its µm/px when the file does not say it. */
export async function addEntries(entries: readonly FileEntry[]): Promise<Slide[]> {
  if (entries.length === 0) return []
  const slides = useSlides()
  const added = await slides.add(entries.map((entry) => entry.handle))
  const first = added[0]
  if (!first) return added
  useViewport().open(first.id)
  const asked = added.find((slide) => slides.needsMpp(slide))
  if (asked) useWindow().show({ kind: 'mpp', slide: asked.id })
  return added
}

/** Files dropped on the window: an ONNX file is an encoder to be added, the others are slides. */
export async function takeDropped(entries: readonly FileEntry[]): Promise<void> {
  const isNetwork = ({ name }: FileEntry): boolean => name.toLowerCase().endsWith('.onnx')
  const network = entries.find(isNetwork)
  await addEntries(entries.filter((entry) => !isNetwork(entry)))
  if (network && useProject().canChange) useWindow().show({ kind: 'encoder', file: network })
}

export async function addSlides(because: string | null = null): Promise<Slide[]> {
  const chosen = await useFaults().attempt('slides', 'Slides can not be chosen.', () =>
    useFiles().choose('slides', because),
  )
  return addEntries(chosen ?? [])
}

/** Points a slide at its moved file; others that lie beside it are found along the way. */
export async function findAgain(slide: SlideId): Promise<void> {
  await useFaults().attempt('slides', 'The file was not accepted for this slide.', async () => {
    const [file] = await useFiles().choose('slide', 'Choose the file of this slide where it lies now.')
    if (file) await useSlides().relocate(slide, file.handle)
  })
}

const step = (by: 1 | -1): void => {
  const { list } = useSlides()
  const viewport = useViewport()
  const at = list.findIndex((slide) => slide.id === viewport.slideId)
  const next = list[Math.min(list.length - 1, Math.max(0, at + by))]
  if (next) viewport.open(next.id)
}

const hasSlide = (): boolean => useViewport().slide !== null

export const slideCommands = () => [
  command({
    id: 'slides.add',
    title: 'Add slides…',
    group: 'Slides',
    keys: ['Ctrl+O'],
    // choosing files would show their names
    when: () => useProject().canChange && !useBlinding().isOn,
    run: () => addSlides(),
  }),
  command({
    id: 'slides.next',
    title: 'Next slide',
    group: 'Slides',
    keys: ['Ctrl+ArrowDown'],
    when: hasSlide,
    run: () => step(1),
  }),
  command({
    id: 'slides.previous',
    title: 'Previous slide',
    group: 'Slides',
    keys: ['Ctrl+ArrowUp'],
    when: hasSlide,
    run: () => step(-1),
  }),
  command({
    id: 'slides.properties',
    title: 'Slide properties…',
    group: 'Slides',
    keys: ['Alt+P'],
    when: hasSlide,
    run() {
      const slide = useViewport().slideId
      if (slide) useWindow().show({ kind: 'slide', slide })
    },
  }),
  command({
    id: 'slides.cases',
    title: 'Cases (patients) of slides…',
    group: 'Slides',
    when: () => useProject().canChange && useSlides().list.length > 0 && !useBlinding().isOn,
    run: () => useWindow().show({ kind: 'cases' }),
  }),
  command({
    id: 'slides.blind',
    title: 'Hide or show the names of slides (blinded reading)',
    group: 'Slides',
    when: () => useProject().canChange,
    run: () =>
      useFaults().attempt('slides', 'The names of slides were not hidden or shown.', () =>
        useBlinding().set(!useBlinding().isOn),
      ),
  }),
  command({
    id: 'projects.show',
    title: 'Projects…',
    group: 'Project',
    keys: ['Ctrl+Shift+O'],
    run: () => useWindow().show({ kind: 'projects' }),
  }),
]
