/**
 * Labels from one grid of a slide to another. Pure geometry.
 *
 * A new patch takes the class that covers most of it, if labels of that class cover at least half of it. Cover is
 * measured on a lattice of points inside the new patch: a point belongs to the old patch whose centre is nearest, the
 * same rule as for a click, so that overlapping old patches are not counted twice.
 */
import { type GridGeometry, patchAt, patchesIn, patchRect, type Rect } from '../../src-shared/patches.ts'
import { level0Px } from '../../src-shared/units.ts'

/** Points along each edge of a patch: cover is known to 1/64. */
const LATTICE = 8

export type Carried = {
  /** patches of the new grid */
  patch: Uint32Array
  /** their class numbers */
  class: Uint16Array
  /** labelled patches of the old grid that reach no new patch */
  lost: number
}

/**
 * @param labels class number of each patch of `from`, 0 = unlabelled
 */
export function carryLabels(from: GridGeometry, to: GridGeometry, labels: Readonly<Uint16Array>): Carried {
  const classes = new Map<number, number>()
  const reached = new Set<number>()
  const considered = new Set<number>()
  let labelled = 0
  for (let old = 0; old < labels.length; old++) {
    if (labels[old] === 0) continue
    labelled++
    for (const patch of patchesIn(to, around(patchRect(from, old), to))) {
      if (considered.has(patch)) continue
      considered.add(patch)
      const vote = majority(from, patchRect(to, patch), labels)
      if (vote === null) continue
      classes.set(patch, vote.class)
      for (const each of vote.from) reached.add(each)
    }
  }
  const patches = [...classes.keys()].toSorted((a, b) => a - b)
  return {
    patch: Uint32Array.from(patches),
    class: Uint16Array.from(patches, (patch) => classes.get(patch)!),
    lost: labelled - reached.size,
  }
}

/** The rectangle in which the centres of all patches of `grid` lie that touch `rect`. */
function around(rect: Rect, grid: GridGeometry): Rect {
  return {
    x: level0Px(rect.x - grid.edgeX / 2),
    y: level0Px(rect.y - grid.edgeY / 2),
    width: level0Px(rect.width + grid.edgeX),
    height: level0Px(rect.height + grid.edgeY),
  }
}

function majority(
  from: GridGeometry,
  rect: Rect,
  labels: Readonly<Uint16Array>,
): { class: number; from: Set<number> } | null {
  const points = new Map<number, number>()
  const sources = new Map<number, Set<number>>()
  for (let row = 0; row < LATTICE; row++)
    for (let column = 0; column < LATTICE; column++) {
      const x = rect.x + ((column + 0.5) * rect.width) / LATTICE
      const y = rect.y + ((row + 0.5) * rect.height) / LATTICE
      const old = patchAt(from, x, y)
      const label = old === null ? 0 : labels[old]!
      if (old === null || label === 0) continue
      points.set(label, (points.get(label) ?? 0) + 1)
      sources.set(label, (sources.get(label) ?? new Set()).add(old))
    }
  let best: number | null = null
  for (const [label, count] of points) if (best === null || count > points.get(best)!) best = label
  if (best === null || points.get(best)! * 2 < LATTICE * LATTICE) return null
  return { class: best, from: sources.get(best)! }
}
