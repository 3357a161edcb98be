/** The overlay of a prediction run as pixels: one texel for each patch, true probabilities on a fixed 0 to 1 scale. Pure. */
import { columnOf, type GridGeometry, rowOf } from '../../src-shared/patches.ts'
import { mostProbable } from '../../src-shared/predictions.ts'
import type { Colour } from '../../src-shared/labels.ts'
import { viridis } from '../../src-shared/viridis.ts'
import { rgb } from './geoJson.ts'
import type { Predicted } from './patchTable.ts'

/**
 * @param shown index of the class whose probability is drawn; null = the most probable class in its colour
 * @param opacity 0 … 1
 * @returns RGBA [row, column, 4]; patches without a prediction are transparent
 */
export function overlayTexels(
  grid: GridGeometry,
  predicted: Predicted,
  shown: number | null,
  opacity: number,
): Uint8Array {
  const { run, patch, probabilities } = predicted
  const classes = run.classes.length
  const colours = run.classes.map((each: { colour: Colour }) => rgb(each.colour))
  const texels = new Uint8Array(grid.columns * grid.rows * 4)
  for (const [i, index] of patch.entries()) {
    const at = (rowOf(grid, index) * grid.columns + columnOf(grid, index)) * 4
    const colour =
      shown === null ? colours[mostProbable(probabilities, i, classes)]! : viridis(probabilities[i * classes + shown]!)
    texels.set(colour, at)
    texels[at + 3] = Math.round(255 * opacity)
  }
  return texels
}
