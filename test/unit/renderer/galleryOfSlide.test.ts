/** The patches of a slide as cards: opened from it, labelled, accepted and suggested, over a main process in memory. */
import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, test } from 'vitest'
import { fakeMain } from '../../../src-renderer/api/fake/index.ts'
import { scenes } from '../../../src-renderer/api/fake/scene.ts'
import { openApi } from '../../../src-renderer/api/index.ts'
import { useCommands } from '../../../src-renderer/commands/index.ts'
import { showPatches } from '../../../src-renderer/commands/showPatches.ts'
import { useFeatures } from '../../../src-renderer/stores/features.ts'
import { ANY_PART, ANY_PREDICTION } from '../../../src-renderer/stores/galleryFilter.ts'
import { useGallery } from '../../../src-renderer/stores/gallery.ts'
import { useLabellingPace } from '../../../src-renderer/stores/labellingPace.ts'
import { useLabels } from '../../../src-renderer/stores/labels.ts'
import { useNextBatch } from '../../../src-renderer/stores/nextBatch.ts'
import { usePatches } from '../../../src-renderer/stores/patches.ts'
import { reloadAll } from '../../../src-renderer/stores/reload.ts'
import { useShownPredictions } from '../../../src-renderer/stores/shownPredictions.ts'
import { useViewport } from '../../../src-renderer/stores/viewport.ts'
import { patchCount } from '../../../src-shared/patches.ts'
import { firstMask, MaskParams } from '../../../src-shared/masks.ts'

const run = (key: string): void => {
  const command = useCommands().forKey(key)
  if (!command) throw new Error(`${key} means nothing here`)
  void command.run()
}
const grid = () => usePatches().openGrid!
const labelOf = (patch: number): number => useLabels().shownOf(grid().id)![patch]!
const free = (): number[] => [...useGallery().shown].filter((patch) => labelOf(patch) === 0)
const undoTop = (): string | null => useLabels().history.undo

beforeEach(async () => {
  setActivePinia(createPinia())
  await openApi(fakeMain(scenes.trained).openWire)
  await reloadAll()
  await expect.poll(() => useShownPredictions().now?.probabilities.known ?? 0).toBeGreaterThan(0)
  run('Shift+G')
  await useGallery().whenLoaded()
  useGallery().columns = 10
  useGallery().rowsOfPage = 3
})

describe('the same patches', () => {
  test('one key shows the patches of the slide as cards, the same key the slide with the patch that was looked at', async () => {
    const gallery = useGallery()
    expect(gallery.shown).toHaveLength(patchCount(grid()))
    gallery.goTo(17)
    run('Shift+G')
    expect([gallery.isOpen, gallery.source, useViewport().patch]).toEqual([false, null, 17])
    run('Shift+G')
    await expect.poll(() => gallery.current).toBe(17)
  })

  test('only those in the tissue mask', async () => {
    const params = MaskParams.parse(firstMask('otsu-saturation'))
    await useLabels().setMask(grid().id, params)
    await expect.poll(() => usePatches().masks.get(grid().id)?.inside.length).toBe(patchCount(grid()))
    useGallery().gather()
    const { inside } = usePatches().masks.get(grid().id)!
    expect(useGallery().shown.length).toBe(inside.reduce((sum, one) => sum + one, 0))
    expect([...useGallery().shown].every((patch) => inside[patch] === 1)).toBe(true)
  })

  test('a class key labels the selected cards on the slide, undo goes back to them', async () => {
    const gallery = useGallery()
    const [patch] = free() as [number]
    gallery.select([patch])
    run('2')
    await expect.poll(() => labelOf(patch)).toBe(2)
    gallery.goTo(400)
    run('Ctrl+Z')
    await expect.poll(() => labelOf(patch)).toBe(0)
    await expect.poll(() => gallery.current).toBe(patch)
  })

  test('what is shown elsewhere is selected among the cards', async () => {
    await showPatches(grid().id, [33])
    expect([...useGallery().selected]).toEqual([33])
  })
})

describe('accepting', () => {
  test('Enter gives the card its predicted class, and goes on to the next', async () => {
    const gallery = useGallery()
    const place = [...gallery.shown].findIndex((patch) => labelOf(patch) === 0)
    const patch = gallery.shown[place]!
    gallery.goTo(place)
    run('Enter')
    await expect.poll(() => labelOf(patch)).toBe(useShownPredictions().numberOf(patch))
    await expect.poll(() => gallery.cursor).toBe(place + 1)
  })

  test('Shift+Enter accepts the unlabelled cards in sight as one step, says how many, and undo takes all of them back', async () => {
    const gallery = useGallery()
    const before = Uint16Array.from(useLabels().shownOf(grid().id)!)
    gallery.inSight = [0, 300]
    const wanted = [...gallery.shown.subarray(0, 300)].filter((patch) => before[patch] === 0)
    expect(wanted.length).toBeGreaterThan(100)
    run('Shift+Enter')
    await expect.poll(() => gallery.said).toMatch(new RegExp(`^${wanted.length} predictions accepted`))
    expect(wanted.every((patch) => labelOf(patch) === useShownPredictions().numberOf(patch))).toBe(true)
    expect([...before.keys()].every((patch) => before[patch] === 0 || labelOf(patch) === before[patch])).toBe(true)
    expect(gallery.top).toEqual({ place: 300 })
    run('Ctrl+Z')
    await expect.poll(() => [...useLabels().shownOf(grid().id)!]).toEqual([...before])
  })

  test('of several selected cards those with a label are left as they are', async () => {
    const gallery = useGallery()
    const [patch] = free() as [number]
    const labelled = [...gallery.shown].find((each) => labelOf(each) !== 0)!
    const said = labelOf(labelled)
    gallery.select([patch, labelled])
    run('Enter')
    await expect.poll(() => labelOf(patch)).not.toBe(0)
    expect(labelOf(labelled)).toBe(said)
    expect(gallery.said).toMatch(/^1 prediction accepted; 1 .* left/)
  })

  test('a label that is on its way already is not counted as accepted', async () => {
    const gallery = useGallery()
    gallery.inSight = [0, 12]
    await expect.poll(() => gallery.shown.length).toBeGreaterThan(12)
    const unlabelled = [...gallery.shown.subarray(0, 12)].filter(
      (patch) => useLabels().shownOf(grid().id)![patch] === 0,
    )
    const first = unlabelled[0]!
    gallery.goTo(gallery.shown.indexOf(first))
    run('Enter') // not waited for: the window does not know of this label yet
    run('Shift+Enter')
    await expect.poll(() => gallery.said).toContain('accepted')
    expect(Number(gallery.said!.split(' ')[0])).toBe(unlabelled.length - 1)
  })

  test('without predictions Enter means nothing', async () => {
    setActivePinia(createPinia())
    await openApi(fakeMain(scenes.labelled).openWire)
    await reloadAll()
    run('Shift+G')
    await useGallery().whenLoaded()
    useGallery().goTo(0)
    expect(useCommands().forKey('Enter')).toBeUndefined()
    expect(useCommands().forKey('Shift+Enter')).toBeUndefined()
  })
})

describe('filters and orders', () => {
  test('by confidence, and back to all', async () => {
    const gallery = useGallery()
    gallery.predictionFilter = { ...ANY_PREDICTION, most: 0.7 }
    await expect.poll(() => gallery.shown.length).toBeLessThan(patchCount(grid()))
    const { probabilities } = useShownPredictions().now!
    expect([...gallery.shown].every((patch) => probabilities.confidence(patch) <= 0.7)).toBe(true)
    gallery.predictionFilter = ANY_PREDICTION
    await expect.poll(() => gallery.shown.length).toBe(patchCount(grid()))
  })

  test('the first 50 of an order are those that are first without the filter, whatever the order', async () => {
    const gallery = useGallery()
    for (const order of ['margin', 'class'] as const) {
      gallery.order = order
      await expect.poll(() => gallery.shown.length).toBe(patchCount(grid()))
      const all = [...gallery.shown]
      gallery.partFilter = { ...ANY_PART, first: 50 }
      await expect.poll(() => gallery.shown.length).toBe(50)
      expect([...gallery.shown]).toEqual(all.slice(0, 50))
      gallery.partFilter = ANY_PART
    }
  })

  test('the newest label comes first', async () => {
    const [patch] = free().slice(-1) as [number]
    await useLabels().assign(grid().id, [patch], 1)
    useGallery().order = 'newest'
    await expect.poll(() => useGallery().shown[0]).toBe(patch)
  })

  test('by features: like the chosen patch, and the most diverse; without features it says so and stays', async () => {
    const gallery = useGallery()
    gallery.goTo(40)
    gallery.order = 'similar'
    await expect.poll(() => gallery.order).toBe('file')
    await useFeatures().add({ from: { kind: 'shipped', key: 'lymph-node' }, words: {} })
    await useFeatures().extract([grid().id])
    gallery.order = 'similar'
    await expect.poll(() => [...gallery.shown.subarray(0, 3)]).toEqual([40, 39, 41])
    expect(gallery.orderNote).toContain('patch 41')
    gallery.order = 'diverse'
    await expect.poll(() => gallery.shown[0]).not.toBe(40)
    expect(new Set(gallery.shown).size).toBe(patchCount(grid()))
  })
})

describe('a batch', () => {
  test('is of the least certain unlabelled patches; a class key leads on; the next has others; the list comes back', async () => {
    const gallery = useGallery()
    const batch = useNextBatch()
    const { probabilities } = useShownPredictions().now!
    const margin = (patch: number) => {
      const [a, b] = [...probabilities.of(patch)!].toSorted((x, y) => y - x) as [number, number]
      return a - b
    }
    const least = free()
      .toSorted((a, b) => margin(a) - margin(b))
      .slice(0, 20)
    run('Shift+B')
    await expect.poll(() => gallery.shown.length).toBe(20)
    expect(Math.max(...[...gallery.shown].map(margin))).toBeCloseTo(margin(least.at(-1)!), 5)
    expect(batch.current!.rule).toContain('Without features')
    const first = new Set(gallery.shown)
    expect(gallery.cursor).toBe(0)
    run('1')
    expect(gallery.cursor).toBe(1)
    await expect.poll(() => batch.labelled).toBe(1)
    run('Shift+B')
    await expect.poll(() => [...gallery.shown].some((patch) => first.has(patch))).toBe(false)
    batch.leave()
    expect(gallery.shown).toHaveLength(patchCount(grid()))
  })

  test('with features, it is taken from ten times as many', async () => {
    await useFeatures().add({ from: { kind: 'shipped', key: 'lymph-node' }, words: {} })
    await useFeatures().extract([grid().id])
    useNextBatch().size = 10
    run('Shift+B')
    await expect.poll(() => useGallery().shown.length).toBe(10)
    expect(useNextBatch().current!.rule).toContain('Of the 100 least certain patches')
  })
})

test('agreement counts labels of predicted patches once each, as they are now; undo takes them out', async () => {
  const pace = useLabellingPace()
  const predicted = (patch: number) => useShownPredictions().numberOf(patch)
  const [a, b, c] = free() as [number, number, number]
  const other = (patch: number) => (predicted(patch) === 1 ? 2 : 1)
  const give = (patch: number, number: number) => useLabels().assign(grid().id, [patch], number)
  await give(a, predicted(a))
  await give(b, other(b))
  await give(c, predicted(c))
  expect(pace.agreement).toEqual({ equal: 2, of: 3 })
  await give(b, predicted(b))
  expect(pace.agreement).toEqual({ equal: 3, of: 3 })
  await useLabels().undo()
  expect(pace.agreement).toEqual({ equal: 2, of: 3 })
  await useLabels().undo()
  expect(pace.agreement).toEqual({ equal: 1, of: 2 })
  expect(undoTop()).toContain('label')
})
