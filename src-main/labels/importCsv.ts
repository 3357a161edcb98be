/**
 * Labels from a CSV file: `label` and `col,row` and / or `x,y` (level-0 px, top left of the patch), which must agree.
 * `x,y` of a file made for a program that crops to the slide's bounds count from their corner.
 */
import { tesseraError } from '../../src-shared/errors.ts'
import { type Grid, patchAtCell, patchRect } from '../../src-shared/patches.ts'
import { type CsvRow, readCsv } from '../files/readCsv.ts'
import { nameKey } from './importNames.ts'

export type CsvLabels = {
  patch: Uint32Array
  /** the name in the file, trimmed; '' = no label */
  name: string[]
}

/** An empty label, or one of these, means that nobody has said anything. */
const NO_LABEL = new Set(['', 'unlabelled', 'unlabeled'])

/**
 * @param origin level-0 px from which `x,y` of the file count
 * @throws {TesseraError} LABELS_FILE_INVALID with the line; FILE_NOT_FOUND, FILE_NO_PERMISSION, FILE_IS_DIRECTORY
 */
export async function readLabelsCsv(
  file: string,
  grid: Grid,
  origin: { x: number; y: number } = { x: 0, y: 0 },
): Promise<CsvLabels> {
  const patch: number[] = []
  const name: string[] = []
  const earlier = new Map<number, { name: string; line: number }>()
  const invalid = (line: number | null, reason: string) =>
    tesseraError(
      'LABELS_FILE_INVALID',
      `“${file}” ${line === null ? '' : `line ${line} `}could not be imported: ${reason}. Nothing was imported.`,
      {
        file,
        line,
        reason,
      },
    )

  for await (const { line, record } of readCsv(file, invalid)) {
    if (!('label' in record)) throw invalid(1, 'it has no column “label”')
    const given = record['label'] ?? ''
    const label = NO_LABEL.has(nameKey(given)) ? '' : given
    const of = patchOf(record, grid, origin, (reason) => invalid(line, reason))
    const before = earlier.get(of)
    if (before && nameKey(before.name) !== nameKey(label))
      throw invalid(line, `it says ${said(label)} of the patch that line ${before.line} says ${said(before.name)} of`)
    earlier.set(of, { name: label, line })
    patch.push(of)
    name.push(label)
  }
  if (patch.length === 0) throw invalid(null, 'it has no rows')
  return { patch: Uint32Array.from(patch), name }
}

const said = (name: string): string => (name === '' ? 'that nothing is known' : `“${name}”`)

function patchOf(
  record: CsvRow['record'],
  grid: Grid,
  origin: { x: number; y: number },
  invalid: (reason: string) => Error,
): number {
  const whole = (column: string): number | null => {
    const text = record[column]
    if (text === undefined || text === '') return null
    const value = Number(text)
    if (!Number.isInteger(value) || value < 0)
      throw invalid(`“${column}” is “${text}”, a whole number from 0 was expected`)
    return value
  }
  const [column, row, x, y] = [whole('col'), whole('row'), whole('x'), whole('y')]
  const cell = column !== null && row !== null ? { column, row } : null
  const corner = x !== null && y !== null ? { x: x + origin.x, y: y + origin.y } : null
  if ((column === null) !== (row === null) || (x === null) !== (y === null))
    throw invalid(
      'it gives only one of “col” and “row”, or of “x” and “y”; both are needed to say which patch is meant',
    )
  if (!cell && !corner) throw invalid('neither “col,row” nor “x,y” says which patch is meant')
  const found = cell ?? cellAtCorner(corner!, grid, invalid)
  if (found.column >= grid.columns || found.row >= grid.rows)
    throw invalid(
      `column ${found.column}, row ${found.row} lies outside the grid of ${grid.columns} × ${grid.rows} patches`,
    )
  const patch = patchAtCell(grid, found.column, found.row)
  if (cell && corner) {
    const rect = patchRect(grid, patch)
    if (rect.x !== corner.x || rect.y !== corner.y)
      throw invalid(
        `column ${cell.column}, row ${cell.row} begins at ${rect.x}, ${rect.y} px in this grid, but the line says x,y = ${corner.x}, ${corner.y}; perhaps the file was made for another patch size, stride or µm/px`,
      )
  }
  return patch
}

function cellAtCorner(corner: { x: number; y: number }, grid: Grid, invalid: (reason: string) => Error) {
  const column = (corner.x - grid.offsetX) / grid.strideX
  const row = (corner.y - grid.offsetY) / grid.strideY
  if (!Number.isInteger(column) || !Number.isInteger(row) || column < 0 || row < 0)
    throw invalid(
      `no patch of this grid begins at x,y = ${corner.x}, ${corner.y} px (patches begin every ${grid.strideX}, ${grid.strideY} px)`,
    )
  return { column, row }
}
