/**
 * The eight symmetries of the square, D4: four turns, each as it is and mirrored. Tissue has no up or down, so each is as
 * good a view of a patch as any other.
 */
import type { PatchShape } from './patchShape.ts'

/** How to walk over the pixels of a patch so that it comes out mirrored and turned. Unit: pixels. */
export type Walk = { start: number; perRow: number; perColumn: number }

export type Symmetry = { leftRight: boolean; upDown: boolean; quarters: number }

/** A patch that is not square can only be turned by 180°; quarter turns of it count as the half turn below. */
export function walkOf({ leftRight, upDown, quarters }: Symmetry, { height, width }: PatchShape): Walk {
  const half = quarters >= 2
  // A turn by 90° is a transposition and a flip.
  const transposed = quarters % 2 === 1 && height === width
  const fromRight = leftRight !== half
  const fromBottom = (upDown !== half) !== transposed
  const start = (fromRight ? width - 1 : 0) + (fromBottom ? (height - 1) * width : 0)
  const right = fromRight ? -1 : 1
  const down = fromBottom ? -width : width
  return transposed ? { start, perRow: right, perColumn: down } : { start, perRow: down, perColumn: right }
}

/** Each symmetry once; of a patch that is not square the four that keep its shape. The first leaves it as it is. */
export const symmetriesOf = (shape: PatchShape): Walk[] =>
  (shape.height === shape.width ? [0, 1, 2, 3] : [0, 2]).flatMap((quarters) =>
    [false, true].map((leftRight) => walkOf({ leftRight, upDown: false, quarters }, shape)),
  )
