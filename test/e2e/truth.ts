/** What the cells of the sample mosaic truly are. */
import { readFileSync } from 'node:fs'
import { parse } from 'csv-parse/sync'
import { MOSAIC_TRUTH } from '../fixtures/samples.ts'
import type { Cell } from './tesseraWindow.ts'

const rows = parse(readFileSync(MOSAIC_TRUTH), { columns: true }) as { col: string; row: string; label: string }[]

export const cellsOf = (label: 'tumor' | 'normal' | 'background'): Cell[] =>
  rows.filter((each) => each.label === label).map((each) => [Number(each.col), Number(each.row)] as const)
