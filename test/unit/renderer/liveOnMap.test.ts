/** The map while live mode is on. */
import { createPinia, setActivePinia } from 'pinia'
import { expect, test } from 'vitest'
import { fakeMain } from '../../../src-renderer/api/fake/index.ts'
import { scenes } from '../../../src-renderer/api/fake/scene.ts'
import { openApi } from '../../../src-renderer/api/index.ts'
import { useCommands } from '../../../src-renderer/commands/index.ts'
import { useFeatures } from '../../../src-renderer/stores/features.ts'
import { useLabels } from '../../../src-renderer/stores/labels.ts'
import { useLive } from '../../../src-renderer/stores/live.ts'
import { useMap } from '../../../src-renderer/stores/map.ts'
import { usePredictions } from '../../../src-renderer/stores/predictions.ts'
import { reloadAll } from '../../../src-renderer/stores/reload.ts'

test('on the map, too, the prediction is that of live mode while it is on, and it follows each label', async () => {
  setActivePinia(createPinia())
  await openApi(fakeMain(scenes.trained).openWire)
  await reloadAll()
  useLive()
  await useFeatures().add({ from: { kind: 'shipped', key: 'embedded' }, words: {} })
  await useFeatures().extract([useFeatures().openSource!])
  const label = (patches: number[], number: number) => useLabels().assign(useFeatures().openSource!, patches, number)
  const map = useMap()
  useCommands().run('map.toggle')
  await expect.poll(() => map.table?.size ?? 0).toBeGreaterThan(10)
  const runOnMap = () => map.runOf(0)
  useLive().on = true
  await label([1, 2], 1)
  await label([3, 4], 2)
  await expect.poll(() => runOnMap()?.run.id).toBe(usePredictions().shownRun!.id)
  expect(usePredictions().isLive(runOnMap()!.run)).toBe(true)
  const before = runOnMap()
  await label([5], 2)
  await expect.poll(() => runOnMap() !== before).toBe(true)
  useLive().on = false
  await expect.poll(() => runOnMap() !== null && usePredictions().isLive(runOnMap()!.run)).toBe(false)
})
