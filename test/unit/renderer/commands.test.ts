/** The table of commands as a whole: no key means two things in one place, and what a class key does. */
import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, test } from 'vitest'
import { fakeMain } from '../../../src-renderer/api/fake/index.ts'
import { scenes } from '../../../src-renderer/api/fake/scene.ts'
import { openApi } from '../../../src-renderer/api/index.ts'
import { useCommands } from '../../../src-renderer/commands/index.ts'
import { conflicts } from '../../../src-renderer/commands/keys.ts'
import { useLabels } from '../../../src-renderer/stores/labels.ts'
import { usePatches } from '../../../src-renderer/stores/patches.ts'
import { reloadAll } from '../../../src-renderer/stores/reload.ts'
import { useSettings } from '../../../src-renderer/stores/settings.ts'
import { useViewport } from '../../../src-renderer/stores/viewport.ts'
import { useWindow } from '../../../src-renderer/stores/window.ts'

const TUMOR = 1
const NORMAL = 2

beforeEach(async () => {
  setActivePinia(createPinia())
  await openApi(fakeMain(scenes.sample).openWire)
  await reloadAll()
})

describe('the table', () => {
  test('has no id twice and no key that means two things in one place', () => {
    const { all } = useCommands()
    expect(new Set(all.map((command) => command.id)).size).toBe(all.length)
    for (const command of all)
      for (const key of command.keys)
        expect(
          conflicts(key, command, all, {}).map((other) => other.id),
          `${key} of ${command.id}`,
        ).toEqual([])
  })

  test('is plain data for menus outside the window', () => {
    const table = useCommands().commandTable()
    expect(structuredClone(table)).toEqual(table)
    expect(table.find((entry) => entry.id === 'slides.add')).toEqual({
      id: 'slides.add',
      title: 'Add slides…',
      group: 'Slides',
      keys: ['Ctrl+O'],
      enabled: true,
    })
  })

  test.each([
    ['V', 'tools.pan'],
    ['B', 'tools.label'],
    ['E', 'tools.erase'],
    ['R', 'tools.rectangle'],
    ['I', 'tools.pick'],
    ['G', 'view.grid'],
    ['A', 'view.labels'],
    ['C', 'view.predictions'],
    ['[', 'tools.smallerBrush'],
    [']', 'tools.largerBrush'],
    ['Space', 'tools.panHeld'],
    ['Ctrl+O', 'slides.add'],
    ['Ctrl+E', 'exports.show'],
    ['Ctrl+K', 'app.palette'],
    ['Ctrl+L', 'app.palette'],
    ['F1', 'app.keys'],
    ['1', 'class.1'],
  ])('%s is %s', (key, id) => {
    expect(useCommands().forKey(key)?.id).toBe(id)
  })

  test('a key of the person is the one that counts and is shown', async () => {
    await useSettings().set({ keys: { 'view.grid': ['H'] } })
    expect(useCommands().forKey('H')?.id).toBe('view.grid')
    expect(useCommands().forKey('G')).toBeUndefined()
    expect(useCommands().keyText('view.grid')).toBe('H')
  })
})

describe('a class key', () => {
  test('makes the class active, and labels the patch in hand with the Label tool', async () => {
    const labels = useLabels()
    const grid = usePatches().openGrid!.id
    useViewport().patch = 40
    expect(useCommands().run('class.2')).toBe(true)
    await expect.poll(() => labels.totals.get(NORMAL)).toBe(1)
    expect(labels.active).toBe(NORMAL)
    expect(labels.shownOf(grid)![40]).toBe(NORMAL)
  })

  test('labels nothing with another tool, and nothing when the pointer is elsewhere', async () => {
    const labels = useLabels()
    useViewport().patch = 40
    useWindow().tool = 'pan'
    useCommands().run('class.1')
    useWindow().tool = 'label'
    useViewport().patch = null
    useCommands().run('class.1')
    await labels.assign(usePatches().openGrid!.id, [3], TUMOR)
    expect(labels.total).toBe(1)
    expect(labels.active).toBe(TUMOR)
  })
})

test('undo can be done only when there is something to undo', async () => {
  const commands = useCommands()
  expect(commands.canRun('labels.undo')).toBe(false)
  await useLabels().assign(usePatches().openGrid!.id, [3], TUMOR)
  expect(commands.canRun('labels.undo')).toBe(true)
})
