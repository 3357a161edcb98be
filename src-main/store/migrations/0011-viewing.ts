import type { Migration } from '../migrate.ts'

/**
 * How slides are looked at. Bookmarks: places to come back to; a deleted one keeps its row, so that the deletion can be
 * taken back. Blinding: whether the window hides the names of slides, and the numbers it calls them by, shuffled by a seed.
 */
export const viewing: Migration = {
  number: 11,
  name: 'viewing',
  up: (sqlite) =>
    void sqlite.exec(`
      CREATE TABLE bookmarks (
        seq            INTEGER NOT NULL PRIMARY KEY,
        id             TEXT    NOT NULL UNIQUE,
        slide          INTEGER NOT NULL REFERENCES slides (seq),
        name           TEXT    NOT NULL,
        x              REAL    NOT NULL, -- in the middle of the viewer, level-0 px
        y              REAL    NOT NULL,
        px_per_level0  REAL    NOT NULL CHECK (px_per_level0 > 0), -- CSS px
        rotation       REAL    NOT NULL CHECK (rotation >= 0 AND rotation < 360), -- degrees clockwise, before mirroring
        mirrored       INTEGER NOT NULL CHECK (mirrored IN (0, 1)),
        created_at     INTEGER NOT NULL,
        deleted_at     INTEGER
      ) STRICT;
      CREATE INDEX bookmarks_slide ON bookmarks (slide);

      CREATE TABLE blinding (
        one    INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
        is_on  INTEGER NOT NULL CHECK (is_on IN (0, 1)),
        seed   INTEGER NOT NULL
      ) STRICT;

      CREATE TABLE blind_numbers (
        slide   INTEGER NOT NULL PRIMARY KEY REFERENCES slides (seq),
        number  INTEGER NOT NULL UNIQUE CHECK (number > 0)
      ) STRICT;
    `),
}
