/** Which patches show the same tissue: those that overlap on one slide, of one grid or of two. Pure. */
import type { SlideId } from '../../src-shared/ids.ts'
import { type GridGeometry, patchRect, type Rect } from '../../src-shared/patches.ts'

/** Where a patch lies; null = on no slide, as those of patch sets. */
export type Spot = { slide: SlideId; rect: Rect } | null

export const spotOf = (place: { slide: SlideId; grid: GridGeometry } | null, patch: number): Spot =>
  place && { slide: place.slide, rect: patchRect(place.grid, patch) }

/** Touching edges are no overlap. */
export function overlap(a: Spot, b: Spot): boolean {
  if (!a || !b || a.slide !== b.slide) return false
  const [p, q] = [a.rect, b.rect]
  return p.x < q.x + q.width && q.x < p.x + p.width && p.y < q.y + q.height && q.y < p.y + p.height
}

/**
 * For each spot the others that overlap it, found by squares of the slide as wide as the largest patch.
 * @returns [spot] their places in the list, without its own
 */
export function overlapping(spots: readonly Spot[]): number[][] {
  let edge = 1
  for (const spot of spots) if (spot) edge = Math.max(edge, spot.rect.width, spot.rect.height)
  const cell = (at: number): number => Math.floor(at / edge)
  const squares = new Map<string, number[]>()
  for (const [i, spot] of spots.entries()) {
    if (!spot) continue
    const key = `${spot.slide} ${cell(spot.rect.x)} ${cell(spot.rect.y)}`
    const square = squares.get(key)
    if (square) square.push(i)
    else squares.set(key, [i])
  }
  return spots.map((spot, i) => {
    const found: number[] = []
    if (!spot) return found
    for (let x = cell(spot.rect.x) - 1; x <= cell(spot.rect.x) + 1; x++)
      for (let y = cell(spot.rect.y) - 1; y <= cell(spot.rect.y) + 1; y++)
        for (const other of squares.get(`${spot.slide} ${x} ${y}`) ?? [])
          if (other !== i && overlap(spot, spots[other]!)) found.push(other)
    return found
  })
}
