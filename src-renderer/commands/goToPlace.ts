/** Going to a place of the open slide that a person wrote, and taking one along. */
import { tesseraError } from '../../src-shared/errors.ts'
import { type Grid, patchAtCell, patchRect, type Rect } from '../../src-shared/patches.ts'
import type { Slide } from '../../src-shared/slides.ts'
import { level0Px } from '../../src-shared/units.ts'
import { readPlace, writePlace } from '../formats/coordinates.ts'
import { count, micrometres } from '../formats/numbers.ts'
import { useFaults } from '../stores/faults.ts'
import { type SlidePoint, useViewport } from '../stores/viewport.ts'

export type FoundPlace = { kind: 'point'; point: SlidePoint } | { kind: 'patch'; patch: number; rect: Rect }

const sizeOf = (slide: Slide): string => {
  const px = `${count(slide.width)} × ${count(slide.height)} px`
  return slide.mppX && slide.mppY
    ? `${px} (${micrometres(slide.width * slide.mppX)} × ${micrometres(slide.height * slide.mppY)})`
    : px
}

/**
 * The place of a slide that was written.
 *
 * @throws {TesseraError} INPUT_INVALID when it can not be read, SLIDE_MPP_NEEDED for lengths on a slide without µm/px,
 * SOURCE_UNKNOWN and PATCH_UNKNOWN for patches of a grid that is not there, SLIDE_REGION_OUTSIDE
 */
export function findPlace(text: string, slide: Slide, grid: Grid | null): FoundPlace {
  const place = readPlace(text)
  if (!place)
    throw tesseraError(
      'INPUT_INVALID',
      `“${text.trim()}” is no place. Write two numbers, as “12345, 6789”, “1.2 mm, 3.4 mm” or “patch 12, 40”.`,
      { call: 'view.goTo', issues: [text] },
    )
  if (place.kind === 'patch') {
    if (!grid)
      throw tesseraError(
        'SOURCE_UNKNOWN',
        `“${slide.name}” has no patches yet. Lay a grid under Label → Patches, or write level-0 px.`,
        { source: slide.name },
      )
    if (place.column >= grid.columns || place.row >= grid.rows)
      throw tesseraError(
        'PATCH_UNKNOWN',
        `Patch ${place.column}, ${place.row} does not exist on “${slide.name}”: its grid has ${count(grid.columns)} columns and ${count(grid.rows)} rows, counted from 0.`,
        { source: grid.id, patch: patchAtCell(grid, place.column, place.row), patches: grid.columns * grid.rows },
      )
    const patch = patchAtCell(grid, place.column, place.row)
    return { kind: 'patch', patch, rect: patchRect(grid, patch) }
  }
  if (place.unit === 'µm' && (!slide.mppX || !slide.mppY))
    throw tesseraError(
      'SLIDE_MPP_NEEDED',
      `µm/px is not known of “${slide.name}”, so a length can not be found on it. Say µm/px, or write level-0 px.`,
      { slide: slide.name, found: null },
    )
  const point = place.unit === 'px' ? place : { x: place.x / (slide.mppX ?? 1), y: place.y / (slide.mppY ?? 1) }
  if (point.x < 0 || point.y < 0 || point.x >= slide.width || point.y >= slide.height)
    throw tesseraError(
      'SLIDE_REGION_OUTSIDE',
      `${text.trim()} lies outside “${slide.name}”, which is ${sizeOf(slide)}.`,
      { slide: slide.name, width: slide.width, height: slide.height },
    )
  return { kind: 'point', point: { x: level0Px(point.x), y: level0Px(point.y) } }
}

/** Brings a place to the middle of the viewer; a patch is then the one that keys act on. */
export function goTo(place: FoundPlace): void {
  const viewport = useViewport()
  if (place.kind === 'point') viewport.controls?.panTo(place.point)
  else {
    viewport.controls?.centreOn(place.rect)
    viewport.patch = place.patch
  }
}

/** What copying takes along: where the pointer is, else the middle of the view. */
const placeInHand = (): SlidePoint | null => {
  const { cursor, view } = useViewport()
  return cursor ?? view?.centre ?? null
}

/** @returns what was copied, as the field for places reads it */
export async function copyPlace(): Promise<string | undefined> {
  const place = placeInHand()
  if (!place) return undefined
  const text = writePlace(place)
  return useFaults().attempt('viewer', 'The coordinates were not copied.', async () => {
    await navigator.clipboard.writeText(text)
    return text
  })
}
