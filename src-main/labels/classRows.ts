/** Classes in the database. A deleted class keeps its row and its number, because the log names it. */
import { ClassId } from '../../src-shared/ids.ts'
import type { PatchClass } from '../../src-shared/labels.ts'
import type { ReadableDb } from '../store/database.ts'

type ClassRow = { number: number; id: string; name: string; colour: string; key: string | null }

const fromRow = (row: ClassRow): PatchClass => ({ ...row, id: ClassId.parse(row.id) })

export const listClasses = (db: ReadableDb): PatchClass[] =>
  db.all<ClassRow>('SELECT number, id, name, colour, key FROM classes WHERE deleted = 0 ORDER BY number').map(fromRow)

/** The number the next new class gets: one more than any class ever had. */
export function nextClassNumber(db: ReadableDb): number {
  const used = db.get<{ seq: number }>(`SELECT seq FROM sqlite_sequence WHERE name = 'classes'`)
  return (used?.seq ?? 0) + 1
}
