/** Painting tissue, or taking it away: a click or a drag paints patches, a rectangle those whose centre lies in it. */
import { patchesIn } from '../../src-shared/patches.ts'
import { startMaskPainting } from '../commands/paintMask.ts'
import { useOverlay } from '../stores/overlay.ts'
import { useViewport } from '../stores/viewport.ts'
import { rectBetween } from '../viewer/coordinates.ts'
import type { Gesture } from './gesture.ts'
import { patchesAlong } from './patchesAlong.ts'

export async function paintMask(gesture: Gesture, tissue: boolean, isRectangle: boolean): Promise<void> {
  const painting = startMaskPainting(tissue)
  if (!painting) return
  const { grid, paint } = painting
  const viewport = useViewport()
  const { brush } = useOverlay()
  const corner = gesture.press.slide
  let at = corner
  if (!isRectangle) paint(patchesAlong(grid, at, at, brush))

  for await (const { slide: to } of gesture.moves) {
    if (isRectangle) viewport.rectangle = rectBetween(corner, to)
    else paint(patchesAlong(grid, at, to, brush))
    at = to
  }

  viewport.rectangle = null
  if (gesture.dropped) {
    painting.drop()
    return
  }
  if (isRectangle) paint(patchesIn(grid, rectBetween(corner, at)))
  await painting.commit()
}
