/**
 * From a gesture on the slide, or a selection of the gallery, to labels on disk: the one way, for the brush, the
 * rectangle, keys and menus.
 *
 * Before: tools/paintLabel.ts. After: stores/labels.ts, `labels.assign`.
 */
import { UNLABELLED } from '../../src-shared/labels.ts'
import type { Grid } from '../../src-shared/patches.ts'
import { tesseraError } from '../../src-shared/errors.ts'
import { useFaults } from '../stores/faults.ts'
import { useGallery } from '../stores/gallery.ts'
import { useLabels } from '../stores/labels.ts'
import { useMap } from '../stores/map.ts'
import { usePatches } from '../stores/patches.ts'
import { useProject } from '../stores/project.ts'
import { useViewport } from '../stores/viewport.ts'

/** One gesture in progress: painted at once, on disk when committed. */
export interface Labelling {
  readonly grid: Grid
  paint(patches: Iterable<number>): void
  /** @returns whether it is on disk */
  commit(): Promise<boolean>
  drop(): void
}

/** Begins a gesture on the open slide. When nothing can be labelled it says why, over the slide. @returns null then */
export function startLabelling(classNumber: number): Labelling | null {
  const labels = useLabels()
  const grid = usePatches().openGrid
  const why = whyNot()
  if (why) {
    useFaults().report('viewer', 'Nothing was labelled.', why)
    return null
  }
  const stroke = grid && labels.begin(grid.id, classNumber)
  if (!grid || !stroke) return null
  return {
    grid,
    paint: (patches) => labels.paint(grid.id, stroke, patches),
    commit: () => labels.commit(grid.id, stroke),
    drop: () => labels.drop(grid.id, stroke),
  }
}

/** Labels the selected patches of the gallery (0 = clears them), as one gesture. In a batch, one card leads to the next. */
export async function labelSelection(classNumber: number): Promise<void> {
  const gallery = useGallery()
  const { source, selected } = gallery
  if (!source || selected.size === 0) return
  const why = whyNot()
  if (why) {
    useFaults().report('viewer', 'Nothing was labelled.', why)
    return
  }
  gallery.said = null
  const labelled = useLabels().assign(source.id, selected, classNumber)
  if (gallery.only && selected.size === 1 && classNumber !== UNLABELLED) gallery.move(1)
  await labelled
}

/** Labels the patches whose points are selected on the map (0 = clears them): of however many slides, one gesture. */
export async function labelPoints(classNumber: number): Promise<void> {
  const { table, selected } = useMap()
  if (!table || selected.size === 0) return
  const why = whyReadOnly()
  if (why) useFaults().report('map', 'Nothing was labelled.', why)
  else await useLabels().assignMany(table.bySource(selected), classNumber)
}

/** Labels one patch of the open slide (0 = clears it). */
export async function labelPatch(patch: number, classNumber: number): Promise<void> {
  const labelling = startLabelling(classNumber)
  labelling?.paint([patch])
  await labelling?.commit()
}

function whyReadOnly(): Error | null {
  const { readOnly } = useProject()
  return (
    readOnly &&
    tesseraError(
      'PROJECT_READ_ONLY',
      `The project is open for reading only: ${readOnly.holder} has it open. Close it there and open it here again.`,
      { folder: useProject().current?.folderName ?? '' },
    )
  )
}

function whyNot(): Error | null {
  const readOnly = whyReadOnly()
  const { slide } = useViewport()
  if (readOnly) return readOnly
  if (slide && !usePatches().openGrid)
    return tesseraError('SOURCE_UNKNOWN', `“${slide.name}” has no patches yet. Lay a grid under Label → Patches.`, {
      source: slide.name,
    })
  return null
}
