/**
 * SQLite as Tessera uses it: write-ahead log, every commit flushed to the disk (synchronous FULL), STRICT tables.
 *
 * Reading and writing have different types: a function that takes a `ReadableDb` can not change a label, checked by the
 * compiler. Each query is short, so it runs synchronously in the main process; one that takes over 40 ms is logged.
 */
import Database from 'better-sqlite3'
import { fileError, isNoSpace, systemCode } from '../files/fileErrors.ts'

declare const writable: unique symbol

type Value = string | number | bigint | Uint8Array | null
export type Row = Record<string, Value>

export interface ReadableDb {
  /** Every row of a query. Parameters are bound by name (`@name`). */
  all<R = Row>(sql: string, parameters?: Record<string, Value>): R[]
  /** The first row, or undefined. */
  get<R = Row>(sql: string, parameters?: Record<string, Value>): R | undefined
}

export interface WritableDb extends ReadableDb {
  readonly [writable]: true
  /** @returns the rowid of the last insert and the number of rows changed */
  run(sql: string, parameters?: Record<string, Value>): { rowid: number; changes: number }
  /** One statement for many rows. */
  runEach(sql: string, rows: Iterable<Record<string, Value>>): void
}

/** A query slower than this is worth a line in the log, ms (Signal's figure). */
const SLOW_MS = 40

export type SlowQuery = (name: string, milliseconds: number) => void

export interface Store {
  readonly file: string
  readonly read: ReadableDb
  /**
   * Everything `work` does is done, and on the disk, when this returns; or nothing of it is.
   * @param name what is done, for the log of slow transactions
   * @throws {TesseraError} DISK_FULL, FILE_NO_PERMISSION; whatever `work` throws
   */
  transaction<T>(name: string, work: (db: WritableDb) => T): T
  close(): void
}

/** better-sqlite3's database with the settings every connection of ours has. */
export function connectSqlite(file: string, options: { readonly?: boolean } = {}): Database.Database {
  let sqlite: Database.Database
  try {
    sqlite = new Database(file, { readonly: options.readonly ?? false, fileMustExist: options.readonly ?? false })
  } catch (error) {
    throw fileError(file, error)
  }
  try {
    sqlite.pragma('trusted_schema = OFF') // a crafted project file must not run functions from its schema
    sqlite.pragma('foreign_keys = ON')
    if (options.readonly) return sqlite
    sqlite.pragma('journal_mode = WAL')
    sqlite.pragma('synchronous = FULL')
    sqlite.pragma('fullfsync = ON') // macOS: fsync alone leaves the data in the drive's cache
    return sqlite
  } catch (error) {
    sqlite.close() // a broken file that is still open can not be set aside on Windows
    throw error
  }
}

/** A store over a connection that is already open. */
export function storeOver(sqlite: Database.Database, file: string, onSlow: SlowQuery = () => {}): Store {
  const statements = new Map<string, Database.Statement>()
  const prepare = (sql: string) => {
    let statement = statements.get(sql)
    if (!statement) {
      statement = sqlite.prepare(sql)
      statements.set(sql, statement)
    }
    return statement
  }
  const timed = <T>(name: string, work: () => T): T => {
    const start = performance.now()
    try {
      return work()
    } finally {
      const milliseconds = performance.now() - start
      if (milliseconds > SLOW_MS) onSlow(name, milliseconds)
    }
  }
  const read: ReadableDb = {
    all: (sql, parameters = {}) => timed(sql, () => prepare(sql).all(parameters)) as never,
    get: (sql, parameters = {}) => timed(sql, () => prepare(sql).get(parameters)) as never,
  }
  const write = {
    ...read,
    run(sql, parameters = {}) {
      const result = prepare(sql).run(parameters)
      return { rowid: Number(result.lastInsertRowid), changes: result.changes }
    },
    runEach(sql, rows) {
      const statement = prepare(sql)
      for (const row of rows) statement.run(row)
    },
  } as WritableDb

  return {
    file,
    read,
    transaction(name, work) {
      return timed(name, () => {
        try {
          return sqlite.transaction(() => work(write)).immediate()
        } catch (error) {
          throw isNoSpace(error) || systemCode(error) === 'SQLITE_READONLY' ? fileError(file, error) : error
        }
      })
    },
    close() {
      sqlite.close()
    },
  }
}
