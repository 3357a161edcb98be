/** Commands of review: agree, skip, go to the next. */
import type { TrainingRun } from '../../src-shared/training.ts'
import type { HeldOutChoice } from '../stores/heldOut.ts'
import { usePredictions } from '../stores/predictions.ts'
import { useProject } from '../stores/project.ts'
import { type ReviewItem, useReview } from '../stores/review.ts'
import { useViewport } from '../stores/viewport.ts'
import { useWindow } from '../stores/window.ts'
import { command } from './command.ts'
import { showPatches } from './showPatches.ts'

/** Cards shown in the strip below the patch under review: what “accept all shown” means. */
const STRIP_LENGTH = 6

const inReview = (): boolean => useWindow().stage === 'review' && useReview().current !== null

/** The viewer follows what is reviewed. */
export async function showCurrent(): Promise<void> {
  const item = useReview().current
  if (item) await showPatches(item.source, [item.patch])
}

const thenShow = async (action: () => unknown): Promise<void> => {
  await action()
  await showCurrent()
}

/** The patches of the strip, the one under review first. */
export const stripOf = (items: readonly ReviewItem[], index: number): ReviewItem[] =>
  items.slice(index, index + STRIP_LENGTH)

function acceptAllShown(): Promise<void> {
  const review = useReview()
  return review.acceptAll(stripOf(review.items, review.index))
}

/** Gathers the patches to review where that was not done yet, and shows the first. */
export async function startReview(): Promise<void> {
  const review = useReview()
  useWindow().stage = 'review'
  if (review.items.length === 0) await review.build()
  await showCurrent()
}

/** Shows the held-out patches that a figure of a training counts. */
export async function reviewHeldOut(
  { id, settings }: TrainingRun,
  classes: readonly { name: string; colour: string }[],
  choice: HeldOutChoice,
): Promise<void> {
  // first, so that the stage does not begin with predictions
  const shown = useReview().showHeldOut({ run: id, name: settings.name, classes, choice })
  useWindow().stage = 'review'
  await shown
  await showCurrent()
}

/** Back to what models predict. */
export const leaveHeldOut = (): Promise<void> => thenShow(useReview().leaveHeldOut)

async function nextUncertain(): Promise<void> {
  const review = useReview()
  if (useWindow().stage === 'review' && review.items.length > 0) await thenShow(review.skip)
  else await startReview()
}

export const reviewCommands = () => [
  command({
    id: 'review.accept',
    title: 'Accept the prediction',
    group: 'Review',
    keys: ['Enter'],
    context: 'review',
    when: () => inReview() && useProject().canChange,
    run: () => thenShow(() => useReview().accept()),
  }),
  command({
    id: 'review.acceptAll',
    title: 'Accept all shown',
    group: 'Review',
    keys: ['Shift+Enter'],
    context: 'review',
    when: () => inReview() && useProject().canChange,
    run: () => thenShow(acceptAllShown),
  }),
  command({
    id: 'review.skip',
    title: 'Skip this patch',
    group: 'Review',
    keys: ['S'],
    context: 'review',
    when: inReview,
    run: () => thenShow(() => useReview().skip()),
  }),
  command({
    id: 'review.keep',
    title: 'Keep the label that is in doubt',
    group: 'Review',
    keys: ['K'],
    context: 'review',
    when: () => inReview() && useReview().current?.doubted !== null,
    run: () => thenShow(() => useReview().keep()),
  }),
  command({
    id: 'review.next',
    title: 'Next patch of the review',
    group: 'Review',
    keys: ['ArrowRight', 'ArrowDown'],
    context: 'review',
    when: inReview,
    repeats: true,
    run: () => thenShow(() => useReview().next()),
  }),
  command({
    id: 'review.previous',
    title: 'Previous patch of the review',
    group: 'Review',
    keys: ['ArrowLeft', 'ArrowUp'],
    context: 'review',
    when: inReview,
    repeats: true,
    run: () => thenShow(() => useReview().previous()),
  }),
  command({
    id: 'review.nextUncertain',
    title: 'Next uncertain patch',
    group: 'Review',
    keys: ['N'],
    when: () => usePredictions().shownRun !== null && useViewport().slide !== null,
    run: nextUncertain,
  }),
  command({
    id: 'review.rate',
    title: 'Show or hide labels per minute',
    group: 'Review',
    run() {
      const review = useReview()
      review.rateShown = !review.rateShown
    },
  }),
]
