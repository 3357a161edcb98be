/** Panning: the slide follows the pointer. */
import { level0Px } from '../../src-shared/units.ts'
import { useViewport } from '../stores/viewport.ts'
import type { Gesture } from './gesture.ts'

export async function pan(gesture: Gesture): Promise<void> {
  const viewport = useViewport()
  const start = viewport.view
  if (!start) return
  const { press, moves } = gesture
  const middle = {
    x: start.left + start.width / start.pxPerLevel0 / 2,
    y: start.top + start.height / start.pxPerLevel0 / 2,
  }

  for await (const { viewer } of moves)
    viewport.controls?.panTo(
      {
        x: level0Px(middle.x - (viewer.x - press.viewer.x) / start.pxPerLevel0),
        y: level0Px(middle.y - (viewer.y - press.viewer.y) / start.pxPerLevel0),
      },
      true,
    )
}
