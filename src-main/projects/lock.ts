/**
 * One program at a time changes a project. The lock is an exclusive SQLite transaction on `lock.sqlite`, held as long as
 * the project is open: when its holder dies, however it dies, the operating system frees it.
 */
import Database from 'better-sqlite3'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { hostname, userInfo } from 'node:os'
import { tesseraError } from '../../src-shared/errors.ts'
import { fileError, systemCode } from '../files/fileErrors.ts'
import { holderFile, lockFile } from './folders.ts'

export interface Lock {
  release(): void
}

/**
 * @param who what holds it, for the message another program shows: “Tessera in the browser”
 * @throws {TesseraError} PROJECT_LOCKED naming the holder; FILE_NO_PERMISSION, DISK_FULL
 */
export function acquireLock(project: string, who: string): Lock {
  const file = lockFile(project)
  let sqlite: Database.Database | undefined
  try {
    // Who asks for the holder reads the file for a moment, which must not look like a lock.
    sqlite = new Database(file, { timeout: 200 })
    sqlite.exec('BEGIN EXCLUSIVE')
  } catch (error) {
    sqlite?.close()
    if (systemCode(error)?.startsWith('SQLITE_BUSY')) throw lockedError(project)
    throw fileError(file, error)
  }
  const held = sqlite
  const holder = `${who} (process ${process.pid} of ${userName()} on ${hostname()})`
  try {
    writeFileSync(holderFile(project), JSON.stringify({ holder, since: new Date().toISOString() }))
  } catch (error) {
    held.close()
    throw fileError(holderFile(project), error)
  }
  return {
    release() {
      rmSync(holderFile(project), { force: true })
      held.close()
    },
  }
}

/** Who has the project open to change it; null = nobody. */
export const holderOf = (project: string): string | null => (isHeld(project) ? noteOf(project) : null)

function isHeld(project: string): boolean {
  if (!existsSync(lockFile(project))) return false
  let sqlite: Database.Database | undefined
  try {
    sqlite = new Database(lockFile(project), { readonly: true, timeout: 0 })
    sqlite.prepare('SELECT 1 FROM sqlite_schema').get()
    return false
  } catch (error) {
    if (systemCode(error)?.startsWith('SQLITE_BUSY')) return true
    throw fileError(lockFile(project), error)
  } finally {
    sqlite?.close()
  }
}

/** Who holds the lock, as it wrote itself down; the file is only a note, the lock is the truth. */
function noteOf(project: string): string {
  try {
    const note = JSON.parse(readFileSync(holderFile(project), 'utf8')) as { holder?: unknown }
    if (typeof note.holder === 'string') return note.holder
  } catch {
    // not written yet, or not readable: the lock is held all the same
  }
  return 'another program'
}

function lockedError(project: string) {
  const holder = noteOf(project)
  return tesseraError(
    'PROJECT_LOCKED',
    `The project in “${project}” is open in ${holder}. Two programs must not change it at once: close it there, or look at it here without changing it.`,
    { folder: project, holder },
  )
}

function userName(): string {
  try {
    return userInfo().username
  } catch {
    return 'an unnamed user' // no entry in the user database, as in some containers
  }
}
