/** Rotating copies of a project's database, each whole and checked, made while the project is in use. */
import type Database from 'better-sqlite3'
import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import path from 'node:path'
import DatabaseConstructor from 'better-sqlite3'
import { fileError } from '../files/fileErrors.ts'

/** The newest are kept: ten openings of a project, or ten saves, can be gone back. */
const KEPT = 10

export const backupFolder = (databaseFile: string): string => path.join(path.dirname(databaseFile), 'backups')

/**
 * Copies the database with VACUUM INTO, checks the copy, and only then gives it its name.
 *
 * @param reason becomes part of the name: `2026-11-23T10-15-00.opened.sqlite`
 * @returns the backup's file
 * @throws {TesseraError} DISK_FULL, FILE_NO_PERMISSION; Error when the copy fails its integrity check
 */
export function makeBackup(sqlite: Database.Database, databaseFile: string, reason: string, now: Date): string {
  const folder = backupFolder(databaseFile)
  const name = `${now.toISOString().slice(0, 19).replaceAll(':', '-')}.${reason}.sqlite`
  const file = path.join(folder, name)
  const temporary = `${file}.part`
  try {
    mkdirSync(folder, { recursive: true })
    rmSync(temporary, { force: true })
    sqlite.prepare('VACUUM INTO ?').run(temporary)
    const problem = integrityProblem(temporary)
    if (problem) throw new Error(`The backup failed its check: ${problem}`)
    renameSync(temporary, file)
    dropOldest(folder)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw fileError(file, error)
  }
  return file
}

/** What SQLite finds wrong with a file; null when it is sound. */
export function integrityProblem(file: string): string | null {
  const copy = new DatabaseConstructor(file, { readonly: true })
  try {
    const answer = copy.pragma('integrity_check', { simple: true }) as string
    return answer === 'ok' ? null : answer
  } finally {
    copy.close()
  }
}

/** Names sort by time. Backups made before a migration are kept for ever: they are the way back to the older program. */
function dropOldest(folder: string): void {
  const rotating = readdirSync(folder)
    .filter((name) => name.endsWith('.sqlite') && !name.includes('.schema-'))
    .toSorted()
  for (const name of rotating.slice(0, -KEPT)) rmSync(path.join(folder, name))
}
