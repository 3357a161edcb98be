/** A gesture from press to release: what a tool sees of it, and what is left of one that was dropped. */
import { createPinia, setActivePinia } from 'pinia'
import { expect, test } from 'vitest'
import { fakeMain } from '../../../src-renderer/api/fake/index.ts'
import { scenes } from '../../../src-renderer/api/fake/scene.ts'
import { openApi } from '../../../src-renderer/api/index.ts'
import { useLabels } from '../../../src-renderer/stores/labels.ts'
import { usePatches } from '../../../src-renderer/stores/patches.ts'
import { reloadAll } from '../../../src-renderer/stores/reload.ts'
import { useWindow } from '../../../src-renderer/stores/window.ts'
import { gestureFrom, type PointerAt } from '../../../src-renderer/tools/gesture.ts'
import { paintLabel } from '../../../src-renderer/tools/paintLabel.ts'
import { paintRectangle } from '../../../src-renderer/tools/paintRectangle.ts'
import { pickClass } from '../../../src-renderer/tools/pickClass.ts'
import { level0Px } from '../../../src-shared/units.ts'

const TUMOR = 1
const NORMAL = 2

/** The middle of a cell of the sample's mosaic, 96 px each. */
const at = (column: number, row: number): PointerAt => ({
  slide: { x: level0Px(column * 96 + 48), y: level0Px(row * 96 + 48) },
  viewer: { x: 0, y: 0 },
})

async function aSample() {
  setActivePinia(createPinia())
  await openApi(fakeMain(scenes.sample).openWire)
  await reloadAll()
  const grid = usePatches().openGrid!
  const labels = useLabels()
  await labels.open(grid.id)
  const labelled = () =>
    [...labels.shownOf(grid.id)!.entries()]
      .filter(([, number]) => number !== 0)
      .map(([patch]) => [patch % grid.columns, Math.floor(patch / grid.columns)])
  return { labels, grid, labelled }
}

test('a drag from one patch to another labels all between, as one step', async () => {
  const { labels, labelled } = await aSample()
  const source = gestureFrom(at(3, 4))
  const done = paintLabel(source.gesture, TUMOR)
  source.move(at(6, 4))
  source.end()
  await done
  expect(labelled()).toEqual([
    [3, 4],
    [4, 4],
    [5, 4],
    [6, 4],
  ])
  expect(labels.history.gestures).toBe(1)
})

test('Escape drops the gesture: nothing is left of it, on the screen or on disk', async () => {
  const { labels, labelled } = await aSample()
  const source = gestureFrom(at(3, 4))
  const done = paintLabel(source.gesture, TUMOR)
  source.move(at(6, 4))
  source.drop()
  await done
  expect(labelled()).toEqual([])
  expect(labels.history.gestures).toBe(0)
})

test('a rectangle labels the patches whose centre it holds, on release', async () => {
  const { labelled } = await aSample()
  const source = gestureFrom(at(2, 2))
  const done = paintRectangle(source.gesture, NORMAL)
  source.move(at(3, 3))
  await Promise.resolve()
  expect(labelled()).toEqual([])
  source.end()
  await done
  expect(labelled()).toEqual([
    [2, 2],
    [3, 2],
    [2, 3],
    [3, 3],
  ])
})

test('picking takes the class of the patch and the Label tool', async () => {
  const { labels, grid } = await aSample()
  await labels.assign(grid.id, [2 * grid.columns + 5], NORMAL)
  labels.active = TUMOR
  useWindow().tool = 'pick'
  const source = gestureFrom(at(5, 2))
  const done = pickClass(source.gesture)
  source.end()
  await done
  expect(labels.active).toBe(NORMAL)
  expect(useWindow().tool).toBe('label')
})
