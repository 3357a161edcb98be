/**
 * One texel for each patch of a grid, drawn as one picture: a million patches cost as much as one.
 *
 * In: pixels by patch. Out: cells of the grid, coloured. Kept in sheets, because a canvas can not be as wide as a grid.
 */
import type { GridGeometry } from '../../../src-shared/patches.ts'
import { patchCount } from '../../../src-shared/patches.ts'
import { firstCell, level0RectToAligned } from '../coordinates.ts'
import type { Frame } from './layer.ts'

/** texels */
const SHEET = 4096

interface Sheet {
  canvas: OffscreenCanvas
  g: OffscreenCanvasRenderingContext2D
  column: number
  row: number
}

export class TexelMap {
  /** [patch] see colourTables.ts */
  readonly pixels: Uint32Array
  readonly #grid: GridGeometry
  readonly #image: ImageData
  readonly #sheets: Sheet[] = []

  constructor(grid: GridGeometry) {
    this.#grid = grid
    this.#image = new ImageData(grid.columns, grid.rows)
    this.pixels = new Uint32Array(this.#image.data.buffer, 0, patchCount(grid))
    for (let row = 0; row < grid.rows; row += SHEET)
      for (let column = 0; column < grid.columns; column += SHEET) {
        const canvas = new OffscreenCanvas(Math.min(SHEET, grid.columns - column), Math.min(SHEET, grid.rows - row))
        this.#sheets.push({ canvas, g: canvas.getContext('2d')!, column, row })
      }
  }

  /** Takes over `pixels`, all of them or those of some patches. */
  update(patches?: ArrayLike<number>): void {
    const { columns, rows } = this.#grid
    let [left, top, right, bottom] = [0, 0, columns - 1, rows - 1]
    if (patches) {
      if (patches.length === 0) return
      ;[left, top, right, bottom] = [columns, rows, 0, 0]
      for (let i = 0; i < patches.length; i++) {
        const column = patches[i]! % columns
        const row = (patches[i]! / columns) | 0
        if (column < left) left = column
        if (column > right) right = column
        if (row < top) top = row
        if (row > bottom) bottom = row
      }
    }
    for (const { g, canvas, column, row } of this.#sheets) {
      const x = Math.max(left, column)
      const y = Math.max(top, row)
      const width = Math.min(right + 1, column + canvas.width) - x
      const height = Math.min(bottom + 1, row + canvas.height) - y
      if (width > 0 && height > 0) g.putImageData(this.#image, -column, -row, x, y, width, height)
    }
  }

  draw({ g, view }: Frame, alpha: number): void {
    const { x, y, width, height } = level0RectToAligned(view, firstCell(this.#grid))
    g.save()
    g.globalAlpha = alpha
    // Cells smaller than a pixel are averaged; larger ones keep their edges.
    g.imageSmoothingEnabled = Math.min(width, height) < 1
    g.imageSmoothingQuality = 'medium'
    for (const { canvas, column, row } of this.#sheets)
      g.drawImage(canvas, x + column * width, y + row * height, canvas.width * width, canvas.height * height)
    g.restore()
  }
}

/** Whether every point of the grid belongs to a patch: then a cell may be drawn for its patch. */
export const isClosed = (grid: GridGeometry): boolean => grid.edgeX >= grid.strideX && grid.edgeY >= grid.strideY
