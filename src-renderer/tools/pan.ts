/** Panning: the slide follows the pointer. */
import { useViewport } from '../stores/viewport.ts'
import { viewerToLevel0 } from '../viewer/coordinates.ts'
import type { Gesture } from './gesture.ts'

export async function pan(gesture: Gesture): Promise<void> {
  const viewport = useViewport()
  const start = viewport.view
  if (!start) return
  const { press, moves } = gesture

  // What comes to the middle lies as far from it as the hand went, on the other side.
  for await (const { viewer } of moves)
    viewport.controls?.panTo(
      viewerToLevel0(start, {
        x: start.width / 2 - (viewer.x - press.viewer.x),
        y: start.height / 2 - (viewer.y - press.viewer.y),
      }),
      true,
    )
}
