/** Labelling a rectangle: every patch whose centre lies in it, on release. Patches that are not tissue are left alone. */
import { patchesIn } from '../../src-shared/patches.ts'
import { startLabelling } from '../commands/assignLabel.ts'
import { usePatches } from '../stores/patches.ts'
import { useViewport } from '../stores/viewport.ts'
import { rectBetween } from '../viewer/coordinates.ts'
import type { Gesture } from './gesture.ts'

export async function paintRectangle(gesture: Gesture, classNumber: number): Promise<void> {
  const labelling = startLabelling(classNumber)
  if (!labelling) return
  const viewport = useViewport()
  const corner = gesture.press.slide
  let rectangle = rectBetween(corner, corner)

  for await (const { slide } of gesture.moves) {
    rectangle = rectBetween(corner, slide)
    viewport.rectangle = rectangle
  }

  viewport.rectangle = null
  if (gesture.dropped) {
    labelling.drop()
    return
  }
  const tissue = usePatches().masks.get(labelling.grid.id)?.inside
  labelling.paint(patchesIn(labelling.grid, rectangle).filter((patch) => !tissue || tissue[patch] === 1))
  await labelling.commit()
}
