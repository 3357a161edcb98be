/** Neighbours and labels in doubt in the window: what is asked, what keys label, and what becomes of a doubt. */
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { fakeMain } from '../../../src-renderer/api/fake/index.ts'
import { scenes } from '../../../src-renderer/api/fake/scene.ts'
import { openApi } from '../../../src-renderer/api/index.ts'
import { useCommands } from '../../../src-renderer/commands/index.ts'
import { disagreementDoubts, heldOutLosses } from '../../../src-renderer/stores/doubts.ts'
import { askFromGallery, goToPatch } from '../../../src-renderer/commands/neighbours.ts'
import { useFeatures } from '../../../src-renderer/stores/features.ts'
import { useGallery } from '../../../src-renderer/stores/gallery.ts'
import { useLabels } from '../../../src-renderer/stores/labels.ts'
import { useModels } from '../../../src-renderer/stores/models.ts'
import { useNeighbours } from '../../../src-renderer/stores/neighbours.ts'
import { usePatches } from '../../../src-renderer/stores/patches.ts'
import { reloadAll } from '../../../src-renderer/stores/reload.ts'
import { useReview } from '../../../src-renderer/stores/review.ts'
import { candidatePicker } from '../../../src-renderer/stores/reviewOrder.ts'
import { useSlides } from '../../../src-renderer/stores/slides.ts'
import { useViewport } from '../../../src-renderer/stores/viewport.ts'
import { useWindow } from '../../../src-renderer/stores/window.ts'
import { SourceId } from '../../../src-shared/ids.ts'
import { PatchClass } from '../../../src-shared/labels.ts'

const source = SourceId.parse('0193f1c0-0000-7000-8000-000000000001')
const classes = ['tumor', 'normal', 'fat'].map((name, i) =>
  PatchClass.parse({
    number: i + 1,
    id: `0193f1c0-0000-7000-8000-00000000010${i}`,
    name,
    colour: '#c80000',
    key: null,
  }),
)

test('labels by loss: −log of the probability of the label, the largest first; unlabelled patches are left out', () => {
  const picker = candidatePicker(2, 10, 'loss', (patch) => [0, 1, 0, null, -1, 1][patch]!)
  picker.look({
    patch: Uint32Array.of(0, 1, 2, 3, 4, 5),
    probabilities: Float32Array.of(0.75, 0.25, 0.75, 0.25, 0.125, 0.875, 0.5, 0.5, 0.5, 0.5, 1, 0),
  })
  const picked = picker.picked()
  expect(picked.map(({ patch }) => patch)).toEqual([5, 2, 1, 0])
  expect(picked[1]!.rank).toBeCloseTo(Math.log(8), 6)
  expect(picked[0]!.rank).toBeCloseTo(12 * Math.log(10), 6)
})

test('held-out patches by the loss of the label they have now', () => {
  const part = {
    source,
    patch: Uint32Array.of(7, 3, 9),
    truth: Uint16Array.of(0, 0, 1),
    probabilities: Float32Array.of(0.75, 0.25, 0.25, 0.75, 0.5, 0.5),
  }
  const now = new Map([
    [7, 1],
    [3, 1],
  ])
  const found = heldOutLosses(part, 2, (patch) => now.get(patch) ?? null)
  expect(found.map(({ patch, predicted }) => [patch, predicted])).toEqual([
    [7, 0],
    [3, 1],
  ])
  expect(found[0]!.rank).toBeCloseTo(Math.log(4), 6)
})

test('votes become shares of the classes of now; a case of a class that was deleted is none', () => {
  const worst = [
    {
      source,
      patch: 5,
      label: 1,
      votes: [
        { class: 2, votes: 15 },
        { class: 3, votes: 5 },
      ],
    },
    { source, patch: 6, label: 1, votes: [{ class: 9, votes: 20 }] },
    {
      source,
      patch: 8,
      label: 2,
      votes: [
        { class: 1, votes: 11 },
        { class: 2, votes: 9 },
      ],
    },
  ]
  const doubts = disagreementDoubts({ labelled: 9, lookedAt: 9, found: 3, worst }, classes)
  expect(
    doubts.map(({ patch, doubted, predicted, probabilities }) => [patch, doubted, predicted, ...probabilities]),
  ).toEqual([
    [5, 1, 1, 0, 0.75, 0.25],
    [8, 2, 0, Math.fround(0.55), Math.fround(0.45), 0],
  ])
  expect(doubts[0]!.rank).toBeGreaterThan(doubts[1]!.rank)
})

describe('in the window', () => {
  beforeEach(async () => {
    setActivePinia(createPinia())
    await openApi(fakeMain(scenes['trained']).openWire)
    await reloadAll()
  })

  // What it would still ask belongs to the window of this test.
  afterEach(() => useNeighbours().reset())

  async function extracted() {
    await useFeatures().add({ from: { kind: 'model', model: useModels().chosen!.id }, words: {} })
    const grid = usePatches().openGrid!
    await useFeatures().extract([grid.id])
    await useLabels().open(grid.id)
    return grid
  }

  test('without features nothing is asked, and patches can not be searched', async () => {
    const grid = usePatches().openGrid!
    expect(useCommands().canRun('neighbours.ask')).toBe(false)
    await useFeatures().add({ from: { kind: 'model', model: useModels().chosen!.id }, words: {} })
    await useNeighbours().ask({ source: grid.id, patch: 3 })
    expect(useNeighbours().setOfAsked).toBeNull()
    expect(useNeighbours().reasons).toBeNull()
  })

  test('J asks about the patch under the pointer and opens Features; a label given meanwhile is answered anew', async () => {
    const grid = await extracted()
    useViewport().patch = 3
    expect(useCommands().run('neighbours.ask')).toBe(true)
    await vi.waitFor(() => expect(useNeighbours().reasons).not.toBeNull())
    expect(useWindow().stage).toBe('features')
    const { labelled } = useNeighbours().reasons!
    const free = useLabels().shownOf(grid.id)!.indexOf(0)
    await useLabels().assign(grid.id, [free], 1)
    await vi.waitFor(() => expect(useNeighbours().reasons!.labelled).toBe(labelled + 1))
  })

  test('a class key labels the card in focus as one step, not while the pointer is over the slide', async () => {
    const grid = await extracted()
    const neighbours = useNeighbours()
    await neighbours.findAlike({ source: grid.id, patch: 3 })
    const card = neighbours.alike!.found.find(({ label }) => label !== 2)!
    neighbours.inFocus = card
    const steps = useLabels().history.gestures
    useCommands().run('class.2')
    await vi.waitFor(() => expect(useLabels().shownOf(grid.id)![card.patch]).toBe(2))
    expect(useLabels().history.gestures).toBe(steps + 1)
    expect(neighbours.alike!.found.find(({ patch }) => patch === card.patch)!.label).toBe(2)
    await useLabels().undo()
    expect(neighbours.alike!.found.find(({ patch }) => patch === card.patch)!.label).toBe(card.label)
    useViewport().cursor = { x: 1, y: 1 } as never
    useWindow().tool = 'pan'
    useCommands().run('class.2')
    expect(useLabels().shownOf(grid.id)![card.patch]).toBe(card.label)
  })

  test('labels in doubt: a change is an ordinary step that undo brings back; one that is kept is not asked about again', async () => {
    const grid = await extracted()
    const review = useReview()
    useCommands().run('review.disagreements')
    await vi.waitFor(() => expect(review.items.length).toBeGreaterThan(2))
    const [first, second] = review.items
    const before = useLabels().shownOf(grid.id)![first!.patch]
    expect(first).toMatchObject({ why: 'neighbours', doubted: before, state: 'open' })
    await review.accept()
    expect(useLabels().shownOf(grid.id)![first!.patch]).toBe(review.predictedClass(first!)!.number)
    expect(review.items[0]!.state).toBe('corrected')
    await useLabels().undo()
    expect(useLabels().shownOf(grid.id)![first!.patch]).toBe(before)
    expect(review.items[0]!.state).toBe('open')
    expect(review.index).toBe(0)
    useCommands().run('review.keep')
    await vi.waitFor(() => expect(review.kept).toBe(1))
    expect(review.current!.patch).toBe(second!.patch)
    await review.build()
    expect(review.items.map(({ patch }) => patch)).not.toContain(first!.patch)
    // kept is kept, also when the label was another in between
    await useLabels().assign(grid.id, [second!.patch], review.predictedClass(second!)!.number)
    await useLabels().assign(grid.id, [first!.patch], review.predictedClass(first!)!.number)
    await useLabels().assign(grid.id, [first!.patch], before!)
    await review.build()
    expect(review.items.map(({ patch }) => patch)).not.toContain(first!.patch)
  })

  test('a class key of the label itself keeps it', async () => {
    await extracted()
    const review = useReview()
    useCommands().run('review.disagreements')
    await vi.waitFor(() => expect(review.items.length).toBeGreaterThan(1))
    const steps = useLabels().history.gestures
    await review.correct(review.current!.doubted!)
    expect(review.kept).toBe(1)
    expect(useLabels().history.gestures).toBe(steps)
  })

  test('labels with the highest loss come from predictions, and from held-out patches where they were kept', async () => {
    const review = useReview()
    useCommands().run('review.losses')
    await vi.waitFor(() => expect(review.items.length).toBeGreaterThan(1))
    const ranks = review.items.map(({ rank }) => rank)
    expect(ranks).toEqual(ranks.toSorted((a, b) => b - a))
    for (const { source: of, patch, doubted } of review.items) expect(useLabels().shownOf(of)![patch]).toBe(doubted)
    expect(review.items.some(({ run }) => run === null)).toBe(true)
    expect(new Set(review.items.map(({ source: of, patch }) => `${of} ${patch}`)).size).toBe(review.items.length)
  })
})

describe('with several slides and a set', () => {
  beforeEach(async () => {
    setActivePinia(createPinia())
    await openApi(fakeMain(scenes['sets']).openWire)
    await reloadAll()
  })
  afterEach(() => useNeighbours().reset())

  test('a card leads to another slide, with the patch in hand, and to a set, where it is selected; the question stays', async () => {
    await useFeatures().add({ from: { kind: 'model', model: useModels().chosen!.id }, words: {} })
    const { sets, openGrid, gridsOf } = usePatches()
    await useFeatures().extract([openGrid!.id])
    const question = { source: openGrid!.id, patch: 3 }
    await useNeighbours().ask(question)
    const other = useSlides().list.find(({ id }) => id !== useViewport().slideId && gridsOf(id).length > 0)!
    const [grid] = gridsOf(other.id)
    await goToPatch({ source: grid!.id, patch: 5 })
    expect([useViewport().slideId, useViewport().patch]).toEqual([other.id, 5])
    await goToPatch({ source: sets[0]!.id, patch: 7 })
    expect(useViewport().setId).toBe(sets[0]!.id)
    expect([...useGallery().selected]).toEqual([7])
    askFromGallery()
    expect(useNeighbours().asked).toEqual(question)
    useGallery().goTo(2)
    askFromGallery()
    expect(useNeighbours().asked).toEqual({ source: sets[0]!.id, patch: useGallery().current })
  })

  test('what is open decides: a patch of a set without features by the chosen encoder has no answer', async () => {
    await useFeatures().add({ from: { kind: 'model', model: useModels().chosen!.id }, words: {} })
    const { sets, openGrid } = usePatches()
    await useFeatures().extract([openGrid!.id])
    await useNeighbours().ask({ source: sets[0]!.id, patch: 7 })
    expect(useNeighbours().setOfAsked).toBeNull()
    expect(useNeighbours().reasons).toBeNull()
    await useFeatures().extract([sets[0]!.id])
    await vi.waitFor(() => expect(useNeighbours().reasons).not.toBeNull())
  })
})
