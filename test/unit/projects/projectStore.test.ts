import { fork, type ChildProcess } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, onTestFinished, test } from 'vitest'
import { databaseFile } from '../../../src-main/projects/folders.ts'
import { backupsOf, createProject, openProject, restoreBackup } from '../../../src-main/projects/projectStore.ts'
import { migrations } from '../../../src-main/store/migrations/index.ts'
import { temporaryFolder } from '../../fixtures/temporary.ts'

const who = { who: 'a test' }
const newFolder = () => path.join(temporaryFolder(), 'Projekt Ü 🔬')

/** A project that was used and closed. */
function usedProject(): string {
  const folder = newFolder()
  const project = createProject(folder, 'Lymph nodes', who)
  project.store.transaction('test', (db) => db.run(`INSERT INTO people (id, name, created_at) VALUES ('p', 'Anna', 0)`))
  project.close()
  return folder
}

describe('a project', () => {
  test('is a folder that opens again as the project it was', () => {
    const folder = newFolder()
    const made = createProject(folder, 'Lymph nodes', who)
    made.close()
    const opened = openProject(folder, who)
    onTestFinished(() => opened.close())
    expect(opened.project).toEqual({ ...made.project, name: 'Lymph nodes', folderName: 'Projekt Ü 🔬' })
  })

  test('is written ahead with every commit flushed, and foreign keys on', () => {
    const project = createProject(newFolder(), 'x', who)
    onTestFinished(() => project.close())
    const pragma = (name: string) => Object.values(project.store.read.get(`PRAGMA ${name}`)!)[0]
    expect([pragma('journal_mode'), pragma('synchronous'), pragma('foreign_keys'), pragma('trusted_schema')]).toEqual([
      'wal',
      2,
      1,
      0,
    ])
  })

  test('is not made in a folder that holds something', () => {
    const folder = newFolder()
    mkdirSync(folder, { recursive: true })
    writeFileSync(path.join(folder, 'thesis.doc'), 'mine')
    expect(() => createProject(folder, 'x', who)).toThrow(expect.objectContaining({ code: 'FILE_EXISTS' }))
    expect(readdirSync(folder)).toEqual(['thesis.doc'])
  })

  test('is not found where there is none', () => {
    expect(() => openProject(temporaryFolder(), who)).toThrow(expect.objectContaining({ code: 'PROJECT_NOT_FOUND' }))
  })
})

describe('the lock', () => {
  test('a second program is refused with the name of the first, and may look', () => {
    const folder = newFolder()
    const first = createProject(folder, 'x', { who: 'Tessera in the browser' })
    expect(() => openProject(folder, who)).toThrow(
      expect.objectContaining({
        code: 'PROJECT_LOCKED',
        data: expect.objectContaining({ holder: expect.stringMatching(/^Tessera in the browser \(process \d+ of /) }),
      }),
    )
    const looking = openProject(folder, { ...who, readonly: true })
    expect(looking.project.readOnly?.holder).toContain('Tessera in the browser')
    expect(() => looking.store.transaction('test', (db) => db.run('DELETE FROM project'))).toThrow(
      expect.objectContaining({ code: 'PROJECT_READ_ONLY' }),
    )
    looking.close()
    first.close()
    openProject(folder, who).close()
  })

  test('a project that nobody has open says so to who only looks, also after its holder was killed', async () => {
    const folder = usedProject()
    const holderOf = () => {
      const looking = openProject(folder, { ...who, readonly: true })
      looking.close()
      return looking.project.readOnly!.holder
    }
    expect(holderOf()).toBe('a test, to look only')
    const holder = await holderProcess(folder)
    expect(holderOf()).toMatch(/^a program that will be killed \(process \d+/)
    holder.kill('SIGKILL')
    await new Promise((resolve) => holder.once('exit', resolve))
    expect(holderOf()).toBe('a test, to look only')
  })

  test('is free again the moment its holder is killed', async () => {
    const folder = usedProject()
    const holder = await holderProcess(folder)
    expect(() => openProject(folder, who)).toThrow(expect.objectContaining({ code: 'PROJECT_LOCKED' }))
    holder.kill('SIGKILL')
    await new Promise((resolve) => holder.once('exit', resolve))
    openProject(folder, who).close()
  })
})

/** Another program that has the project open. */
async function holderProcess(folder: string): Promise<ChildProcess> {
  const child = fork(path.join(import.meta.dirname, 'holder.process.ts'), [folder])
  onTestFinished(() => void child.kill('SIGKILL'))
  await new Promise((resolve) => child.once('message', resolve))
  return child
}

describe('a file that is not as it should be', () => {
  test('one of a newer Tessera is refused and left as it is', () => {
    const folder = usedProject()
    const sqlite = new Database(databaseFile(folder))
    sqlite.pragma(`user_version = ${migrations.length + 3}`)
    sqlite.close()
    const before = readFileSync(databaseFile(folder))
    expect(() => openProject(folder, who)).toThrow(
      expect.objectContaining({
        code: 'PROJECT_NEWER',
        data: expect.objectContaining({ found: migrations.length + 3, supported: migrations.length }),
      }),
    )
    expect(readFileSync(databaseFile(folder)).equals(before)).toBe(true)
  })

  test.each([
    ['overwritten with text', (file: string) => writeFileSync(file, 'dear diary')],
    ['cut in half', (file: string) => truncateSync(file, 40_960)],
    [
      'damaged in the middle',
      (file: string) => {
        const bytes = readFileSync(file)
        bytes.fill(0xee, 8192, 40_960)
        writeFileSync(file, bytes)
      },
    ],
  ])(
    'a database that was %s is set aside under a name that says so, and the newest backup brings the work back',
    (_how, breakIt) => {
      const folder = usedProject()
      openProject(folder, who).close() // makes a backup, because something was saved since the last one
      breakIt(databaseFile(folder))
      const broken = readFileSync(databaseFile(folder))
      let error: unknown
      try {
        openProject(folder, who)
      } catch (caught) {
        error = caught
      }
      const aside = readdirSync(folder).find((name) => name.startsWith('project.broken-') && name.endsWith('.sqlite'))!
      expect(error).toMatchObject({
        code: 'PROJECT_BROKEN',
        data: { setAside: path.join(folder, aside) },
        message: expect.stringContaining(aside),
      })
      expect(readFileSync(path.join(folder, aside)).equals(broken)).toBe(true)
      expect(existsSync(databaseFile(folder))).toBe(false)

      const restored = restoreBackup(folder, null, who)
      onTestFinished(() => restored.close())
      expect(restored.store.read.all('SELECT name FROM people')).toEqual([{ name: 'Anna' }])
    },
  )

  test.each([
    ['overwritten with text', (file: string) => writeFileSync(file, 'dear diary '.repeat(2000))],
    ['emptied', (file: string) => truncateSync(file, 0)],
  ])('who only looks at a database that was %s is told so, and moves nothing', (_how, breakIt) => {
    const folder = usedProject()
    breakIt(databaseFile(folder))
    const before = readFileSync(databaseFile(folder))
    expect(() => openProject(folder, { ...who, readonly: true })).toThrow(
      expect.objectContaining({ code: 'PROJECT_BROKEN', data: expect.objectContaining({ setAside: null }) }),
    )
    expect(readFileSync(databaseFile(folder)).equals(before)).toBe(true)
  })

  test('an empty database is set aside too: it must not become an empty project', () => {
    const folder = usedProject()
    openProject(folder, who).close()
    truncateSync(databaseFile(folder), 0)
    expect(() => openProject(folder, who)).toThrow(expect.objectContaining({ code: 'PROJECT_BROKEN' }))
    expect(existsSync(databaseFile(folder))).toBe(false)
  })

  test('a missing database with backups beside it says that it can be restored', () => {
    const folder = usedProject()
    openProject(folder, who).close()
    rmSync(databaseFile(folder))
    expect(() => openProject(folder, who)).toThrow(
      expect.objectContaining({
        code: 'PROJECT_BROKEN',
        message: expect.stringContaining('Restore the newest backup'),
      }),
    )
  })
})

describe('backups', () => {
  test('only the newest ten of the rotating ones are kept, and each is a whole database', () => {
    const folder = usedProject()
    for (let day = 1; day <= 14; day++) {
      const project = openProject(folder, { ...who, now: () => new Date(Date.UTC(2099, 0, day)) })
      project.store.transaction('test', (db) =>
        db.run(`INSERT INTO people (id, name, created_at) VALUES ('${day}', 'P${day}', 0)`),
      )
      project.close()
    }
    const kept = backupsOf(folder)
    expect(kept).toHaveLength(10)
    expect(kept[0]).toBe('2099-01-14T00-00-00.opened.sqlite')
    const sqlite = new Database(path.join(folder, 'backups', kept[0]!), { readonly: true })
    expect(sqlite.prepare('SELECT count(*) AS n FROM people').get()).toEqual({ n: 14 })
    sqlite.close()
  })

  test('opening a project that did not change makes none', () => {
    const folder = usedProject()
    openProject(folder, who).close()
    const before = backupsOf(folder)
    openProject(folder, who).close()
    expect(backupsOf(folder)).toEqual(before)
  })
})
