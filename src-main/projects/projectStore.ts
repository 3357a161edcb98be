/**
 * Opening the database of a project: lock, check, migrate, back up. A database that is broken is set aside under a name
 * that says so and never deleted; the way back is the newest backup.
 */
import { copyFileSync, existsSync, mkdirSync, readdirSync, renameSync, statSync } from 'node:fs'
import path from 'node:path'
import type Database from 'better-sqlite3'
import { v7 as uuidv7 } from 'uuid'
import { isTesseraError, messageOf, tesseraError } from '../../src-shared/errors.ts'
import { ProjectId } from '../../src-shared/ids.ts'
import type { Project } from '../../src-shared/projects.ts'
import { fileError } from '../files/fileErrors.ts'
import { backupFolder, makeBackup } from '../store/backups.ts'
import { connectSqlite, storeOver, type SlowQuery, type Store } from '../store/database.ts'
import { migrate, schemaVersion } from '../store/migrate.ts'
import { migrations } from '../store/migrations/index.ts'
import { databaseFile, exportsFolder, modelsFolder, predictionsFolder, runsFolder } from './folders.ts'
import { acquireLock, holderOf } from './lock.ts'
import { isWritable, lookAt } from './lookOnly.ts'

export interface ProjectStore {
  folder: string
  project: Project
  store: Store
  close(): void
}

export type OpenOptions = {
  /** What holds the lock, for the message of the next program. */
  who: string
  /** Look only: takes no lock, changes nothing, works while another program has the project open. */
  readonly?: boolean
  onSlow?: SlowQuery
  now?: () => Date
}

export const isProject = (folder: string): boolean => existsSync(databaseFile(folder)) || backupsOf(folder).length > 0

/** @throws {TesseraError} FILE_EXISTS when the folder already holds something */
export function createProject(
  folder: string,
  name: string,
  options: OpenOptions & { isSample?: boolean },
): ProjectStore {
  try {
    if (existsSync(folder) && readdirSync(folder).length > 0)
      throw tesseraError(
        'FILE_EXISTS',
        `The folder “${folder}” is not empty. A project needs a folder of its own; choose another name.`,
        { file: folder },
      )
    for (const inner of [
      folder,
      predictionsFolder(folder),
      modelsFolder(folder),
      runsFolder(folder),
      exportsFolder(folder),
    ])
      mkdirSync(inner, { recursive: true })
  } catch (error) {
    throw fileError(folder, error)
  }
  return underLock(folder, options, () => {
    const sqlite = connectSqlite(databaseFile(folder))
    migrate(sqlite, databaseFile(folder), migrations, () => {})
    sqlite
      .prepare('INSERT INTO project (id, name, is_sample, created_at) VALUES (?, ?, ?, ?)')
      .run(uuidv7(), name, options.isSample ? 1 : 0, (options.now?.() ?? new Date()).getTime())
    return sqlite
  })
}

/**
 * @throws {TesseraError} PROJECT_NOT_FOUND, PROJECT_LOCKED, PROJECT_NEWER; PROJECT_BROKEN after the database was set
 * aside: restoreBackup brings the newest backup in
 */
export function openProject(folder: string, options: OpenOptions): ProjectStore {
  const file = databaseFile(folder)
  if (!existsSync(file)) {
    if (backupsOf(folder).length > 0) throw brokenError(folder, null, 'its database is missing')
    throw tesseraError(
      'PROJECT_NOT_FOUND',
      `There is no Tessera project in “${folder}”. Choose the folder that holds “project.sqlite”, or create a project.`,
      { folder },
    )
  }
  if (options.readonly) return openToLook(folder, file, options)
  return underLock(folder, options, () => {
    const sqlite = openChecked(folder, file)
    const now = options.now?.() ?? new Date()
    try {
      migrate(sqlite, file, migrations, (from) => makeBackup(sqlite, file, `schema-${from}`, now))
      if (hasChangedSinceBackup(folder)) makeBackup(sqlite, file, 'opened', now)
    } catch (error) {
      sqlite.close()
      throw error
    }
    return sqlite
  })
}

/** Nothing is set aside or restored here: only who holds the lock may change the folder. */
function openToLook(folder: string, file: string, options: OpenOptions): ProjectStore {
  let looked: ReturnType<typeof lookAt> | undefined
  try {
    looked = lookAt(file)
    const found = schemaVersion(looked.sqlite)
    if (found === 0) throw new Error('it is empty')
    if (found > migrations.length) throw newerError(file, found)
    return projectStore(folder, looked.sqlite, options, whyToLook(folder, options), looked.end)
  } catch (error) {
    if (looked?.sqlite.open) looked.end()
    throw isTesseraError(error) ? error : brokenError(folder, null, messageOf(error))
  }
}

function whyToLook(folder: string, { who }: OpenOptions): NonNullable<Project['readOnly']> {
  const holder = holderOf(folder)
  if (holder !== null) return { holder, why: `${holder} has this project open` }
  if (!isWritable(folder)) return { holder: who, why: 'its folder can not be written to' }
  return { holder: `${who}, to look only`, why: 'it was opened to look only' }
}

const newerError = (file: string, found: number) =>
  tesseraError(
    'PROJECT_NEWER',
    `“${file}” was written by a newer Tessera (schema ${found}, this one knows ${migrations.length}). Nothing was changed. Install the newer version to open it.`,
    { file, found, supported: migrations.length },
  )

/** The backups of a project, the newest first. */
export function backupsOf(folder: string): string[] {
  const backups = backupFolder(databaseFile(folder))
  if (!existsSync(backups)) return []
  return readdirSync(backups)
    .filter((name) => name.endsWith('.sqlite'))
    .toSorted()
    .toReversed()
}

/** Copies a backup in as the database, after the one that stands there was set aside. @throws PROJECT_NOT_FOUND */
export function restoreBackup(folder: string, name: string | null, options: OpenOptions): ProjectStore {
  const backup = name ?? backupsOf(folder)[0]
  if (!backup || !backupsOf(folder).includes(backup))
    throw tesseraError(
      'PROJECT_NOT_FOUND',
      `There is no backup ${backup ? `“${backup}” ` : ''}of the project in “${folder}”.`,
      { folder },
    )
  const lock = acquireLock(folder, options.who)
  try {
    if (existsSync(databaseFile(folder))) setAside(folder)
    copyFileSync(path.join(backupFolder(databaseFile(folder)), backup), databaseFile(folder))
  } catch (error) {
    throw fileError(databaseFile(folder), error)
  } finally {
    lock.release()
  }
  return openProject(folder, options)
}

function underLock(folder: string, options: OpenOptions, open: () => Database.Database): ProjectStore {
  const lock = acquireLock(folder, options.who)
  try {
    const sqlite = open()
    return projectStore(folder, sqlite, options, null, () => {
      sqlite.close()
      lock.release()
    })
  } catch (error) {
    lock.release()
    throw error
  }
}

function projectStore(
  folder: string,
  sqlite: Database.Database,
  options: OpenOptions,
  readOnly: Project['readOnly'],
  end: () => void,
): ProjectStore {
  const file = databaseFile(folder)
  const row = sqlite.prepare('SELECT id, name, is_sample, created_at FROM project').get() as
    | { id: string; name: string; is_sample: number; created_at: number }
    | undefined
  if (!row) {
    sqlite.close()
    throw brokenError(folder, null, 'it does not say which project it is')
  }
  const store = readOnly ? readOnlyStore(sqlite, folder, readOnly.why) : storeOver(sqlite, file, options.onSlow)
  return {
    folder,
    project: {
      id: ProjectId.parse(row.id),
      name: row.name,
      isSample: row.is_sample === 1,
      readOnly,
      createdAt: row.created_at,
      folderName: path.basename(folder),
    },
    store,
    close: end,
  }
}

/** A store that refuses every change, with the reason. */
function readOnlyStore(sqlite: Database.Database, folder: string, why: string): Store {
  return {
    ...storeOver(sqlite, databaseFile(folder)),
    transaction() {
      throw tesseraError(
        'PROJECT_READ_ONLY',
        `The project in “${folder}” can be looked at but not changed, because ${why}. Close it there, or make its folder writable or copy it to a place that is, and open it again.`,
        { folder },
      )
    },
  }
}

/** quick_check reads every page once: about 11 ms for 6 MB. */
function openChecked(folder: string, file: string): Database.Database {
  let sqlite: Database.Database | undefined
  let problem: string
  try {
    sqlite = connectSqlite(file)
    problem = sqlite.pragma('quick_check', { simple: true }) as string
    // SQLite takes an empty file for an empty database; it must not quietly become an empty project
    if (problem === 'ok' && schemaVersion(sqlite) === 0) problem = 'it is empty'
  } catch (error) {
    if (isTesseraError(error, 'FILE_NO_PERMISSION') || isTesseraError(error, 'DISK_FULL')) throw error
    problem = messageOf(error)
  }
  if (sqlite && problem === 'ok') return sqlite
  sqlite?.close()
  throw brokenError(folder, setAside(folder), problem)
}

/** @returns the new name of the database */
function setAside(folder: string): string {
  const file = databaseFile(folder)
  const aside = path.join(folder, `project.broken-${new Date().toISOString().slice(0, 19).replaceAll(':', '-')}.sqlite`)
  for (const suffix of ['', '-wal', '-shm']) if (existsSync(file + suffix)) renameSync(file + suffix, aside + suffix)
  return aside
}

function brokenError(folder: string, aside: string | null, reason: string) {
  const newest = backupsOf(folder)[0]
  const way = newest ? `Restore the newest backup (“${newest}”) to go on from there.` : 'There is no backup of it.'
  return tesseraError(
    'PROJECT_BROKEN',
    `The database of the project in “${folder}” is broken: ${reason}. ${aside ? `It was set aside as “${path.basename(aside)}” and nothing was deleted. ` : ''}${way}`,
    { file: databaseFile(folder), setAside: aside, reason },
  )
}

function hasChangedSinceBackup(folder: string): boolean {
  const newest = backupsOf(folder)[0]
  if (!newest) return true
  const file = databaseFile(folder)
  const written = Math.max(
    ...[file, `${file}-wal`].filter((each) => existsSync(each)).map((each) => statSync(each).mtimeMs),
  )
  return written > statSync(path.join(backupFolder(file), newest)).mtimeMs
}
