/** Cases: one patient's slides and patches. Validation is held out by case, so each slide has one from the start. */
import path from 'node:path'
import { v7 as uuidv7 } from 'uuid'
import { tesseraError } from '../../src-shared/errors.ts'
import { CaseId } from '../../src-shared/ids.ts'
import { readCsv } from '../files/readCsv.ts'
import type { ReadableDb, WritableDb } from '../store/database.ts'

export type Case = { seq: number; id: CaseId; name: string }

function findCase(db: ReadableDb, name: string): Case | null {
  const row = db.get<{ seq: number; id: string }>('SELECT seq, id FROM cases WHERE name = @name', { name })
  return row ? { seq: row.seq, id: CaseId.parse(row.id), name } : null
}

/** The case of that name, made when there is none. */
export function ensureCase(db: WritableDb, name: string): Case {
  const known = findCase(db, name)
  if (known) return known
  const id = CaseId.parse(uuidv7())
  const { rowid } = db.run('INSERT INTO cases (id, name, created_at) VALUES (@id, @name, @at)', {
    id,
    name,
    at: Date.now(),
  })
  return { seq: rowid, id, name }
}

/** A case of its own: never one that exists, because two files of one name need not be of one patient. */
export function ownCase(db: WritableDb, name: string): Case {
  return ensureCase(
    db,
    firstFree(name, (each) => findCase(db, each) !== null),
  )
}

/** `name`, or `name (2)`, `name (3)` … */
export function firstFree(name: string, isTaken: (name: string) => boolean): string {
  let free = name
  for (let i = 2; isTaken(free); i++) free = `${name} (${i})`
  return free
}

/**
 * Rows of a CSV with the columns `slide` and `case`.
 * @throws {TesseraError} FILE_BROKEN naming the line; FILE_NOT_FOUND and the like
 */
export async function readCasesCsv(file: string): Promise<{ slide: string; caseName: string }[]> {
  const broken = (line: number | null, reason: string) =>
    tesseraError(
      'FILE_BROKEN',
      `The list of cases${line === null ? '' : `, line ${line},`} can not be used: ${reason}. It needs the columns “slide” and “case”, separated by commas, semicolons or tabs.`,
      { file, reason },
    )
  const rows: { slide: string; caseName: string }[] = []
  for await (const { line, record } of readCsv(file, broken)) {
    const { slide, case: caseName } = record
    if (slide === undefined || caseName === undefined)
      throw broken(1, `the column “${slide === undefined ? 'slide' : 'case'}” is missing`)
    if (slide === '' || caseName === '') throw broken(line, slide === '' ? 'it names no slide' : 'it names no case')
    rows.push({ slide, caseName })
  }
  if (rows.length === 0) throw broken(null, 'it holds no slides')
  return rows
}

/**
 * Which slide a name in a list means: the slide of that name, or the only one whose file is called so; upper and lower
 * case do not matter.
 */
export function slideByName<T extends { name: string; absolutePath: string }>(
  slides: readonly T[],
  name: string,
): T | null {
  const wanted = name.toLowerCase()
  const named = slides.find((slide) => slide.name.toLowerCase() === wanted)
  if (named) return named
  const byFile = slides.filter(({ absolutePath }) => path.basename(absolutePath).toLowerCase() === wanted)
  return byFile.length === 1 ? byFile[0]! : null
}
