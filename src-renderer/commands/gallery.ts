/** Commands of the gallery: opening it, going from patch to patch, selecting, looking closely, accepting predictions. Classes are given by the commands of labels. */
import type { SourceId } from '../../src-shared/ids.ts'
import { useFaults } from '../stores/faults.ts'
import { useFiles } from '../stores/files.ts'
import { useGallery } from '../stores/gallery.ts'
import { useNextBatch } from '../stores/nextBatch.ts'
import { usePatches } from '../stores/patches.ts'
import { useProject } from '../stores/project.ts'
import { useShownPredictions } from '../stores/shownPredictions.ts'
import { useViewport } from '../stores/viewport.ts'
import { acceptAllInSight, acceptSelected } from './acceptPredictions.ts'
import { command } from './command.ts'

export const inGallery = (): boolean => useGallery().isOpen && useGallery().shown.length > 0

/** Shows the patches of the open slide as cards, or the slide alone again. */
export function toggleGallery(): void {
  const gallery = useGallery()
  const viewport = useViewport()
  const current = gallery.current
  gallery.ofSlide = !gallery.ofSlide
  if (!gallery.ofSlide) viewport.patch = current ?? viewport.patch
  else {
    const { patch } = viewport
    if (!gallery.beside) viewport.lookAway()
    if (patch !== null) void gallery.whenLoaded().then(() => gallery.select([patch]))
  }
}

function toggleSlideBeside(): void {
  const gallery = useGallery()
  gallery.beside = !gallery.beside
  if (!gallery.beside) useViewport().lookAway()
}

/** The patches most like the one keys act from, first. */
function orderByLikeness(): void {
  const gallery = useGallery()
  if (gallery.order === 'similar') gallery.gather(true)
  else gallery.order = 'similar'
}

const canChange = (): boolean => useProject().canChange
const hasPredictions = (): boolean => useShownPredictions().now !== null

/** Shows a patch set instead of the slide; selects patches of it. */
export async function showSet(set: SourceId, patches: Iterable<number> = []): Promise<void> {
  const gallery = useGallery()
  if (useViewport().setId !== set) {
    useViewport().openSet(set)
    await gallery.whenLoaded()
  }
  const wanted = [...patches]
  if (wanted.length > 0) gallery.select(wanted)
}

/** Says where a set lies now. */
export async function findSetAgain(): Promise<void> {
  const { set, relocate } = useGallery()
  if (!set) return
  const ways = {
    folder: ['patch-folder', 'Choose the folder of this patch set where it lies now.'],
    csv: ['csv', 'Choose the list of this patch set where it lies now.'],
    idx: ['idx-images', 'Choose the file of images of this patch set where it lies now.'],
  } as const
  const [purpose, because] = ways[set.origin]
  await useFaults().attempt('viewer', 'This is not where the patch set lies.', async () => {
    const [place] = await useFiles().choose(purpose, because)
    if (place) await relocate(place.handle)
  })
}

const arrows = [
  ['left', 'ArrowLeft', () => -1],
  ['right', 'ArrowRight', () => 1],
  ['above', 'ArrowUp', () => -useGallery().columns],
  ['below', 'ArrowDown', () => useGallery().columns],
] as const

const page = (): number => useGallery().columns * Math.max(1, useGallery().rowsOfPage)

/** What they have in common. */
const step = (given: { id: string; title: string; key: string; run: () => unknown }) =>
  command({
    id: `gallery.${given.id}`,
    title: given.title,
    group: 'View',
    keys: [given.key],
    context: 'gallery',
    when: inGallery,
    repeats: true,
    run: given.run,
  })

export const galleryCommands = () => [
  ...arrows.map(([name, key, by]) =>
    step({
      id: name,
      title: `Gallery: patch ${name === 'left' || name === 'right' ? `to the ${name}` : name}`,
      key,
      run: () => useGallery().move(by()),
    }),
  ),
  ...arrows.map(([name, key, by]) =>
    step({
      id: `extend.${name}`,
      title: `Gallery: select on to the ${name === 'left' || name === 'right' ? name : `row ${name}`}`,
      key: `Shift+${key}`,
      run: () => useGallery().move(by(), true),
    }),
  ),
  step({ id: 'first', title: 'Gallery: first patch', key: 'Home', run: () => useGallery().goTo(0) }),
  step({
    id: 'last',
    title: 'Gallery: last patch',
    key: 'End',
    run: () => useGallery().goTo(useGallery().shown.length - 1),
  }),
  step({ id: 'pageUp', title: 'Gallery: page up', key: 'PageUp', run: () => useGallery().move(-page()) }),
  step({ id: 'pageDown', title: 'Gallery: page down', key: 'PageDown', run: () => useGallery().move(page()) }),
  command({
    id: 'gallery.enlarge',
    title: 'Gallery: look at the patch closely',
    group: 'View',
    keys: ['Z'],
    context: 'gallery',
    when: () => inGallery() && useGallery().current !== null,
    run() {
      const gallery = useGallery()
      gallery.enlarged = !gallery.enlarged
    },
  }),
  command({
    id: 'gallery.back',
    title: 'Gallery: back to all patches, then select nothing',
    group: 'View',
    keys: ['Escape'],
    context: 'gallery',
    when: () => inGallery() && (useGallery().enlarged || useGallery().selected.size > 0),
    run() {
      const gallery = useGallery()
      if (gallery.enlarged) gallery.enlarged = false
      else gallery.clearSelection()
    },
  }),
  command({
    id: 'gallery.selectAll',
    title: 'Gallery: select all patches shown',
    group: 'View',
    keys: ['Ctrl+A'],
    context: 'gallery',
    when: inGallery,
    run: () => useGallery().selectAll(),
  }),
  command({
    id: 'gallery.toggle',
    title: 'Slide, or gallery of its patches',
    group: 'View',
    keys: ['Shift+G'],
    when: () => useViewport().slideId !== null && (useGallery().ofSlide || usePatches().openGrid !== null),
    run: toggleGallery,
  }),
  command({
    id: 'gallery.beside',
    title: 'Gallery: show or hide the slide beside it',
    group: 'View',
    keys: ['Alt+G'],
    when: () => useGallery().grid !== null,
    run: toggleSlideBeside,
  }),
  command({
    id: 'gallery.alike',
    title: 'Gallery: patches like this one first',
    group: 'View',
    when: () => inGallery() && useGallery().current !== null && useNextBatch().featureSet !== null,
    run: orderByLikeness,
  }),
  command({
    id: 'gallery.accept',
    title: 'Gallery: accept the prediction',
    group: 'Labels',
    keys: ['Enter'],
    context: 'gallery',
    when: () => inGallery() && canChange() && hasPredictions() && useGallery().selected.size > 0,
    run: acceptSelected,
  }),
  command({
    id: 'gallery.acceptAll',
    title: 'Gallery: accept all predictions in sight',
    group: 'Labels',
    keys: ['Shift+Enter'],
    context: 'gallery',
    when: () => inGallery() && canChange() && hasPredictions(),
    run: acceptAllInSight,
  }),
  command({
    id: 'gallery.nextBatch',
    title: 'Gallery: suggest the next patches to label',
    group: 'Labels',
    keys: ['Shift+B'],
    when: () => useNextBatch().possible && canChange() && !useNextBatch().looking,
    run: () => useNextBatch().next(),
  }),
]
