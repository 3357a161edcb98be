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

/**
 * CSS px of a texel below which one that is twice as large is drawn. A browser that is left to shrink a picture well makes
 * all its smaller ones anew for every frame: 10 ms for a million texels.
 */
const SMALLEST_TEXEL = 0.5

interface Sheet {
  canvas: OffscreenCanvas
  g: OffscreenCanvasRenderingContext2D
  column: number
  row: number
  /** 2 × 2 texels in one, made when first drawn so small; null = to be made anew */
  half: Texels | null
}

type Texels = Pick<Sheet, 'canvas' | 'half'>

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
        this.#sheets.push({ canvas, g: canvas.getContext('2d')!, column, row, half: null })
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
    for (const sheet of this.#sheets) {
      const { g, canvas, column, row } = sheet
      const x = Math.max(left, column)
      const y = Math.max(top, row)
      const width = Math.min(right + 1, column + canvas.width) - x
      const height = Math.min(bottom + 1, row + canvas.height) - y
      if (width <= 0 || height <= 0) continue
      g.putImageData(this.#image, -column, -row, x, y, width, height)
      sheet.half = null
    }
  }

  draw({ g, view }: Frame, alpha: number): void {
    const { x, y, width, height } = level0RectToAligned(view, firstCell(this.#grid))
    g.save()
    g.globalAlpha = alpha
    // Cells smaller than a pixel are averaged; larger ones keep their edges.
    const smaller = Math.min(width, height)
    g.imageSmoothingEnabled = smaller < 1
    g.imageSmoothingQuality = 'low'
    const halvings = smaller < SMALLEST_TEXEL ? Math.ceil(Math.log2(SMALLEST_TEXEL / smaller)) : 0
    for (const sheet of this.#sheets) {
      const { canvas, column, row } = sheet
      g.drawImage(
        halved(sheet, halvings),
        0,
        0,
        canvas.width / 2 ** halvings,
        canvas.height / 2 ** halvings,
        x + column * width,
        y + row * height,
        canvas.width * width,
        canvas.height * height,
      )
    }
    g.restore()
  }
}

/** A sheet whose texels stand for 2^times × 2^times each: their mean, by halving it so often. */
function halved(texels: Texels, times: number): OffscreenCanvas {
  let now = texels
  for (let i = 0; i < times; i++) {
    const { canvas } = now
    now.half ??= { canvas: halfOf(canvas), half: null }
    now = now.half
  }
  return now.canvas
}

/** Smoothing takes the middle of 2 × 2 texels, which is their mean; an odd edge is covered by half. */
function halfOf(canvas: OffscreenCanvas): OffscreenCanvas {
  const half = new OffscreenCanvas(Math.ceil(canvas.width / 2), Math.ceil(canvas.height / 2))
  const g = half.getContext('2d')!
  g.imageSmoothingQuality = 'low'
  g.drawImage(canvas, 0, 0, canvas.width / 2, canvas.height / 2)
  return half
}

/** Whether every point of the grid belongs to a patch: then a cell may be drawn for its patch. */
export const isClosed = (grid: GridGeometry): boolean => grid.edgeX >= grid.strideX && grid.edgeY >= grid.strideY
