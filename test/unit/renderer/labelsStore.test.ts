/** The labels store over a main process in memory: drawn at once, on disk once, taken back with the reason. */
import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, expect, test, vi } from 'vitest'
import { nextTick } from 'vue'
import { fakeMain } from '../../../src-renderer/api/fake/index.ts'
import { type Scene, scenes } from '../../../src-renderer/api/fake/scene.ts'
import { openApi } from '../../../src-renderer/api/index.ts'
import { showChange } from '../../../src-renderer/commands/showPatches.ts'
import { useFaults } from '../../../src-renderer/stores/faults.ts'
import { useLabels } from '../../../src-renderer/stores/labels.ts'
import { usePatches } from '../../../src-renderer/stores/patches.ts'
import { reloadAll } from '../../../src-renderer/stores/reload.ts'
import { useViewport } from '../../../src-renderer/stores/viewport.ts'
import type { SourceId } from '../../../src-shared/ids.ts'

const TUMOR = 1
const NORMAL = 2

async function aWindow(scene: Scene): Promise<SourceId> {
  setActivePinia(createPinia())
  await openApi(fakeMain(scene).openWire)
  await reloadAll()
  const grid = usePatches().openGrid!.id
  await useLabels().open(grid)
  return grid
}

beforeEach(() => {
  vi.restoreAllMocks()
})

test('a stroke is shown before the answer and counted after it', async () => {
  const grid = await aWindow(scenes.sample)
  const labels = useLabels()
  const stroke = labels.begin(grid, TUMOR)!
  labels.paint(grid, stroke, [5, 6, 7])
  const kept = labels.commit(grid, stroke)
  expect(labels.shownOf(grid)!.slice(5, 8)).toEqual(Uint16Array.of(TUMOR, TUMOR, TUMOR))
  expect(labels.totals.get(TUMOR) ?? 0).toBe(0)
  expect(labels.saving).toBe(1)
  expect(await kept).toBe(true)
  expect(labels.totals.get(TUMOR)).toBe(3)
  expect(labels.saving).toBe(0)
  expect(labels.savedAt).not.toBeNull()
})

test('a change that comes as event and as answer is applied once', async () => {
  const grid = await aWindow(scenes.sample)
  const labels = useLabels()
  const changes: number[] = []
  labels.onChange((change) => changes.push(change.gesture.sequence))
  await labels.assign(grid, [1, 2], TUMOR)
  await labels.assign(grid, [2], NORMAL)
  await nextTick()
  expect(changes).toEqual([1, 2])
  expect(Object.fromEntries(labels.totals)).toEqual({ [TUMOR]: 1, [NORMAL]: 1 })
})

test('what fails is taken back, with the reason, where it happened', async () => {
  const grid = await aWindow({ ...scenes.sample, failing: true })
  const labels = useLabels()
  const repainted: number[] = []
  labels.onShown((_, patches) => repainted.push(...(patches ?? [])))
  expect(await labels.assign(grid, [8, 9], TUMOR)).toBe(false)
  expect(labels.shownOf(grid)!.slice(8, 10)).toEqual(Uint16Array.of(0, 0))
  expect(repainted).toEqual([8, 9, 8, 9])
  const fault = useFaults().shown.find((each) => each.place === 'viewer')
  expect(fault?.what).toBe('The labels were not saved.')
  expect(fault?.fault.code).toBe('DISK_FULL')
})

test('undo and redo give back labels and counts, and say what they would do', async () => {
  const grid = await aWindow(scenes.sample)
  const labels = useLabels()
  await labels.assign(grid, [1, 2, 3], TUMOR)
  await labels.assign(grid, [2], NORMAL)
  expect(labels.history.undo).toBe('label 1 patch as normal')
  await labels.undo()
  expect(labels.shownOf(grid)!.slice(1, 4)).toEqual(Uint16Array.of(TUMOR, TUMOR, TUMOR))
  expect(labels.history.redo).toBe('label 1 patch as normal')
  await labels.redo()
  expect(labels.shownOf(grid)![2]).toBe(NORMAL)
})

test('deleting the active class makes another one active, and undo brings its labels back', async () => {
  const grid = await aWindow(scenes.sample)
  const labels = useLabels()
  await labels.assign(grid, [1, 2], TUMOR)
  labels.active = TUMOR
  await labels.deleteClass(TUMOR)
  expect(labels.active).toBe(NORMAL)
  expect(labels.shownOf(grid)![1]).toBe(0)
  await labels.undo()
  expect(labels.shownOf(grid)![1]).toBe(TUMOR)
  expect(labels.classes.map((each) => each.name)).toEqual(['tumor', 'normal'])
})

test('undo of a gesture on another slide goes to that slide', async () => {
  const grid = await aWindow(scenes.sample)
  const labels = useLabels()
  const viewport = useViewport()
  const first = viewport.slideId
  await labels.assign(grid, [1], TUMOR)
  const other = [...usePatches().gridsOf(first!)][0]!
  expect(other.id).toBe(grid)
  viewport.slideId = null
  const change = await labels.undo()
  await showChange(change!)
  expect(viewport.slideId).toBe(first)
})

test('a patch that already is of the class makes no step', async () => {
  const grid = await aWindow(scenes.sample)
  const labels = useLabels()
  await labels.assign(grid, [4], TUMOR)
  const { gestures } = labels.history
  expect(await labels.assign(grid, [4], TUMOR)).toBe(true)
  expect(labels.history.gestures).toBe(gestures)
})
