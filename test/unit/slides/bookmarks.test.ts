/** Bookmarks: what is kept, renamed, deleted and brought back, and that they go where the project goes. */
import { cpSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { type Place } from '../../../src-shared/bookmarks.ts'
import type { BookmarkId } from '../../../src-shared/ids.ts'
import { level0Px } from '../../../src-shared/units.ts'
import { createBookmarks } from '../../../src-main/slides/bookmarks.ts'
import { openProject } from '../../../src-main/projects/projectStore.ts'
import { SlideBench } from '../../fixtures/slideBench.ts'
import { sharedReader } from '../../fixtures/slideReaders.ts'

const reader = sharedReader()

const place: Place = {
  centre: { x: level0Px(1234.5), y: level0Px(678.25) },
  pxPerLevel0: 0.4,
  rotation: 37.5,
  mirrored: true,
}

async function aSlide() {
  const bench = SlideBench.create(reader)
  const slide = await bench.add(bench.file('a.tif'))
  const told: unknown[] = []
  const calls = createBookmarks({
    store: bench.project.store,
    slides: bench.slides,
    publish: (body) => void told.push(body),
  })
  return { bench, slide, calls, told }
}

test('a bookmark keeps place, magnification, turn and mirror to the last digit, and windows are told', async () => {
  const { slide, calls, told } = await aSlide()
  const made = await calls['bookmarks.add']({ slide: slide.id, name: 'nest', place })
  expect(made).toMatchObject({ slide: slide.id, name: 'nest', place })
  expect(await calls['bookmarks.list']()).toEqual([made])
  expect(told).toEqual([{ changed: [made], removed: [] }])
})

test('a deleted bookmark is gone, and comes back as it was when the deletion is taken back', async () => {
  const { slide, calls, told } = await aSlide()
  const first = await calls['bookmarks.add']({ slide: slide.id, name: 'first', place })
  const second = await calls['bookmarks.add']({ slide: slide.id, name: 'second', place })
  await calls['bookmarks.delete']({ bookmark: first.id })
  expect(await calls['bookmarks.list']()).toEqual([second])
  expect(told.at(-1)).toEqual({ changed: [], removed: [first.id] })
  expect(await calls['bookmarks.restore']({ bookmark: first.id })).toEqual(first)
  expect(await calls['bookmarks.list']()).toEqual([first, second])
})

test('what is not there is refused by name, and nothing is written', async () => {
  const { slide, calls } = await aSlide()
  const gone = await calls['bookmarks.add']({ slide: slide.id, name: 'gone', place })
  await calls['bookmarks.delete']({ bookmark: gone.id })
  const refused = expect.objectContaining({ code: 'BOOKMARK_UNKNOWN', data: { bookmark: gone.id } })
  expect(() => calls['bookmarks.rename']({ bookmark: gone.id, name: 'x' })).toThrow(refused)
  expect(() => calls['bookmarks.delete']({ bookmark: gone.id })).toThrow(refused)
  const never = '0198c000-0000-7000-8000-000000000000' as BookmarkId
  expect(() => calls['bookmarks.restore']({ bookmark: never })).toThrow(
    expect.objectContaining({ code: 'BOOKMARK_UNKNOWN' }),
  )
})

test('a slide that leaves the project takes its bookmarks out of sight, and brings them back with it', async () => {
  const { bench, slide, calls } = await aSlide()
  const made = await calls['bookmarks.add']({ slide: slide.id, name: 'nest', place })
  await bench.slides.handlers['slides.remove']({ slide: slide.id })
  expect(await calls['bookmarks.list']()).toEqual([])
  await bench.add(bench.file('b.tif'))
  expect(await calls['bookmarks.list']()).toEqual([made])
})

test('bookmarks are in the project’s folder: a copy of it elsewhere has them, renamed as they were', async () => {
  const { bench, slide, calls } = await aSlide()
  const made = await calls['bookmarks.add']({ slide: slide.id, name: 'nest', place })
  const renamed = await calls['bookmarks.rename']({ bookmark: made.id, name: 'Größtes Nest' })
  bench.project.close()
  const moved = path.join(bench.folder, 'moved')
  cpSync(bench.projectFolder, moved, { recursive: true })
  const opened = openProject(moved, { who: 'a test' })
  const there = createBookmarks({ store: opened.store, slides: bench.slides, publish: () => undefined })
  expect(await there['bookmarks.list']()).toEqual([renamed])
  opened.close()
})
