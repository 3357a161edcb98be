/** Bookmarks of the made-up main process. */
import type { Bookmark, bookmarkCalls } from '../../../src-shared/bookmarks.ts'
import { tesseraError } from '../../../src-shared/errors.ts'
import type { BookmarkId } from '../../../src-shared/ids.ts'
import type { CallHandlers } from '../../../src-shared/wire/contract.ts'
import { newId } from './ids.ts'

export function bookmarkHandlers(): CallHandlers<typeof bookmarkCalls> {
  const all = new Map<BookmarkId, Bookmark>()
  const deleted = new Map<BookmarkId, Bookmark>()
  const known = (bookmark: BookmarkId, among: Map<BookmarkId, Bookmark>): Bookmark => {
    const found = among.get(bookmark)
    if (!found) throw tesseraError('BOOKMARK_UNKNOWN', 'This bookmark is not in the project any more.', { bookmark })
    return found
  }
  const put = (bookmark: Bookmark): Bookmark => {
    all.set(bookmark.id, bookmark)
    return bookmark
  }
  return {
    'bookmarks.list': () => [...all.values()],
    'bookmarks.add': ({ slide, name, place }) => put({ id: newId(), slide, name, place, createdAt: Date.now() }),
    'bookmarks.rename': ({ bookmark, name }) => put({ ...known(bookmark, all), name }),
    'bookmarks.delete': ({ bookmark }) => {
      deleted.set(bookmark, known(bookmark, all))
      all.delete(bookmark)
    },
    'bookmarks.restore': ({ bookmark }) => put(known(bookmark, deleted)),
  }
}
