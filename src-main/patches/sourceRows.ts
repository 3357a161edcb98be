/** Identities of patch sources in the database. */
import { v7 as uuidv7 } from 'uuid'
import { SourceId } from '../../src-shared/ids.ts'
import type { WritableDb } from '../store/database.ts'

/** A new identity for a grid or a set. @returns also sources.seq */
export function insertSource(db: WritableDb, kind: 'grid' | 'set'): { seq: number; id: SourceId } {
  const id = SourceId.parse(uuidv7())
  const { rowid } = db.run('INSERT INTO sources (id, kind, created_at) VALUES (@id, @kind, @at)', {
    id,
    kind,
    at: Date.now(),
  })
  return { seq: rowid, id }
}
