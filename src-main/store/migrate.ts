/** Brings a database to the newest schema: small numbered steps, a backup before the first, refusal of a newer file. */
import type Database from 'better-sqlite3'
import { tesseraError } from '../../src-shared/errors.ts'

export type Migration = {
  /** 1, 2, 3 …; kept in the file as user_version */
  number: number
  name: string
  up: (sqlite: Database.Database) => void
}

export const schemaVersion = (sqlite: Database.Database): number =>
  sqlite.pragma('user_version', { simple: true }) as number

/**
 * @param beforeFirst called once before the first step of a file that already holds data: makes the backup
 * @throws {TesseraError} PROJECT_NEWER when the file was written by a newer Tessera; it is left untouched
 */
export function migrate(
  sqlite: Database.Database,
  file: string,
  migrations: readonly Migration[],
  beforeFirst: (from: number) => void,
): void {
  const found = schemaVersion(sqlite)
  const supported = migrations.length
  if (found > supported)
    throw tesseraError(
      'PROJECT_NEWER',
      `“${file}” was written by a newer Tessera (schema ${found}, this one knows ${supported}). Nothing was changed. Install the newer version to open it.`,
      { file, found, supported },
    )
  const missing = migrations.slice(found)
  if (missing.length === 0) return
  if (found > 0) beforeFirst(found)
  for (const migration of missing)
    sqlite
      .transaction(() => {
        migration.up(sqlite)
        sqlite.pragma(`user_version = ${migration.number}`)
      })
      .immediate()
}
