/** Projects that are only looked at: of an older schema, and where nothing can be written. */
import { spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, onTestFinished, test } from 'vitest'
import { databaseFile } from '../../../src-main/projects/folders.ts'
import { createProject, openProject } from '../../../src-main/projects/projectStore.ts'
import { migrate } from '../../../src-main/store/migrate.ts'
import { migrations } from '../../../src-main/store/migrations/index.ts'
import { temporaryFolder } from '../../fixtures/temporary.ts'

const look = { who: 'a test', readonly: true }
const copies = () => readdirSync(tmpdir()).filter((name) => name.startsWith('tessera-look-'))

describe('a project of an older schema', () => {
  function oldProject(schema: number): string {
    const folder = temporaryFolder()
    const sqlite = new Database(databaseFile(folder))
    sqlite.pragma('journal_mode = WAL')
    migrate(sqlite, databaseFile(folder), migrations.slice(0, schema), () => undefined)
    sqlite.prepare(`INSERT INTO project VALUES ('0198f7a0-0000-7000-8000-000000000001', 'Old', 0, 1)`).run()
    sqlite.prepare(`INSERT INTO people VALUES (1, 'p', 'Anna', 0)`).run()
    sqlite.close()
    return folder
  }

  test.each([1, 5, 8, migrations.length - 1])(
    'schema %i: is looked at in the newest one, in a copy, and stays what it is',
    (schema) => {
      const folder = oldProject(schema)
      const before = readFileSync(databaseFile(folder))
      const others = copies()
      const opened = openProject(folder, look)
      expect(opened.project).toMatchObject({ name: 'Old', readOnly: { why: 'it was opened to look only' } })
      expect(opened.store.read.all('SELECT name FROM people')).toEqual([{ name: 'Anna' }])
      expect(opened.store.read.all('SELECT * FROM run_held_out'), 'a table that came later').toEqual([])
      expect(() => opened.store.transaction('test', (db) => db.run('DELETE FROM people'))).toThrow(
        expect.objectContaining({ code: 'PROJECT_READ_ONLY' }),
      )
      expect(copies()).toHaveLength(others.length + 1)
      opened.close()
      expect(copies(), 'the copy is gone').toEqual(others)
      expect(readFileSync(databaseFile(folder)).equals(before)).toBe(true)
    },
  )

  test('while an older program has it open, what that has written last is seen', () => {
    const folder = oldProject(migrations.length - 1)
    const older = new Database(databaseFile(folder))
    onTestFinished(() => void older.close())
    older.prepare(`INSERT INTO people VALUES (2, 'q', 'Ben', 0)`).run()
    const opened = openProject(folder, look)
    expect(opened.store.read.all('SELECT name FROM people')).toEqual([{ name: 'Anna' }, { name: 'Ben' }])
    opened.close()
  })
})

/** Root may write anywhere, so another user looks. */
function lookedAtByAnother(folder: string): unknown {
  const looker = path.join(import.meta.dirname, 'looker.process.ts')
  const another = process.getuid!() === 0 ? { uid: 65_534, gid: 65_534 } : {}
  const { stdout, stderr } = spawnSync(process.execPath, [looker, folder], { ...another, encoding: 'utf8' })
  expect(stdout, stderr).not.toBe('')
  return JSON.parse(stdout)
}

describe.runIf(process.platform !== 'win32')('a project where nothing can be written', () => {
  /** @param open the database still has its write-ahead log, as on a disk that was pulled */
  function burned(open: boolean): string {
    const project = createProject(path.join(temporaryFolder(), 'used'), 'Lymph nodes', look)
    project.store.transaction('test', (db) =>
      db.run(`INSERT INTO people (id, name, created_at) VALUES ('p', 'Anna', 0)`),
    )
    if (!open) project.close()
    const disk = path.join(path.dirname(project.folder), 'disk')
    mkdirSync(disk)
    for (const name of readdirSync(project.folder))
      if (/^project\.sqlite(-wal)?$/.test(name)) copyFileSync(path.join(project.folder, name), path.join(disk, name))
    if (open) project.close()
    for (const name of readdirSync(disk)) chmodSync(path.join(disk, name), 0o444)
    chmodSync(path.dirname(project.folder), 0o755)
    chmodSync(disk, 0o555)
    onTestFinished(() => chmodSync(disk, 0o755))
    return disk
  }

  test.each([
    ['closed', false],
    ['with a write-ahead log beside it', true],
  ])('%s: it is read, and says why it can not be changed', (_, open) => {
    const folder = burned(open)
    const before = readdirSync(folder)
    expect(lookedAtByAnother(folder)).toEqual({
      toChange: 'FILE_NO_PERMISSION',
      name: 'Lymph nodes',
      why: 'its folder can not be written to',
      people: [{ name: 'Anna' }],
      refused: expect.stringMatching(/can be looked at but not changed, because its folder can not be written to/),
    })
    expect(readdirSync(folder)).toEqual(before)
  })
})
