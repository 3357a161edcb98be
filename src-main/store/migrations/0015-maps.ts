import type { Migration } from '../migrate.ts'

/**
 * UMAPs of a project: each is a file of the features folder with the patch and the place of every point. Here stands of
 * which features it is, as they were: features that have changed since are noticed.
 */
export const maps: Migration = {
  number: 15,
  name: 'maps',
  up: (sqlite) =>
    void sqlite.exec(`
      CREATE TABLE maps (
        seq         INTEGER NOT NULL PRIMARY KEY,
        id          TEXT    NOT NULL UNIQUE,
        encoder     INTEGER NOT NULL REFERENCES encoders (seq),
        job         INTEGER NOT NULL REFERENCES jobs (seq),
        contents    TEXT    NOT NULL, -- JSON: of each source, which set, how many rows, sha256 of its blocks' checksums
        params      TEXT    NOT NULL, -- JSON: UmapParams
        laid_out    INTEGER NOT NULL, -- points laid out; the others were placed among them
        checksum    TEXT,             -- sha256 of the file; null = not made yet
        created_at  INTEGER NOT NULL
      ) STRICT;
    `),
}
