/**
 * Painting labels: a click labels the patch under the pointer, a drag the patches along its way. Class 0 erases.
 *
 * The way of one label starts here: → commands/assignLabel.ts → stores/labels.ts → `labels.assign`.
 */
import { startLabelling } from '../commands/assignLabel.ts'
import { useOverlay } from '../stores/overlay.ts'
import type { Gesture } from './gesture.ts'
import { patchesAlong } from './patchesAlong.ts'

export async function paintLabel(gesture: Gesture, classNumber: number): Promise<void> {
  const labelling = startLabelling(classNumber)
  if (!labelling) return
  const { grid, paint } = labelling
  const { brush } = useOverlay()

  let at = gesture.press.slide
  paint(patchesAlong(grid, at, at, brush))

  for await (const { slide: to } of gesture.moves) {
    paint(patchesAlong(grid, at, to, brush))
    at = to
  }

  if (gesture.dropped) labelling.drop()
  else await labelling.commit()
}
