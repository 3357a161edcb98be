/** A database brought to one schema, to be filled with rows and brought to the next. */
import Database from 'better-sqlite3'
import { onTestFinished } from 'vitest'
import { migrate } from '../../src-main/store/migrate.ts'
import { migrations } from '../../src-main/store/migrations/index.ts'

export function databaseAt(version: number): Database.Database {
  const sqlite = new Database(':memory:')
  onTestFinished(() => void sqlite.close())
  sqlite.pragma('foreign_keys = ON')
  bring(sqlite, version)
  return sqlite
}

export const bring = (sqlite: Database.Database, version: number): void =>
  migrate(sqlite, ':memory:', migrations.slice(0, version), () => undefined)

export const tables = (sqlite: Database.Database): string[] =>
  sqlite
    .prepare(`SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name`)
    .pluck()
    .all() as string[]

/** Every row of every table, to be compared before and after. */
export const content = (sqlite: Database.Database): Record<string, unknown[]> =>
  Object.fromEntries(tables(sqlite).map((name) => [name, sqlite.prepare(`SELECT * FROM "${name}"`).all()]))

const rows: readonly (readonly [since: number, sql: string])[] = [
  [1, `INSERT INTO project VALUES ('p', 'Lymph nodes', 0, 1)`],
  [1, `INSERT INTO people VALUES (1, 'anna', 'Anna', 1)`],
  [2, `INSERT INTO cases VALUES (1, 'c', 'case 1', 1)`],
  [2, `INSERT INTO slides VALUES (1, 's', 1, 'slide 1', '/a.svs', 'a.svs', 'f', '{}', 0.5, 0.5, '{}', NULL, 1, NULL)`],
  [3, `INSERT INTO sources VALUES (1, 'g', 'grid', 1), (2, 'set', 'set', 1)`],
  [3, `INSERT INTO grids VALUES (1, 1, 96, 0.5, 96, 0, 0, 0.5, 0.5, 96, 96, 96, 96, 0, 0, 10, 10, 1, NULL)`],
  [3, `INSERT INTO masks VALUES (1, 'm', 1, '{}', 0.1, x'ff', 1)`],
  [3, `INSERT INTO patch_sets VALUES (2, 'set', 'folder', '/set', 1, 96, 96, 3, NULL, 0)`],
  [3, `INSERT INTO patch_set_rows VALUES (2, 0, 'tumor/a.jpg', 'tumor', NULL, NULL)`],
  [4, `INSERT INTO classes VALUES (1, 'k', 'tumor', '#c80000', '1', 0)`],
  [4, `INSERT INTO gestures VALUES (1, 'x', 'label', 'label 1 patch as tumor', 1, 1, 1, NULL, NULL)`],
  [4, `INSERT INTO gesture_labels VALUES (1, 1, x'05000000', x'0000', x'0100')`],
  [4, `INSERT INTO labels VALUES (1, 5, 1, 1)`],
  [5, `INSERT INTO jobs VALUES (1, 'j', 'training', 'Train', '{}', 'done', 1, 1, 'steps', '', NULL, 1, 1, 2, 0)`],
  [5, `INSERT INTO job_log VALUES (1, 1, 'begun')`],
  [6, `INSERT INTO runs VALUES (1, 'r', 1, '{}', '[]', '{}', 10, 5, 1)`],
  [6, `INSERT INTO models VALUES (1, 'mo', 'model', 1, 'mo', '{}', 'ab', 1)`],
  [6, `INSERT INTO run_patches VALUES (1, 'training', 1, x'05000000', x'0000')`],
  [6, `INSERT INTO run_points VALUES (1, 1, 'training', '{}')`],
  [7, `INSERT INTO prediction_runs VALUES (1, 'pr', 1, 1, 1, NULL, 'ab', '{}', 'onnx', '[]', 100, NULL, NULL, 1)`],
  [7, `INSERT INTO prediction_blocks VALUES (1, 0, 100, 'cd')`],
  [8, `INSERT INTO run_folds VALUES (1, 0, 1, x'01')`],
  [9, `INSERT INTO run_held_out VALUES (1, 'training', 1, x'0000003f0000003f')`],
  [10, `INSERT INTO mask_hands VALUES (1, x'fe', x'00000000', x'01')`],
  [10, `INSERT INTO mask_presets VALUES ('biopsy', '{}', 1)`],
  [10, `INSERT INTO grid_sharpness VALUES (1, x'0000c07f')`],
  [11, `INSERT INTO blinding VALUES (1, 1, 7)`],
  [11, `INSERT INTO blind_numbers VALUES (1, 1)`],
  [11, `INSERT INTO bookmarks VALUES (1, 'b', 1, 'nest', 10, 20, 0.5, 90, 1, 1, NULL)`],
  [12, `INSERT INTO slide_looks VALUES (1, '{}', '[]')`],
  [12, `INSERT INTO run_channels VALUES (1, 1, '[]')`],
  [13, `INSERT INTO patch_set_notes VALUES (2, '{"unfit":1}')`],
  [13, `INSERT INTO patch_set_unfit VALUES (2, 0, 'it can not be read')`],
  [14, `INSERT INTO encoders VALUES (1, 'en', '{}', NULL, '{}', 1)`],
  [14, `INSERT INTO feature_sets VALUES (1, 'fs', 1, 1, 1, 'float16', '{}', 1, 1)`],
  [14, `INSERT INTO feature_blocks VALUES (1, 0, x'05000000', 'ef')`],
  [15, `INSERT INTO maps VALUES (1, 'map', 1, 1, '[]', '{}', 100, 'gh', 1)`],
  [7, `INSERT INTO exports VALUES ('e', 1, 'a.csv', 'exports/a.csv', 10, 1)`],
]

/** One row in every table a schema has. */
export function fill(sqlite: Database.Database, version: number): void {
  for (const [since, sql] of rows) if (since <= version) sqlite.exec(sql)
}
