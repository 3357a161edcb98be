/** Bookmarks: places of slides that are worth coming back to. They belong to the project, and move with it. */
import * as z from 'zod'
import { BookmarkId, SlideId, Timestamp } from './ids.ts'
import { Level0Px } from './units.ts'
import { call, event } from './wire/contract.ts'

/** Where a slide is looked at and how, whatever the size of the viewer. */
export const Place = z.object({
  /** what is in the middle of the viewer, level-0 px */
  centre: z.object({ x: Level0Px, y: Level0Px }),
  /** CSS px per level-0 px */
  pxPerLevel0: z.number().positive().finite(),
  /** How far the slide is turned clockwise, before it is mirrored: degrees */
  rotation: z.number().min(0).lt(360),
  /** Left and right of the screen change places, as in a mirror. */
  mirrored: z.boolean(),
})
export type Place = z.infer<typeof Place>

const Name = z.string().trim().min(1).max(120)

export const Bookmark = z.object({
  id: BookmarkId,
  slide: SlideId,
  name: z.string(),
  place: Place,
  createdAt: Timestamp,
})
export type Bookmark = z.infer<typeof Bookmark>

export const bookmarkCalls = {
  /** Of all slides of the project, in the order they were made. */
  'bookmarks.list': call(z.void(), z.array(Bookmark)),
  'bookmarks.add': call(z.object({ slide: SlideId, name: Name, place: Place }), Bookmark),
  /** @throws BOOKMARK_UNKNOWN */
  'bookmarks.rename': call(z.object({ bookmark: BookmarkId, name: Name }), Bookmark),
  /** Its row is kept, so that it can be brought back. @throws BOOKMARK_UNKNOWN */
  'bookmarks.delete': call(z.object({ bookmark: BookmarkId }), z.void()),
  /** Takes a deletion back. @throws BOOKMARK_UNKNOWN */
  'bookmarks.restore': call(z.object({ bookmark: BookmarkId }), Bookmark),
}

export const bookmarkEvents = {
  'bookmarks.changed': event(z.object({ changed: z.array(Bookmark), removed: z.array(BookmarkId) })),
}
