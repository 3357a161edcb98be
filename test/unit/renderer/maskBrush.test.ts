/** The brush over the tissue mask, over a main process in memory. */
import { createPinia, setActivePinia } from 'pinia'
import { expect, test } from 'vitest'
import { fakeMain } from '../../../src-renderer/api/fake/index.ts'
import { type Scene, scenes } from '../../../src-renderer/api/fake/scene.ts'
import { openApi } from '../../../src-renderer/api/index.ts'
import { startMaskPainting } from '../../../src-renderer/commands/paintMask.ts'
import { useFaults } from '../../../src-renderer/stores/faults.ts'
import { useLabels } from '../../../src-renderer/stores/labels.ts'
import { useMaskBrush } from '../../../src-renderer/stores/maskBrush.ts'
import { usePatches } from '../../../src-renderer/stores/patches.ts'
import { reloadAll } from '../../../src-renderer/stores/reload.ts'
import { firstMask } from '../../../src-shared/masks.ts'
import type { SourceId } from '../../../src-shared/ids.ts'

async function masked(scene: Scene = scenes.sample): Promise<SourceId> {
  setActivePinia(createPinia())
  await openApi(fakeMain(scene).openWire)
  await reloadAll()
  const grid = usePatches().openGrid!.id
  await useLabels().setMask(grid, firstMask('otsu-saturation'))
  await usePatches().loadMask(grid)
  return grid
}

test('a stroke is shown before it is on disk, and the mask has it afterwards', async () => {
  const grid = await masked()
  const [patches, brush] = [usePatches(), useMaskBrush()]
  const tissue = patches.masks.get(grid)!.inside.indexOf(1)
  const told: number[] = []
  brush.onPainted((changed) => told.push(...changed))
  const painting = startMaskPainting(false)!
  painting.paint([tissue])
  painting.paint([tissue])
  expect(told).toEqual([tissue])
  expect(brush.stroke!.inside[tissue]).toBe(0)
  expect(patches.masks.get(grid)!.inside[tissue]).toBe(1)
  await painting.commit()
  expect(brush.stroke).toBeNull()
  expect(patches.masks.get(grid)!.inside[tissue]).toBe(0)
  expect([...patches.masks.get(grid)!.hand.patch]).toEqual([tissue])
})

test('a second stroke begins where the first one was, though that is not on disk yet', async () => {
  const grid = await masked()
  const { inside } = usePatches().masks.get(grid)!
  const [one, two] = [...inside.keys()].filter((patch) => inside[patch] === 1)
  const first = startMaskPainting(false)!
  first.paint([one!])
  const kept = first.commit()
  const second = startMaskPainting(false)!
  second.paint([two!])
  expect(useMaskBrush().stroke!.inside[one!]).toBe(0)
  await Promise.all([kept, second.commit()])
  const after = usePatches().masks.get(grid)!.inside
  expect([after[one!], after[two!]]).toEqual([0, 0])
})

test('a stroke that is dropped leaves no trace', async () => {
  const grid = await masked()
  const before = usePatches().masks.get(grid)!.inside
  const dropped = startMaskPainting(false)!
  dropped.paint([before.indexOf(1)])
  dropped.drop()
  expect(useMaskBrush().stroke).toBeNull()
  expect(usePatches().masks.get(grid)!.inside).toBe(before)
})

test('without a mask, and while settings are tried, nothing is painted and the reason is said', async () => {
  const grid = await masked()
  await usePatches().previewMask(grid, firstMask('otsu-saturation'))
  expect(startMaskPainting(true)).toBeNull()
  expect(useFaults().shown.at(-1)?.fault.message).toContain('Apply or cancel')
  await useLabels().setMask(grid, null)
  usePatches().preview = null
  expect(startMaskPainting(true)).toBeNull()
  expect(useFaults().shown.at(-1)?.fault.message).toContain('has no tissue mask')
})
