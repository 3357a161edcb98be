/** Commands about neighbours: the reasons for a patch, patches like it, and going to one of them. */
import { useFaults } from '../stores/faults.ts'
import { useFeatures } from '../stores/features.ts'
import { useGallery } from '../stores/gallery.ts'
import { useLabels } from '../stores/labels.ts'
import { isSamePatch, type PatchInSource, useNeighbours } from '../stores/neighbours.ts'
import { usePatches } from '../stores/patches.ts'
import { useReview } from '../stores/review.ts'
import { useSettings } from '../stores/settings.ts'
import { useViewport } from '../stores/viewport.ts'
import { useWindow } from '../stores/window.ts'
import { command } from './command.ts'
import { startReview } from './review.ts'
import { showPatches } from './showPatches.ts'

/** The patch of the card in focus; the pointer over the slide means a patch there. */
export const cardInHand = (): PatchInSource | null => (useViewport().cursor ? null : useNeighbours().inFocus)

/** The patch a question is about: of the card in focus, under the pointer or reached by keys, in the gallery, in review. */
function patchInQuestion(): PatchInSource | null {
  const card = cardInHand()
  if (card) return card
  const { patch } = useViewport()
  const grid = usePatches().openGrid
  if (grid && patch !== null) return { source: grid.id, patch }
  const { source, current } = useGallery()
  if (source && current !== null) return { source: source.id, patch: current }
  return useWindow().stage === 'review' && useReview().current ? useReview().current : useNeighbours().asked
}

const canAsk = (): boolean => useFeatures().chosen !== null && patchInQuestion() !== null

function showRight(): void {
  if (!useSettings().settings.panels.rightOpen) void useSettings().set({ panels: { rightOpen: true } })
}

function showFeatures(): void {
  useWindow().stage = 'features'
  showRight()
}

/** Its slide or set opens, and it comes to the middle; what is asked about stays as it is. */
export async function goToPatch(patch: PatchInSource): Promise<void> {
  useNeighbours().goingTo = { ...patch }
  await useFaults().attempt('features', 'The patch can not be shown.', () => showPatches(patch.source, [patch.patch]))
}

/** The gallery's selection is asked about, unless it was reached from a card of neighbours. */
export function askFromGallery(): void {
  const { source, current } = useGallery()
  const neighbours = useNeighbours()
  if (!source || current === null) return
  const now = { source: source.id, patch: current }
  if (!isSamePatch(neighbours.goingTo, now)) void neighbours.ask(now)
  neighbours.goingTo = null
}

/** Gives the patch of the card in focus a class (0 = clears it), as one gesture. */
export async function labelInFocus(classNumber: number): Promise<void> {
  const patch = cardInHand()
  if (patch) await useLabels().assign(patch.source, [patch.patch], classNumber)
}

async function findAlike(): Promise<void> {
  const patch = patchInQuestion()
  if (!patch) return
  showFeatures()
  const neighbours = useNeighbours()
  await Promise.all([neighbours.ask(patch), neighbours.findAlike(patch)])
}

async function reviewBy(order: 'loss' | 'neighbours'): Promise<void> {
  const review = useReview()
  if (review.heldOut) await review.leaveHeldOut()
  const isNew = review.order !== order
  review.order = order
  showRight()
  if (isNew) await review.build()
  await startReview()
}

export const neighbourCommands = () => [
  command({
    id: 'neighbours.ask',
    title: 'Neighbours of this patch',
    group: 'Features',
    keys: ['J'],
    when: canAsk,
    run() {
      const patch = patchInQuestion()
      showFeatures()
      return patch ? useNeighbours().ask(patch) : undefined
    },
  }),
  command({
    id: 'neighbours.alike',
    title: 'Find patches like this',
    group: 'Features',
    keys: ['Shift+J'],
    when: canAsk,
    run: findAlike,
  }),
  command({
    id: 'review.disagreements',
    title: 'Review labels that disagree with their neighbours',
    group: 'Review',
    when: () => useFeatures().usable.length > 0,
    run: () => reviewBy('neighbours'),
  }),
  command({
    id: 'review.losses',
    title: 'Review labels with the highest loss',
    group: 'Review',
    when: () => useReview().hasPredictions,
    run: () => reviewBy('loss'),
  }),
]
