import type { Migration } from '../migrate.ts'

/** Who the project is, and who works on it. */
export const project: Migration = {
  number: 1,
  name: 'project',
  up: (sqlite) =>
    void sqlite.exec(`
      CREATE TABLE project (
        id          TEXT    NOT NULL PRIMARY KEY,
        name        TEXT    NOT NULL,
        is_sample   INTEGER NOT NULL CHECK (is_sample IN (0, 1)),
        created_at  INTEGER NOT NULL
      ) STRICT;

      CREATE TABLE people (
        seq         INTEGER NOT NULL PRIMARY KEY,
        id          TEXT    NOT NULL UNIQUE,
        name        TEXT    NOT NULL UNIQUE,
        created_at  INTEGER NOT NULL
      ) STRICT;
    `),
}
