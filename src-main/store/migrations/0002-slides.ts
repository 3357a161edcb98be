import type { Migration } from '../migrate.ts'

/**
 * Slides and the cases (patients) they are of. A slide's header is kept as JSON: it is read whole or not at all, and new
 * formats add properties. `fingerprint` finds a moved file again. A removed slide keeps its row, because the log of
 * gestures names it.
 */
export const slides: Migration = {
  number: 2,
  name: 'slides',
  up: (sqlite) =>
    void sqlite.exec(`
      CREATE TABLE cases (
        seq         INTEGER NOT NULL PRIMARY KEY,
        id          TEXT    NOT NULL UNIQUE,
        name        TEXT    NOT NULL UNIQUE,
        created_at  INTEGER NOT NULL
      ) STRICT;

      CREATE TABLE slides (
        seq            INTEGER NOT NULL PRIMARY KEY,
        id             TEXT    NOT NULL UNIQUE,
        case_seq       INTEGER NOT NULL REFERENCES cases (seq),
        name           TEXT    NOT NULL,
        absolute_path  TEXT    NOT NULL,
        relative_path  TEXT,             -- from the project folder; null on another drive
        fingerprint    TEXT    NOT NULL UNIQUE,
        header         TEXT    NOT NULL, -- JSON: SlideHeader
        mpp_x          REAL,             -- µm per level-0 px, in force; null until a person says it
        mpp_y          REAL,
        mpp_source     TEXT,             -- JSON: MppSource
        note           TEXT,
        added_at       INTEGER NOT NULL,
        removed_at     INTEGER,
        CHECK ((mpp_x IS NULL) = (mpp_y IS NULL) AND (mpp_x IS NULL) = (mpp_source IS NULL))
      ) STRICT;
      CREATE INDEX slides_case ON slides (case_seq);
    `),
}
