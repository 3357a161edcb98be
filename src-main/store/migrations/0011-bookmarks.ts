import type { Migration } from '../migrate.ts'

/** Places of slides to come back to. A deleted one keeps its row, so that the deletion can be taken back. */
export const bookmarks: Migration = {
  number: 11,
  name: 'bookmarks',
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
    `),
}
