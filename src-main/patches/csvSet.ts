/** A list as a patch set: CSV with the columns file,label[,slide,case]; files are named from the folder of the list. */
import { stat } from 'node:fs/promises'
import path from 'node:path'
import type { MicronPerPx } from '../../src-shared/units.ts'
import { readCsv } from '../files/readCsv.ts'
import type { SlideReader } from '../slides/reader.ts'
import { setBroken } from '../slides/setErrors.ts'
import type { NewPatchSet, NewSetRow } from './patchSetRows.ts'
import { emptySet, MOST_ROWS, sharedFacts } from './setPicturesFacts.ts'

/** @throws {TesseraError} FILE_NOT_FOUND and the like; PATCH_SET_EMPTY; PATCH_SET_BROKEN naming the line */
export async function readCsvSet(batch: SlideReader, list: string, mpp: MicronPerPx | null): Promise<NewPatchSet> {
  const rows = await readRows(list)
  if (rows.length === 0) throw emptySet(list, 'the list has no rows below its header')
  const { unfit, ...facts } = await sharedFacts(
    batch,
    list,
    rows.map((row) => path.resolve(path.dirname(list), row.file)),
  )
  return {
    name: path.parse(list).name,
    origin: 'csv',
    location: list,
    ...facts,
    mpp,
    casesKnown: rows.every((row) => row.caseName !== null),
    rows: rows.map((row, i) => ({ ...row, unfit: unfit[i]! })),
  }
}

type ListRow = Omit<NewSetRow, 'unfit'> & { file: string }

async function readRows(list: string): Promise<ListRow[]> {
  const broken = (line: number | null, reason: string) => setBroken(list, line, reason)
  const folder = path.dirname(list)
  const lines = new Map<string, number>()
  const rows: ListRow[] = []
  for await (const { line, record } of readCsv(list, broken)) {
    const { file, label, slide, case: caseName } = record
    for (const [column, value] of Object.entries({ file, label }))
      if (value === undefined) throw broken(1, `the column “${column}” is missing; it needs file,label[,slide,case]`)
    if (!file) throw broken(line, 'it names no file')
    const place = path.resolve(folder, file)
    const before = lines.get(place)
    if (before !== undefined) throw broken(line, `“${file}” is already in line ${before}`)
    const facts = await stat(place).catch(() => null) // whatever the reason, the picture is not there to be read
    if (!facts?.isFile())
      throw broken(line, `there is no file “${file}” (files are looked for from the folder of the list)`)
    if (rows.length >= MOST_ROWS) throw broken(line, `at most ${MOST_ROWS} rows are possible`)
    lines.set(place, line)
    rows.push({ file, label: label || null, slide: slide || null, caseName: caseName || null })
  }
  return rows
}
