/** Picking a class: the class of the patch under the pointer becomes the active one, and the Label tool is in hand again. */
import { patchAt } from '../../src-shared/patches.ts'
import { UNLABELLED } from '../../src-shared/labels.ts'
import { useLabels } from '../stores/labels.ts'
import { usePatches } from '../stores/patches.ts'
import { useWindow } from '../stores/window.ts'
import type { Gesture } from './gesture.ts'

export async function pickClass(gesture: Gesture): Promise<void> {
  let at = gesture.press.slide
  for await (const { slide } of gesture.moves) at = slide
  const grid = usePatches().openGrid
  if (gesture.dropped || !grid) return

  const labels = useLabels()
  const patch = patchAt(grid, at.x, at.y)
  const number = patch === null ? UNLABELLED : (labels.shownOf(grid.id)?.[patch] ?? UNLABELLED)
  if (number === UNLABELLED) return
  labels.active = number
  useWindow().tool = 'label'
}
