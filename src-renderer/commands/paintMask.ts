/** From a gesture on the slide to a tissue mask painted by hand. Before: tools/paintMask.ts. After: stores/maskBrush.ts. */
import { tesseraError } from '../../src-shared/errors.ts'
import type { Grid } from '../../src-shared/patches.ts'
import { useFaults } from '../stores/faults.ts'
import { useMaskBrush } from '../stores/maskBrush.ts'
import { usePatches } from '../stores/patches.ts'
import { useViewport } from '../stores/viewport.ts'

/** One gesture in progress: painted at once, on disk when committed. */
export interface MaskPainting {
  readonly grid: Grid
  paint(patches: Iterable<number>): void
  commit(): Promise<void>
  drop(): void
}

/** Begins a gesture on the open slide. When nothing can be painted it says why, over the slide. @returns null then */
export function startMaskPainting(tissue: boolean): MaskPainting | null {
  const patches = usePatches()
  const brush = useMaskBrush()
  const grid = patches.openGrid
  const isTried = patches.preview !== null && patches.preview.grid === grid?.id
  const stroke = grid && !isTried ? brush.begin(grid.id, tissue) : null
  if (!grid || !stroke) {
    const name = useViewport().slide?.name ?? ''
    const why = isTried
      ? 'Other tissue settings are being tried. Apply or cancel them, then paint.'
      : `“${name}” has no tissue mask that could be painted over. Find its tissue first, under Label → Tissue.`
    useFaults().report('viewer', 'Nothing was painted.', tesseraError('MASK_NEEDED', why, { slide: name }))
    return null
  }
  return {
    grid,
    paint: (painted) => brush.paint(stroke, painted),
    commit: () => brush.commit(stroke),
    drop: () => brush.drop(stroke),
  }
}
