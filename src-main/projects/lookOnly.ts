/**
 * The database of a project that is only looked at: read where it lies, or from a copy where it can not be.
 *
 * A copy is needed in two cases. The schema is an older one, so that what newer rooms read is not there, and bringing it
 * up to date in place is not ours to do. Or SQLite can not read it in place, because the folder can not be written to and
 * a database with a write-ahead log wants two files beside it.
 */
import { accessSync, constants, copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type Database from 'better-sqlite3'
import { fileError, systemCode } from '../files/fileErrors.ts'
import { connectSqlite } from '../store/database.ts'
import { migrate, schemaVersion } from '../store/migrate.ts'
import { migrations } from '../store/migrations/index.ts'

type Looked = {
  sqlite: Database.Database
  /** Closes it, and deletes the copy, if there is one. */
  end(): void
}

/** What SQLite says of a database that it could read if it could write beside it. */
const wantsToWrite = new Set([
  'SQLITE_CANTOPEN',
  'SQLITE_READONLY',
  'SQLITE_READONLY_DIRECTORY',
  'SQLITE_READONLY_CANTINIT',
])

export function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK)
    return true
  } catch {
    return false
  }
}

/** @throws {TesseraError} DISK_FULL when there is no room for a copy; what SQLite says of a broken file */
export function lookAt(file: string): Looked {
  const sqlite = connectSqlite(file, { readonly: true })
  let inPlace = false
  try {
    const found = schemaVersion(sqlite)
    // an empty one is broken, and a newer one can not be read: both are told by who asked
    inPlace = found === 0 || found >= migrations.length
    if (inPlace) return { sqlite, end: () => void sqlite.close() }
    return ofCopy((copy) => void sqlite.prepare('VACUUM INTO ?').run(copy))
  } catch (error) {
    if (!wantsToWrite.has(systemCode(error) ?? '') || isWritable(path.dirname(file))) throw error
    // nobody on this machine can write to it either: its files do not change while they are copied
    return ofCopy((copy) => {
      for (const suffix of ['', '-wal']) if (existsSync(file + suffix)) copyFileSync(file + suffix, copy + suffix)
    })
  } finally {
    if (!inPlace) sqlite.close()
  }
}

/** @param fill writes the database to the path it is given */
function ofCopy(fill: (copy: string) => void): Looked {
  const folder = mkdtempSync(path.join(tmpdir(), 'tessera-look-'))
  const copy = path.join(folder, 'project.sqlite')
  const end = (): void => rmSync(folder, { recursive: true, force: true })
  let sqlite: Database.Database | undefined
  try {
    fill(copy)
    sqlite = connectSqlite(copy)
    if (schemaVersion(sqlite) > 0 && schemaVersion(sqlite) < migrations.length)
      migrate(sqlite, copy, migrations, () => {})
  } catch (error) {
    if (sqlite?.open) sqlite.close()
    end()
    throw systemCode(error)?.startsWith('SQLITE_') ? error : fileError(copy, error)
  }
  const opened = sqlite
  return {
    sqlite: opened,
    end() {
      opened.close()
      end()
    },
  }
}
