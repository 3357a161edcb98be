/**
 * Where the cards of a gallery lie, and how far it is scrolled. Pure. CSS px throughout.
 *
 * Cards are of one size, so a card's place follows from its number. A browser draws nothing beyond some 33 million px
 * (Chromium; Firefox 17), which 300,000 large pictures pass: a list longer than MOST_HEIGHT is shown through a scroll bar
 * of that height. Small steps (wheel, keys) then move it exactly, large ones (dragging the bar) in proportion. A list
 * virtualizer of the usual kind has no such list.
 */

/** px above the picture and below its caption, and between cards */
const GAP = 10
const PADDING = 12
const CAPTION = 20
/** Below this there is no room for words under a picture. */
const SMALLEST_WITH_CAPTION = 64

export const hasCaption = (edge: number): boolean => edge >= SMALLEST_WITH_CAPTION

export interface GalleryLayout {
  columns: number
  rows: number
  /** from one card to the next */
  pitchX: number
  pitchY: number
  /** of the first card */
  left: number
  top: number
  /** of all rows */
  height: number
  cardHeight: number
}

/** @param width of the room for cards @param edge of a picture */
export function galleryLayout(width: number, count: number, edge: number): GalleryLayout {
  const pitchX = edge + GAP
  const cardHeight = edge + (hasCaption(edge) ? CAPTION : 0)
  const columns = Math.max(1, Math.floor((width - 2 * PADDING + GAP) / pitchX))
  const rows = Math.ceil(count / columns)
  const left = Math.max(PADDING, Math.floor((width - columns * pitchX + GAP) / 2))
  const pitchY = cardHeight + GAP
  return { columns, rows, pitchX, pitchY, left, top: PADDING, height: rows * pitchY - GAP + 2 * PADDING, cardHeight }
}

/** The upper left corner of a card in the whole list. */
export const cornerOf = ({ columns, pitchX, pitchY, left, top }: GalleryLayout, place: number) => ({
  x: left + (place % columns) * pitchX,
  y: top + Math.floor(place / columns) * pitchY,
})

/**
 * The card at a point of the whole list, the nearest one when `clamped`.
 * @returns null between cards
 */
export function placeAt(layout: GalleryLayout, count: number, x: number, y: number, clamped = false): number | null {
  const { columns, rows, pitchX, pitchY, left, top } = layout
  const column = Math.floor((x - left + GAP / 2) / pitchX)
  const row = Math.floor((y - top + GAP / 2) / pitchY)
  if (!clamped && (column < 0 || column >= columns || row < 0 || row >= rows)) return null
  const within = (value: number, most: number) => Math.min(Math.max(0, value), most - 1)
  const place = within(row, rows) * columns + within(column, columns)
  if (place >= count) return clamped ? count - 1 : null
  return place
}

/** The places of the rows in view, and `more` rows before and after. @returns [from, to) */
export function placesInView(
  { columns, pitchY, top }: GalleryLayout,
  count: number,
  offset: number,
  viewHeight: number,
  more: number,
): [from: number, to: number] {
  const first = Math.max(0, Math.floor((offset - top) / pitchY) - more)
  const last = Math.ceil((offset - top + viewHeight) / pitchY) + more
  return [Math.min(count, first * columns), Math.min(count, Math.max(0, last) * columns)]
}

/** The places of the rows that are seen whole; of a view lower than a row, the row most of which is seen. @returns [from, to) */
export function placesInSight(
  { columns, rows, pitchY, top, cardHeight }: GalleryLayout,
  count: number,
  offset: number,
  viewHeight: number,
): [from: number, to: number] {
  const first = Math.max(0, Math.ceil((offset - top) / pitchY))
  const last = Math.min(rows, Math.floor((offset + viewHeight - top - cardHeight) / pitchY) + 1)
  if (last > first) return [Math.min(count, first * columns), Math.min(count, last * columns)]
  const middle = Math.min(Math.max(0, Math.floor((offset + viewHeight / 2 - top) / pitchY)), Math.max(0, rows - 1))
  return [Math.min(count, middle * columns), Math.min(count, (middle + 1) * columns)]
}

/** The highest list that is laid out as it is. */
export const MOST_HEIGHT = 8_000_000

/** How far a list is scrolled, where the scroll bar may be shorter than the list. */
export interface LongScroll {
  /** of the scrolled box: what the browser is told */
  readonly barHeight: number
  /** px of the list above the view, after the bar moved from where it was */
  moved(offset: number, barBefore: number, barNow: number): number
  /** where the bar stands for an offset */
  barFor(offset: number): number
}

/** @param height of the list @param viewHeight of what is seen of it */
export function longScroll(height: number, viewHeight: number): LongScroll {
  const barHeight = Math.min(height, MOST_HEIGHT)
  const most = Math.max(0, height - viewHeight)
  const barMost = Math.max(0, barHeight - viewHeight)
  const clamp = (offset: number) => Math.min(Math.max(0, offset), most)
  if (barHeight === height)
    return { barHeight, moved: (_, _before, now) => clamp(now), barFor: (offset) => clamp(offset) }
  return {
    barHeight,
    moved(offset, before, now) {
      const step = now - before
      return clamp(Math.abs(step) < viewHeight ? offset + step : (now / barMost) * most)
    },
    barFor: (offset) => (clamp(offset) / most) * barMost,
  }
}

/** The offset at which a row is wholly in view, changed as little as possible. */
export function offsetShowing(layout: GalleryLayout, place: number, offset: number, viewHeight: number): number {
  const { y } = cornerOf(layout, place)
  if (y - GAP < offset) return Math.max(0, y - PADDING)
  const bottom = y + layout.cardHeight + GAP
  return bottom > offset + viewHeight ? bottom - viewHeight : offset
}
