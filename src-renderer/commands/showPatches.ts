/** Going where something is: the slide of a patch, and the patch to the centre of the view. */
import type { SourceId } from '../../src-shared/ids.ts'
import type { Change } from '../../src-shared/labels.ts'
import { type Grid, patchRect, type Rect } from '../../src-shared/patches.ts'
import { level0Px } from '../../src-shared/units.ts'
import { useFaults } from '../stores/faults.ts'
import { useGallery } from '../stores/gallery.ts'
import { useMap } from '../stores/map.ts'
import { usePatches } from '../stores/patches.ts'
import { useViewport } from '../stores/viewport.ts'
import { isPartlySeen } from '../viewer/coordinates.ts'
import { showSet } from './gallery.ts'

/** Enough to say where a gesture was; a gesture on 100,000 patches needs no exact frame. */
const PATCHES_LOOKED_AT = 5000

/** The rectangle around patches, level-0 px. */
function rectAround(grid: Grid, patches: ArrayLike<number>): Rect | null {
  if (patches.length === 0) return null
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity]
  for (let i = 0; i < Math.min(patches.length, PATCHES_LOOKED_AT); i++) {
    const rect = patchRect(grid, patches[i]!)
    left = Math.min(left, rect.x)
    top = Math.min(top, rect.y)
    right = Math.max(right, rect.x + rect.width)
    bottom = Math.max(bottom, rect.y + rect.height)
  }
  return { x: level0Px(left), y: level0Px(top), width: level0Px(right - left), height: level0Px(bottom - top) }
}

/** Opens the slide of some patches, with their grid, and brings them to the centre; or selects them in their set. */
export async function showPatches(source: SourceId, patches: ArrayLike<number>): Promise<void> {
  const rooms = usePatches()
  if (rooms.sourceById(source)?.kind === 'set') {
    await showSet(source, Array.from(patches))
    return
  }
  const grid = rooms.gridById(source)
  const rect = grid && rectAround(grid, patches)
  if (!grid || !rect) return
  if (!grid.active)
    await useFaults().attempt('viewer', 'The grid of these patches can not be shown.', () => rooms.activate(source))
  const viewport = useViewport()
  viewport.open(grid.slide, rect)
  viewport.patch = patches.length === 1 ? patches[0]! : null
  await selectCards(source, patches)
}

/** The cards of patches, where the gallery shows their slide. */
async function selectCards(source: SourceId, patches: ArrayLike<number>): Promise<void> {
  const gallery = useGallery()
  await gallery.whenLoaded()
  if (gallery.grid?.id === source) gallery.select(Array.from(patches))
}

/** The slide beside its cards goes to the one that keys act from. */
export function followCard(): void {
  const { grid, beside, current } = useGallery()
  const viewport = useViewport()
  if (!grid || current === null) return
  viewport.patch = current
  if (beside) viewport.controls?.centreOn(patchRect(grid, current))
}

/** After undo and redo: goes to where the change was, unless it is in view already. */
export async function showChange(change: Change): Promise<void> {
  const { openGrid, openSet, sourceById } = usePatches()
  const diffs = change.labels.filter(({ source, patch }) => patch.length > 0 && sourceById(source))
  const diff = diffs.find(({ source }) => source === openGrid?.id || source === openSet?.id) ?? diffs[0]
  if (diff) {
    // On the map the change is seen as it is: the slide stays where it was looked at.
    if (useMap().open) return
    if (!isInView(diff.source, diff.patch)) await showPatches(diff.source, diff.patch)
    else await selectCards(diff.source, diff.patch)
  } else if (change.gesture.slide) useViewport().open(change.gesture.slide)
}

function isInView(source: SourceId, patches: ArrayLike<number>): boolean {
  const { view, slideId } = useViewport()
  const grid = usePatches().gridById(source)
  const rect = grid && rectAround(grid, patches)
  if (!view || !rect || grid.slide !== slideId || !grid.active) return false
  return isPartlySeen(view, rect)
}
