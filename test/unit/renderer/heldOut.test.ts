/** From a cell of a confusion matrix to the patches it counts, and what is decided of them. */
import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, test } from 'vitest'
import { fakeMain } from '../../../src-renderer/api/fake/index.ts'
import { scenes } from '../../../src-renderer/api/fake/scene.ts'
import { openApi } from '../../../src-renderer/api/index.ts'
import { leaveHeldOut, reviewHeldOut } from '../../../src-renderer/commands/review.ts'
import { heldOutCandidates } from '../../../src-renderer/stores/heldOut.ts'
import { useLabels } from '../../../src-renderer/stores/labels.ts'
import { useModels } from '../../../src-renderer/stores/models.ts'
import { reloadAll } from '../../../src-renderer/stores/reload.ts'
import { useReview } from '../../../src-renderer/stores/review.ts'
import { useTraining } from '../../../src-renderer/stores/training.ts'
import { useWindow } from '../../../src-renderer/stores/window.ts'
import { SourceId } from '../../../src-shared/ids.ts'

const source = SourceId.parse('0193f1c0-0000-7000-8000-000000000001')
const part = {
  source,
  patch: Uint32Array.of(7, 3, 9, 4),
  truth: Uint16Array.of(0, 0, 1, 0),
  // prettier-ignore
  probabilities: Float32Array.of(
    0.75, 0.25, // right
    0.25, 0.75, // 0 taken for 1
    0.875, 0.125, // 1 taken for 0
    0.375, 0.625, // 0 taken for 1, less sure
  ),
}

test('all that were misread, and those of one cell, each with how sure the model was', () => {
  const of = (choice: Parameters<typeof heldOutCandidates>[2]) =>
    heldOutCandidates(part, 2, choice).map(({ patch, truth, predicted, rank }) => [patch, truth, predicted, rank])
  expect(of('misread')).toEqual([
    [3, 0, 1, 0.75],
    [9, 1, 0, 0.875],
    [4, 0, 1, 0.625],
  ])
  expect(of({ truth: 0, predicted: 1 })).toEqual([
    [3, 0, 1, 0.75],
    [4, 0, 1, 0.625],
  ])
  expect(of({ truth: 0, predicted: 0 })).toEqual([[7, 0, 0, 0.75]])
  expect(of({ truth: 1, predicted: 1 })).toEqual([])
})

describe('in the window', () => {
  beforeEach(async () => {
    setActivePinia(createPinia())
    await openApi(fakeMain(scenes['trained']).openWire)
    await reloadAll()
  })

  const opened = async (choice: Parameters<typeof reviewHeldOut>[2]) => {
    const run = useTraining().list[0]!
    const card = useModels().byId(run.model!)!.card
    await reviewHeldOut(run, card.classes, choice)
    return { review: useReview(), card, confusion: card.validation!.confusion }
  }

  test('a cell opens as many patches as it counts, in the stage of review, the surest first', async () => {
    const { review, confusion } = await opened({ truth: 1, predicted: 0 })
    expect(useWindow().stage).toBe('review')
    expect(review.items).toHaveLength(confusion[1]![0]!)
    expect(review.heldOut).toMatchObject({ found: confusion[1]![0]!, choice: { truth: 1, predicted: 0 } })
    for (const item of review.items) expect(item).toMatchObject({ truth: 1, predicted: 0, run: null, state: 'open' })
    const ranks = review.items.map(({ rank }) => rank)
    expect(ranks).toEqual(ranks.toSorted((a, b) => b - a))
  })

  test('all misread are those beside the diagonal', async () => {
    const { review, confusion } = await opened('misread')
    const wrong = confusion.flatMap((row, truth) => row.filter((_, predicted) => predicted !== truth))
    expect(review.heldOut?.found).toBe(wrong.reduce((sum, n) => sum + n, 0))
    expect(review.items.every(({ truth, predicted }) => truth !== predicted)).toBe(true)
  })

  test('agreeing with the model changes the label; saying again what it is leaves it, without a step', async () => {
    const { review, card } = await opened({ truth: 1, predicted: 0 })
    const labels = useLabels()
    const [first, second] = review.items
    await review.accept()
    const shown = (patch: number) => labels.classOf(labels.shownOf(first!.source)![patch]!)?.name
    expect(shown(first!.patch)).toBe(card.classes[0]!.name)
    expect(review.items[0]!.state).toBe('accepted')
    // by hand, then once more
    const own = labels.classNamed(card.classes[1]!.name)!.number
    await labels.assign(second!.source, [second!.patch], own, { why: 'label', prediction: null })
    const steps = labels.history.undo
    await review.correct(own)
    expect(review.items[1]!.state).toBe('skipped')
    expect(labels.history.undo).toBe(steps)
  })

  test('back to predictions, the queue is of predictions again', async () => {
    const { review } = await opened('misread')
    await leaveHeldOut()
    expect(review.heldOut).toBeNull()
    expect(review.items.every(({ run, truth }) => run !== null && truth === null)).toBe(true)
  })
})
