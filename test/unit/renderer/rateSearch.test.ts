/** The search for a learning rate in the window: its curve arrives, its rate is taken, it ends when it is told to. */
import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, expect, test } from 'vitest'
import { fakeMain } from '../../../src-renderer/api/fake/index.ts'
import { scenes } from '../../../src-renderer/api/fake/scene.ts'
import { openApi } from '../../../src-renderer/api/index.ts'
import { useRateSearch } from '../../../src-renderer/stores/rateSearch.ts'
import { reloadAll } from '../../../src-renderer/stores/reload.ts'
import { useTraining } from '../../../src-renderer/stores/training.ts'
import { OptimiserChoice } from '../../../src-shared/recipe.ts'

beforeEach(async () => {
  setActivePinia(createPinia())
  await openApi(fakeMain(scenes.labelled).openWire)
  await reloadAll()
})

test('the curve grows from step to step, and the suggested rate becomes the setting', async () => {
  const search = useRateSearch()
  await search.search()
  expect(search.running).toBe(false)
  expect(search.fault).toBeNull()
  const rates = search.points.map(({ rate }) => rate)
  expect(rates.length).toBeGreaterThan(20)
  expect(rates).toEqual(rates.toSorted((a, b) => a - b))
  const { suggestion } = search.found!
  search.use(suggestion!)
  expect(useTraining().settings.learningRate).toBe(suggestion)
  // taking the rate is not a reason to search again; another optimiser is
  expect(search.outdated).toBe(false)
  useTraining().choice.settings.recipe.optimiser = OptimiserChoice.parse({ kind: 'sgd' })
  expect(search.outdated).toBe(true)
})

test('a search that is stopped tells nothing more and keeps its curve so far', async () => {
  const search = useRateSearch()
  const searching = search.search()
  await expect.poll(() => search.points.length).toBeGreaterThan(2)
  search.stop()
  const soFar = search.points.length
  await searching
  expect(search).toMatchObject({ running: false, found: null, fault: null })
  expect(search.points.length).toBe(soFar)
})
