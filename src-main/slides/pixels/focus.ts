/**
 * How sharp a patch is: the variance of the Laplacian of its brightness. Edges that are out of focus have little curvature.
 *
 *   L[y, x] = 4 · Y[y, x] − Y[y, x − 1] − Y[y, x + 1] − Y[y − 1, x] − Y[y + 1, x]        sharpness = Var L
 *
 * It grows with the contrast of the stain as well, so that it is compared within a slide and not between slides.
 *
 * @see Pech-Pacheco et al., Diatom autofocusing in brightfield microscopy, ICPR 2000; as “LAPV” among the best of
 * Pertuz et al., Analysis of focus measure operators, Pattern Recognition 46 (2013)
 */
import { type GridGeometry } from '../../../src-shared/patches.ts'
import type { SlideSource } from '../formats/slideSource.ts'
import { readGridPatches } from './gridPatches.ts'
import { toGrey } from './patchPixels.ts'

/** @param grey brightness, 0 … 255: [height, width], at least 3 × 3 @returns grey levels², 0 for one colour all over */
export function sharpnessOf(grey: Uint8Array, width: number): number {
  const height = grey.length / width
  let [sum, squares] = [0, 0]
  for (let y = 1; y < height - 1; y++)
    for (let i = y * width + 1; i < (y + 1) * width - 1; i++) {
      const laplacian = 4 * grey[i]! - grey[i - 1]! - grey[i + 1]! - grey[i - width]! - grey[i + width]!
      sum += laplacian
      squares += laplacian * laplacian
    }
  const count = (width - 2) * (height - 2)
  return squares / count - (sum / count) ** 2
}

/**
 * @param edgePx px each patch is read at, the same for all that are compared
 * @returns [patch], in the order of `patches`; NaN for those that meet a damaged tile
 * @throws {TesseraError} SLIDE_BROKEN, SLIDE_READ_FAILED, FILE_NOT_FOUND
 */
export async function gridSharpness(
  source: SlideSource,
  grid: GridGeometry,
  patches: Uint32Array,
  edgePx: number,
): Promise<Float32Array> {
  const sharpness = new Float32Array(patches.length).fill(Number.NaN)
  const bytes = edgePx * edgePx * 3
  await readGridPatches(source, grid, patches, edgePx, {
    put(places, rgb) {
      for (const [i, place] of places.entries())
        sharpness[place] = sharpnessOf(toGrey(rgb.subarray(i * bytes, (i + 1) * bytes)), edgePx)
      return Promise.resolve()
    },
    leaveOut: () => undefined,
  })
  return sharpness
}
