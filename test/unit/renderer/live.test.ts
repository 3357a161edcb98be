/** What is shown while live mode is on, and after. */
import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, expect, test } from 'vitest'
import { nextTick } from 'vue'
import { fakeMain } from '../../../src-renderer/api/fake/index.ts'
import { scenes } from '../../../src-renderer/api/fake/scene.ts'
import { openApi } from '../../../src-renderer/api/index.ts'
import { useFeatures } from '../../../src-renderer/stores/features.ts'
import { useLabels } from '../../../src-renderer/stores/labels.ts'
import { useLive } from '../../../src-renderer/stores/live.ts'
import { usePredictions } from '../../../src-renderer/stores/predictions.ts'
import { reloadAll } from '../../../src-renderer/stores/reload.ts'

beforeEach(async () => {
  setActivePinia(createPinia())
  await openApi(fakeMain(scenes['trained']).openWire)
  await reloadAll()
  useLive()
  await useFeatures().add({ from: { kind: 'shipped', key: 'embedded' }, words: {} })
  await useFeatures().extract([useFeatures().openSource!])
})

const isLive = (): boolean => {
  const { shownRun } = usePredictions()
  return shownRun !== null && usePredictions().isLive(shownRun)
}

async function label(patches: number[], number: number): Promise<void> {
  await useLabels().assign(useFeatures().openSource!, patches, number)
}

test('while it is on its prediction is the one that is shown; off, that of the model is back', async () => {
  const before = usePredictions().shownRun?.id ?? null
  useLive().on = true
  await label([1, 2], 1)
  await label([3, 4], 2)
  await expect.poll(isLive).toBe(true)
  expect(usePredictions().shown?.known).toBe(useFeatures().openSet!.rows)
  useLive().on = false
  await nextTick()
  expect(isLive()).toBe(false)
  expect(usePredictions().shownRun?.id ?? null).toBe(before)
  expect(useLive().prediction).toBeNull()
})

test('another label changes the probabilities in place: nothing that is drawn is made anew', async () => {
  useLive().on = true
  await label([1, 2], 1)
  await label([3, 4], 2)
  const learned = () => useLive().prediction?.classes.reduce((sum, each) => sum + each.labels, 0)
  const labelled = () =>
    useLabels()
      .shownOf(useFeatures().openSource!)!
      .filter((number) => number > 0).length
  await expect.poll(learned).toBe(labelled())
  const { id } = usePredictions().shownRun!
  const { shown } = usePredictions()
  const heard: string[] = []
  usePredictions().onBlock((run) => heard.push(run))
  await label([1, 2, 3], 0)
  await expect.poll(learned).toBe(labelled())
  expect(usePredictions().shownRun!.id).toBe(id)
  expect(usePredictions().shown).toBe(shown)
  expect(new Set(heard)).toEqual(new Set([id]))
})
