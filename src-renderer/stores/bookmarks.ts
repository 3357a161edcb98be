/** Bookmarks of the project, slide by slide. */
import { defineStore } from 'pinia'
import { computed, onScopeDispose, ref, shallowRef } from 'vue'
import type { Bookmark } from '../../src-shared/bookmarks.ts'
import type { BookmarkId } from '../../src-shared/ids.ts'
import { call, on } from '../api/index.ts'
import { useFaults } from './faults.ts'
import { useViewport } from './viewport.ts'

export const useBookmarks = defineStore('bookmarks', () => {
  const faults = useFaults()
  const viewport = useViewport()
  const all = shallowRef<ReadonlyMap<BookmarkId, Bookmark>>(new Map())
  /** The list is on the screen. */
  const open = ref(false)
  /** The one that is being given a name. */
  const naming = ref<BookmarkId | null>(null)
  /** The one that was deleted last, while that can be taken back. */
  const deleted = shallowRef<Bookmark | null>(null)

  /** In the order they were made. */
  const ofSlide = computed(() =>
    [...all.value.values()]
      .filter((each) => each.slide === viewport.slideId)
      .toSorted((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1)),
  )

  const put = (changed: readonly Bookmark[], removed: readonly BookmarkId[] = []): void => {
    const next = new Map(all.value)
    for (const bookmark of changed) next.set(bookmark.id, bookmark)
    for (const id of removed) next.delete(id)
    all.value = next
  }

  onScopeDispose(on('bookmarks.changed', ({ changed, removed }) => put(changed, removed)))

  async function load(): Promise<void> {
    all.value = new Map((await call('bookmarks.list')).map((bookmark) => [bookmark.id, bookmark]))
  }

  function reset(): void {
    all.value = new Map()
    open.value = false
    naming.value = null
    deleted.value = null
  }

  /** “Place 3”: the first number that no bookmark of the slide has. */
  function freeName(): string {
    const taken = new Set(ofSlide.value.map((each) => each.name))
    for (let n = 1; ; n++) if (!taken.has(`Place ${n}`)) return `Place ${n}`
  }

  /** Keeps what is looked at now, and asks for its name in the list. */
  async function add(): Promise<void> {
    const { slideId: slide, view } = viewport
    if (!slide || !view) return
    const { centre, pxPerLevel0, rotation, mirrored } = view
    const place = { centre, pxPerLevel0, rotation, mirrored }
    const added = await faults.attempt('viewer', 'The bookmark was not kept.', () =>
      call('bookmarks.add', { slide, name: freeName(), place }),
    )
    if (!added) return
    put([added])
    open.value = true
    naming.value = added.id
  }

  async function rename(bookmark: BookmarkId, name: string): Promise<void> {
    const known = all.value.get(bookmark)
    naming.value = null
    if (!known || name.trim() === '' || name.trim() === known.name) return
    const renamed = await faults.attempt('viewer', `“${known.name}” was not renamed.`, () =>
      call('bookmarks.rename', { bookmark, name }),
    )
    if (renamed) put([renamed])
  }

  async function remove(bookmark: Bookmark): Promise<void> {
    await faults.attempt('viewer', `“${bookmark.name}” was not deleted.`, async () => {
      await call('bookmarks.delete', { bookmark: bookmark.id })
      put([], [bookmark.id])
      deleted.value = bookmark
    })
  }

  /** Brings back the one that was deleted last. */
  async function bringBack(): Promise<void> {
    const bookmark = deleted.value
    if (!bookmark) return
    const restored = await faults.attempt('viewer', `“${bookmark.name}” was not brought back.`, () =>
      call('bookmarks.restore', { bookmark: bookmark.id }),
    )
    if (!restored) return
    put([restored])
    deleted.value = null
  }

  return { ofSlide, open, naming, deleted, load, reset, add, rename, remove, bringBack }
})
