/** Who works on a project. A person is known by name; the name is asked for once and written into every gesture. */
import { v7 as uuidv7 } from 'uuid'
import type { WritableDb } from '../store/database.ts'

/** The row of a person, made when the name is new to this project. @returns people.seq */
export function ensurePerson(db: WritableDb, name: string): number {
  const known = db.get<{ seq: number }>('SELECT seq FROM people WHERE name = @name', { name })
  if (known) return known.seq
  return db.run('INSERT INTO people (id, name, created_at) VALUES (@id, @name, @at)', {
    id: uuidv7(),
    name,
    at: Date.now(),
  }).rowid
}
