import { describe, expect, test } from 'vitest'
import { migrate, type Migration } from '../../src-main/store/migrate.ts'
import { migrations } from '../../src-main/store/migrations/index.ts'
import { bring, content, databaseAt, fill, tables } from './databaseAt.ts'

test('migrations are numbered from 1 without a gap, and the newest schema has every table filled by these tests', () => {
  expect(migrations.map((each) => each.number)).toEqual(migrations.map((_, i) => i + 1))
  const sqlite = databaseAt(migrations.length)
  fill(sqlite, migrations.length)
  const empty = Object.entries(content(sqlite)).filter(([, rows]) => rows.length === 0)
  // filled by gestures that these rows do not need
  expect(empty.map(([name]) => name).toSorted()).toEqual(['gesture_classes', 'gesture_masks'])
})

describe.each(migrations)('migration $number, $name', ({ number }) => {
  test('keeps every row that was there', () => {
    const sqlite = databaseAt(number - 1)
    fill(sqlite, number - 1)
    const before = content(sqlite)
    bring(sqlite, number)
    const after = content(sqlite)
    for (const name of Object.keys(before)) expect(after[name]).toEqual(before[name])
    expect(sqlite.pragma('foreign_key_check')).toEqual([])
  })

  test('makes strict tables', () => {
    const sqlite = databaseAt(number)
    for (const name of tables(sqlite))
      expect(sqlite.prepare('SELECT strict FROM pragma_table_list WHERE name = ?').pluck().get(name), name).toBe(1)
  })
})

test('migration 2: µm/px is known on both axes with its source, or not at all', () => {
  const sqlite = databaseAt(2)
  fill(sqlite, 2)
  expect(() => sqlite.exec('UPDATE slides SET mpp_x = NULL')).toThrow(
    expect.objectContaining({ code: 'SQLITE_CONSTRAINT_CHECK' }),
  )
})

test('migration 3: the same grid can not be made twice', () => {
  const sqlite = databaseAt(3)
  fill(sqlite, 3)
  sqlite.exec(`INSERT INTO sources VALUES (3, 'g3', 'grid', 1)`)
  expect(() =>
    sqlite.exec(`INSERT INTO grids SELECT 3, slide, edge_px, mpp, stride_px, offset_x_px, offset_y_px, slide_mpp_x, slide_mpp_y,
    edge_x, edge_y, stride_x, stride_y, offset_x, offset_y, columns, rows, 0, NULL FROM grids`),
  ).toThrow(expect.objectContaining({ code: 'SQLITE_CONSTRAINT_UNIQUE' }))
})

test.each(['gestures', 'gesture_labels'])('migration 4: rows of %s can be added and never changed', (table) => {
  const sqlite = databaseAt(4)
  fill(sqlite, 4)
  expect(() => sqlite.exec(`UPDATE ${table} SET source = NULL`)).toThrow('append-only')
  expect(() => sqlite.exec(`DELETE FROM ${table}`)).toThrow('append-only')
})

test('migration 4: two living classes can not share a name, a living and a dead one can', () => {
  const sqlite = databaseAt(4)
  fill(sqlite, 4)
  const second = `INSERT INTO classes (id, name, colour, deleted) VALUES ('k2', 'TUMOR', '#000000', 0)`
  expect(() => sqlite.exec(second)).toThrow(expect.objectContaining({ code: 'SQLITE_CONSTRAINT_UNIQUE' }))
  sqlite.exec('UPDATE classes SET deleted = 1')
  sqlite.exec(second)
})

test('migration 4: an undo names the gesture it takes back', () => {
  const sqlite = databaseAt(4)
  fill(sqlite, 4)
  const insert = (kind: string, inverts: string) => () =>
    sqlite.exec(
      `INSERT INTO gestures (id, kind, text, person, at, inverts) VALUES ('${kind}${inverts}', '${kind}', '', 1, 1, ${inverts})`,
    )
  expect(insert('undo', 'NULL')).toThrow(expect.objectContaining({ code: 'SQLITE_CONSTRAINT_CHECK' }))
  expect(insert('label', '1')).toThrow(expect.objectContaining({ code: 'SQLITE_CONSTRAINT_CHECK' }))
  expect(insert('undo', '1')).not.toThrow()
})

test('migration 9: what a model said is of patches its training has, once', () => {
  const sqlite = databaseAt(9)
  fill(sqlite, 9)
  const insert = (side: string) => () =>
    sqlite.exec(`INSERT INTO run_held_out VALUES (1, '${side}', 1, x'0000003f0000003f')`)
  expect(insert('validation')).toThrow(expect.objectContaining({ code: 'SQLITE_CONSTRAINT_FOREIGNKEY' }))
  expect(insert('training')).toThrow(expect.objectContaining({ code: 'SQLITE_CONSTRAINT_PRIMARYKEY' }))
})

test('migration 11: a bookmark is turned by less than a full turn, and looks at something', () => {
  const sqlite = databaseAt(11)
  fill(sqlite, 11)
  for (const change of ['rotation = 360', 'rotation = -1', 'px_per_level0 = 0', 'mirrored = 2'])
    expect(() => sqlite.exec(`UPDATE bookmarks SET ${change}`), change).toThrow(
      expect.objectContaining({ code: 'SQLITE_CONSTRAINT_CHECK' }),
    )
})

test('migration 13: only a patch the set has can be unfit', () => {
  const sqlite = databaseAt(13)
  fill(sqlite, 13)
  const insert = (patch: number) => () =>
    sqlite.exec(`INSERT INTO patch_set_unfit VALUES (2, ${patch}, 'it has 9 × 8 px')`)
  expect(insert(1)).toThrow(expect.objectContaining({ code: 'SQLITE_CONSTRAINT_FOREIGNKEY' }))
  expect(insert(0)).toThrow(expect.objectContaining({ code: 'SQLITE_CONSTRAINT_PRIMARYKEY' }))
})

test('a step that fails leaves the schema before it, and the backup is made once', () => {
  const sqlite = databaseAt(3)
  const backedUpFrom: number[] = []
  const failing: Migration = {
    number: 5,
    name: 'failing',
    up: () => {
      sqlite.exec('CREATE TABLE half (x TEXT) STRICT')
      throw new Error('the power went')
    },
  }
  expect(() => migrate(sqlite, 'x', [...migrations.slice(0, 4), failing], (from) => backedUpFrom.push(from))).toThrow(
    'the power went',
  )
  expect(sqlite.pragma('user_version', { simple: true })).toBe(4)
  expect(tables(sqlite)).not.toContain('half')
  expect(backedUpFrom).toEqual([3])
})
