/** The gallery over a main process in memory: what is shown, selected and labelled, by the same commands as on a slide. */
import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, test } from 'vitest'
import { fakeMain } from '../../../src-renderer/api/fake/index.ts'
import { scenes } from '../../../src-renderer/api/fake/scene.ts'
import { openApi } from '../../../src-renderer/api/index.ts'
import { showSet } from '../../../src-renderer/commands/gallery.ts'
import { useCommands } from '../../../src-renderer/commands/index.ts'
import { useGallery } from '../../../src-renderer/stores/gallery.ts'
import { useLabels } from '../../../src-renderer/stores/labels.ts'
import { usePatches } from '../../../src-renderer/stores/patches.ts'
import { reloadAll } from '../../../src-renderer/stores/reload.ts'
import { useViewport } from '../../../src-renderer/stores/viewport.ts'
import type { PatchSet } from '../../../src-shared/patches.ts'

const TUMOR = 1
const NORMAL = 2

describe('the gallery', () => {
  let set: PatchSet
  const run = (key: string): void => {
    const command = useCommands().forKey(key)
    if (!command) throw new Error(`${key} means nothing here`)
    void command.run()
  }
  const countOf = (number: number) => useLabels().countsOf(set.id).get(number) ?? 0

  beforeEach(async () => {
    setActivePinia(createPinia())
    await openApi(fakeMain(scenes.sets).openWire)
    await reloadAll()
    set = usePatches().sets.find((each) => each.origin === 'idx')!
    await showSet(set.id)
    useGallery().columns = 10
    useGallery().rowsOfPage = 5
  })

  test('stands in place of the slide, with every patch of the set', () => {
    expect(useViewport().slide).toBeNull()
    expect(useGallery().shown).toHaveLength(70_000)
    useViewport().open(useViewport().slideId ?? [...usePatches().grids][0]!.slide)
    expect(useGallery().set).toBeNull()
  })

  test('a class key labels what is selected, as one step; Delete clears; undo goes back to it', async () => {
    const gallery = useGallery()
    gallery.press(3, { more: false, range: false })
    gallery.press(5, { more: false, range: true })
    gallery.press(9, { more: true, range: false })
    expect([...gallery.selected].toSorted((a, b) => a - b)).toEqual([3, 4, 5, 9])
    run('1')
    await expect.poll(() => countOf(TUMOR)).toBe(4)
    run('2')
    await expect.poll(() => [countOf(TUMOR), countOf(NORMAL)]).toEqual([0, 4])
    run('Delete')
    await expect.poll(() => countOf(NORMAL)).toBe(0)
    gallery.press(60_000, { more: false, range: false })
    run('Ctrl+Z')
    await expect.poll(() => countOf(NORMAL)).toBe(4)
    await expect.poll(() => [...gallery.selected].length).toBe(4)
    expect(gallery.current).toBe(3)
  })

  test('a drag selects a rectangle of cards; Ctrl keeps what was selected', () => {
    const gallery = useGallery()
    gallery.press(0, { more: false, range: false })
    gallery.drag(0, 11, null)
    expect([...gallery.selected]).toEqual([0, 1, 10, 11])
    gallery.drag(50, 51, gallery.selected)
    expect([...gallery.selected]).toEqual([0, 1, 10, 11, 50, 51])
  })

  test.each([
    [['ArrowRight', 'ArrowRight'], 1],
    [['ArrowDown', 'ArrowDown', 'ArrowDown'], 20],
    [['ArrowRight', 'ArrowUp'], 0],
    [['End'], 69_999],
    [['End', 'ArrowDown'], 69_999],
    [['End', 'Home'], 0],
    [['Home', 'PageDown', 'PageDown'], 100],
    [['Home', 'PageDown', 'PageUp', 'PageUp'], 0],
  ])('%j goes to place %i', (keys, place) => {
    for (const key of keys) run(key)
    expect(useGallery().cursor).toBe(place)
    expect([...useGallery().selected]).toEqual([place])
  })

  test('Shift with an arrow selects on; Ctrl+A selects all that is shown; Escape nothing', () => {
    run('Home')
    run('Shift+ArrowRight')
    run('Shift+ArrowDown')
    expect(useGallery().selected.size).toBe(12)
    run('Ctrl+A')
    expect(useGallery().selected.size).toBe(70_000)
    run('Escape')
    expect(useGallery().selected.size).toBe(0)
  })

  test('a patch that was labelled stays where it is until the list is gathered again', async () => {
    const gallery = useGallery()
    gallery.filter = 'unlabelled'
    await expect.poll(() => gallery.shown.length).toBe(70_000)
    gallery.press(7, { more: false, range: false })
    run('1')
    await expect.poll(() => countOf(TUMOR)).toBe(1)
    expect([gallery.shown.length, gallery.outdated]).toEqual([70_000, true])
    gallery.gather()
    expect([gallery.shown.length, gallery.outdated, [...gallery.shown].includes(7)]).toEqual([69_999, false, false])
  })

  test('what the filter hides is not selected any more, so that no key labels it unseen', async () => {
    const gallery = useGallery()
    gallery.press(7, { more: false, range: false })
    run('1')
    await expect.poll(() => countOf(TUMOR)).toBe(1)
    gallery.press(9, { more: true, range: false })
    gallery.filter = TUMOR
    await expect.poll(() => [...gallery.shown]).toEqual([7])
    expect([...gallery.selected]).toEqual([7])
  })

  test('the plus key makes pictures larger, and stops at the largest', () => {
    const gallery = useGallery()
    const before = gallery.edge
    run('+')
    expect(gallery.edge).toBe(before + 16)
    for (let i = 0; i < 30; i++) run('+')
    expect(gallery.edge).toBe(256)
  })

  test('a set whose folder is gone says so', async () => {
    setActivePinia(createPinia())
    await openApi(fakeMain({ ...scenes.sets, failing: true }).openWire)
    await reloadAll()
    await showSet(usePatches().sets[0]!.id)
    expect(useGallery().contents!.missing).toMatchObject({ code: 'FILE_NOT_FOUND' })
  })

  test('in a project that is open for reading only, keys label nothing', async () => {
    setActivePinia(createPinia())
    await openApi(fakeMain({ ...scenes.sets, readOnly: true }).openWire)
    await reloadAll()
    await showSet(usePatches().sets[0]!.id)
    useGallery().press(1, { more: false, range: false })
    expect(useCommands().forKey('1')).toBeUndefined()
    expect(useCommands().forKey('Delete')).toBeUndefined()
  })
})
