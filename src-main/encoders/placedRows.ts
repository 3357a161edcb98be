/**
 * Which patches of which grid rows of features are, from nothing but the coordinates of their corners: other programs write
 * where a patch lies, Tessera counts patches of a grid.
 */
import { tesseraError } from '../../src-shared/errors.ts'
import { type GridGeometry, GridParams, patchAtCell, patchCount, type Size } from '../../src-shared/patches.ts'
import { type MicronPerPx, micronPerPx } from '../../src-shared/units.ts'

/** Rows of a file: coords [row, 2], x and y of the top left corner; edges in level-0 px and in px as the encoder saw them. */
export type PlacedRows = { file: string; coords: Uint32Array; edgeLevel0: number; edgePx: number | null }

/** The patch of each row on a grid; null when the grid is another one. */
export function patchesOnGrid({ coords, edgeLevel0 }: PlacedRows, grid: GridGeometry): Uint32Array | null {
  if (grid.edgeX !== edgeLevel0 || grid.edgeY !== edgeLevel0 || patchCount(grid) === 0) return null
  const patches = new Uint32Array(coords.length / 2)
  for (let row = 0; row < patches.length; row++) {
    const column = (coords[2 * row]! - grid.offsetX) / grid.strideX
    const line = (coords[2 * row + 1]! - grid.offsetY) / grid.strideY
    if (!Number.isInteger(column) || !Number.isInteger(line)) return null
    if (column < 0 || line < 0 || column >= grid.columns || line >= grid.rows) return null
    patches[row] = patchAtCell(grid, column, line)
  }
  return patches
}

/**
 * The numbers of the grid rows lie on: its stride is the largest length that all distances between them are multiples of.
 * @throws {TesseraError} FEATURES_NOT_PLACED when they lie on no grid
 */
export function gridOfRows({ file, coords, edgeLevel0, edgePx }: PlacedRows, mpp: MicronPerPx): GridParams {
  let [left, top, stride] = [Infinity, Infinity, 0]
  for (let i = 0; i < coords.length; i += 2) {
    left = Math.min(left, coords[i]!)
    top = Math.min(top, coords[i + 1]!)
  }
  for (let i = 0; i < coords.length; i += 2)
    stride = greatestDivisor(greatestDivisor(stride, coords[i]! - left), coords[i + 1]! - top)
  if (stride === 0) stride = edgeLevel0 // one patch alone
  if (stride * LEAST_STRIDES < edgeLevel0)
    throw notPlaced(
      file,
      `the corners of its patches lie on no grid: ${stride} px is the only distance they have in common, with patches of ${edgeLevel0} px`,
    )
  const lengths = { edgePx: edgeLevel0, stridePx: stride, offsetXPx: left % stride, offsetYPx: top % stride }
  const scale = edgePx === null ? 1 : edgeLevel0 / edgePx
  const seen = Object.entries(lengths).map(([name, px]) => [name, px / scale] as const)
  // As the encoder saw the patches, where that comes out even; else in px of the slide.
  const params = seen.every(([, px]) => Number.isInteger(px))
    ? { ...Object.fromEntries(seen), mpp: micronPerPx(mpp * scale) }
    : { ...lengths, mpp }
  const possible = GridParams.safeParse(params)
  if (possible.success) return possible.data
  throw notPlaced(file, `a grid can not have patches of ${edgeLevel0} px every ${stride} px`)
}

/** Patches overlap by less than this many to an edge; else their corners lie anywhere. */
const LEAST_STRIDES = 16

function greatestDivisor(a: number, b: number): number {
  while (b !== 0) [a, b] = [b, a % b]
  return a
}

/** @throws {TesseraError} FEATURES_NOT_PLACED when two rows are of one patch */
export function refuseTwice({ file, coords }: PlacedRows): void {
  const seen = new Set<string>()
  for (let i = 0; i < coords.length; i += 2) {
    const corner = `${coords[i]}, ${coords[i + 1]}`
    if (seen.has(corner)) throw notPlaced(file, `row ${i / 2} is of the patch at ${corner}, as an earlier row is`)
    seen.add(corner)
  }
}

/** Whether every patch lies on a slide of this size, level-0 px. */
export function liesWithin({ coords, edgeLevel0 }: PlacedRows, { width, height }: Size): boolean {
  for (let i = 0; i < coords.length; i += 2)
    if (coords[i]! + edgeLevel0 > width || coords[i + 1]! + edgeLevel0 > height) return false
  return true
}

const notPlaced = (file: string, reason: string) =>
  tesseraError('FEATURES_NOT_PLACED', `The features in “${file}” can not be laid on the slide: ${reason}.`, {
    file,
    reason,
  })
