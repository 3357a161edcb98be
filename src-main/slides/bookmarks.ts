/** Bookmarks in the database, and the door to them. */
import { v7 as uuidv7 } from 'uuid'
import { Bookmark, type bookmarkCalls } from '../../src-shared/bookmarks.ts'
import { tesseraError } from '../../src-shared/errors.ts'
import type { BookmarkId } from '../../src-shared/ids.ts'
import type { CallHandlers } from '../../src-shared/wire/contract.ts'
import type { ReadableDb, Store } from '../store/database.ts'
import type { SlidesRoom } from './slidesRoom.ts'

type BookmarkRow = {
  id: string
  slide_id: string
  name: string
  x: number
  y: number
  px_per_level0: number
  rotation: number
  mirrored: number
  created_at: number
}

/** Those of slides that are in the project. */
const SELECT = `SELECT bookmarks.*, slides.id AS slide_id FROM bookmarks JOIN slides ON slides.seq = bookmarks.slide
                WHERE slides.removed_at IS NULL`

const fromRow = (row: BookmarkRow): Bookmark =>
  Bookmark.parse({
    id: row.id,
    slide: row.slide_id,
    name: row.name,
    place: {
      centre: { x: row.x, y: row.y },
      pxPerLevel0: row.px_per_level0,
      rotation: row.rotation,
      mirrored: row.mirrored === 1,
    },
    createdAt: row.created_at,
  })

const unknown = (bookmark: BookmarkId) =>
  tesseraError('BOOKMARK_UNKNOWN', 'This bookmark is not in the project any more. Somebody deleted it.', { bookmark })

function findBookmark(db: ReadableDb, bookmark: BookmarkId): Bookmark {
  const row = db.get<BookmarkRow>(`${SELECT} AND bookmarks.id = @bookmark AND deleted_at IS NULL`, { bookmark })
  if (!row) throw unknown(bookmark)
  return fromRow(row)
}

export type BookmarksDependencies = {
  store: Store
  slides: Pick<SlidesRoom, 'byId'>
  publish: (body: { changed: Bookmark[]; removed: BookmarkId[] }) => void
}

export function createBookmarks({ store, slides, publish }: BookmarksDependencies): CallHandlers<typeof bookmarkCalls> {
  /** Changes one row, which has to be there. */
  const change = (bookmark: BookmarkId, name: string, sql: string, parameters: Record<string, string | number>): void =>
    store.transaction(name, (db) => {
      if (db.run(sql, { bookmark, ...parameters }).changes === 0) throw unknown(bookmark)
    })

  const told = (bookmark: BookmarkId): Bookmark => {
    const now = findBookmark(store.read, bookmark)
    publish({ changed: [now], removed: [] })
    return now
  }

  return {
    'bookmarks.list': () =>
      store.read.all<BookmarkRow>(`${SELECT} AND deleted_at IS NULL ORDER BY bookmarks.seq`).map(fromRow),

    'bookmarks.add'({ slide, name, place }) {
      const id = uuidv7() as BookmarkId
      const { seq } = slides.byId(slide)
      store.transaction('bookmarks.add', (db) =>
        db.run(
          `INSERT INTO bookmarks (id, slide, name, x, y, px_per_level0, rotation, mirrored, created_at)
           VALUES (@id, @seq, @name, @x, @y, @pxPerLevel0, @rotation, @mirrored, @at)`,
          {
            id,
            seq,
            name,
            ...place.centre,
            pxPerLevel0: place.pxPerLevel0,
            rotation: place.rotation,
            mirrored: place.mirrored ? 1 : 0,
            at: Date.now(),
          },
        ),
      )
      return told(id)
    },

    'bookmarks.rename'({ bookmark, name }) {
      change(
        bookmark,
        'bookmarks.rename',
        'UPDATE bookmarks SET name = @name WHERE id = @bookmark AND deleted_at IS NULL',
        { name },
      )
      return told(bookmark)
    },

    'bookmarks.delete'({ bookmark }) {
      change(
        bookmark,
        'bookmarks.delete',
        'UPDATE bookmarks SET deleted_at = @at WHERE id = @bookmark AND deleted_at IS NULL',
        { at: Date.now() },
      )
      publish({ changed: [], removed: [bookmark] })
    },

    'bookmarks.restore'({ bookmark }) {
      change(bookmark, 'bookmarks.restore', 'UPDATE bookmarks SET deleted_at = NULL WHERE id = @bookmark', {})
      return told(bookmark)
    },
  }
}
