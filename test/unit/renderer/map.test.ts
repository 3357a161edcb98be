/** The map in the window: which patch a point is, what it is coloured by, and what a class key does on it. */
import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { fakeMain } from '../../../src-renderer/api/fake/index.ts'
import { scenes } from '../../../src-renderer/api/fake/scene.ts'
import { openApi } from '../../../src-renderer/api/index.ts'
import { useCommands } from '../../../src-renderer/commands/index.ts'
import { useFeatures } from '../../../src-renderer/stores/features.ts'
import { useLabels } from '../../../src-renderer/stores/labels.ts'
import { byCategory, byScale } from '../../../src-renderer/stores/mapColours.ts'
import { MapTable } from '../../../src-renderer/stores/mapTable.ts'
import { useMap } from '../../../src-renderer/stores/map.ts'
import { usePatches } from '../../../src-renderer/stores/patches.ts'
import { reloadAll } from '../../../src-renderer/stores/reload.ts'
import { useViewport } from '../../../src-renderer/stores/viewport.ts'
import { sourceSize } from '../../../src-shared/patches.ts'
import type { SourceId } from '../../../src-shared/ids.ts'
import { VIRIDIS } from '../../../src-shared/viridis.ts'

const sources = ['a', 'empty', 'b'] as unknown as SourceId[]
const aTable = (): MapTable =>
  new MapTable({ sources, counts: [2, 0, 3], patch: Uint32Array.of(5, 9, 5, 1, 0), position: new Float32Array(10) })

describe('points and patches', () => {
  test('every point knows its patch and is found by it, also beside a source without points', () => {
    const table = aTable()
    for (let point = 0; point < table.size; point++) {
      const { source, patch } = table.nameOf(point)
      expect(table.pointOf(source, patch)).toBe(point)
    }
    expect(table.nameOf(2)).toEqual({ source: 'b', patch: 5 })
    expect(table.pointOf(sources[0]!, 1)).toBeNull()
    expect(table.pointOf('unknown' as unknown as SourceId, 5)).toBeNull()
  })

  test('points are given to their sources', () => {
    const given = aTable().bySource([0, 4, 2])
    expect([...given]).toEqual([
      ['a', Uint32Array.of(5)],
      ['b', Uint32Array.of(0, 5)],
    ])
  })
})

describe('colours', () => {
  test('a category has its colour and its count; what is in none is quiet', () => {
    const categories = [
      { name: 'tumor', colour: '#c80000' },
      { name: 'unused', colour: '#0072b2' },
    ]
    const { pixels, legend } = byCategory('Label', Uint16Array.of(1, 0, 1), categories, 'No label')
    expect([...pixels]).toEqual([200, 0, 0, 255, 0, 0, 0, 0, 200, 0, 0, 255])
    expect(legend).toEqual({
      kind: 'classes',
      title: 'Label',
      entries: [{ name: 'tumor', colour: '#c80000', points: 2 }],
      quiet: { name: 'No label', points: 1 },
    })
  })

  test('a scale goes from 0 to 1, whatever the values are; what has none is quiet', () => {
    const { pixels, legend } = byScale('Confidence', Float32Array.of(0, 1, Number.NaN), 'Not predicted')
    expect([...pixels.subarray(0, 3)]).toEqual([...VIRIDIS[0]!])
    expect([...pixels.subarray(4, 7)]).toEqual([...VIRIDIS[255]!])
    expect(pixels[11]).toBe(0)
    expect(legend).toMatchObject({ kind: 'scale', quiet: { points: 1 } })
  })
})

describe('in the window', () => {
  beforeEach(async () => {
    setActivePinia(createPinia())
    await openApi(fakeMain(scenes.sets).openWire)
    await reloadAll()
  })

  async function mapOfTwo() {
    // Before anything is waited for: what the worlds of earlier tests still tell makes their stores the active ones.
    const [features, map, commands, labels, viewport] = [
      useFeatures(),
      useMap(),
      useCommands(),
      useLabels(),
      useViewport(),
    ]
    const two = [...usePatches().grids, ...usePatches().sets]
      .toSorted((a, b) => sourceSize(a) - sourceSize(b))
      .slice(0, 2)
    expect(map.lack).toBe('encoder')
    await features.add({ from: { kind: 'shipped', key: 'made-up' }, words: {} })
    expect(map.lack).toBe('features')
    map.scope = 'all'
    await features.extract(two.map(({ id }) => id))
    expect(map.lack).toBeNull()
    commands.run('map.toggle')
    await vi.waitFor(() => expect(map.table?.sources.length).toBe(2))
    return { map, commands, labels, viewport }
  }

  test('a class key labels the selected points of two slides in one step, and one undo takes it back', async () => {
    const { map, commands, labels, viewport } = await mapOfTwo()
    const table = map.table!
    map.select([0, 1, table.starts[1]!])
    viewport.cursor = null
    map.focused = true
    const points = [0, 1, table.starts[1]!]
    await vi.waitFor(() => expect(labels.total).toBeGreaterThan(0))
    const before = points.map(map.classOf)
    commands.run('class.3')
    await vi.waitFor(() => expect(points.map(map.classOf)).toEqual([3, 3, 3]))
    commands.run('labels.undo')
    await vi.waitFor(() => expect(points.map(map.classOf)).toEqual(before))
    expect(before).not.toEqual([3, 3, 3])
  })

  test('without the keyboard on the map a class key leaves its selection alone', async () => {
    const { map, commands, labels } = await mapOfTwo()
    map.select([0, 1])
    map.focused = false
    const before = labels.total
    commands.run('class.1')
    expect(labels.total).toBe(before)
    map.focused = true
    commands.run('map.back')
    expect([map.selected.size, map.open]).toEqual([0, true])
    commands.run('map.back')
    expect(map.open).toBe(false)
  })

  test('a UMAP is wanted, made, and shown when it is there', async () => {
    const { map, commands } = await mapOfTwo()
    map.method = 'umap'
    expect(map.lack).toBe('umap')
    commands.run('map.makeUmap')
    await vi.waitFor(() => expect(map.making).not.toBeNull())
    await vi.waitFor(() => expect(map.lack).toBeNull(), { timeout: 8000 })
    await vi.waitFor(() => expect(map.table).not.toBeNull())
    expect(map.explained).toBeNull()
  })
})
