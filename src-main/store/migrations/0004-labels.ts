import type { Migration } from '../migrate.ts'

/**
 * The log of gestures is the truth; `labels`, `classes` and `grids.mask` are what follows from it, kept in the same
 * transaction and rebuildable from it. Triggers keep the log append-only, whatever the program does.
 */
export const labels: Migration = {
  number: 4,
  name: 'labels',
  up: (sqlite) => {
    sqlite.exec(`
      CREATE TABLE classes (
        number   INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, -- never used again
        id       TEXT    NOT NULL UNIQUE,
        name     TEXT    NOT NULL,
        colour   TEXT    NOT NULL,
        key      TEXT,
        deleted  INTEGER NOT NULL CHECK (deleted IN (0, 1))
      ) STRICT;
      CREATE UNIQUE INDEX classes_name ON classes (name COLLATE NOCASE) WHERE deleted = 0;

      CREATE TABLE gestures (
        sequence    INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
        id          TEXT    NOT NULL UNIQUE,
        kind        TEXT    NOT NULL,
        text        TEXT    NOT NULL,
        person      INTEGER NOT NULL REFERENCES people (seq),
        at          INTEGER NOT NULL,
        source      INTEGER REFERENCES sources (seq),
        inverts     INTEGER REFERENCES gestures (sequence), -- the gesture an undo or a redo answers
        prediction  TEXT,                                   -- the prediction run that was looked at
        CHECK ((kind IN ('undo', 'redo')) = (inverts IS NOT NULL))
      ) STRICT;

      -- parallel little-endian arrays: u32 patch, u16 class before, u16 class after
      CREATE TABLE gesture_labels (
        gesture  INTEGER NOT NULL REFERENCES gestures (sequence),
        source   INTEGER NOT NULL REFERENCES sources (seq),
        patch    BLOB    NOT NULL,
        before   BLOB    NOT NULL,
        after    BLOB    NOT NULL,
        PRIMARY KEY (gesture, source)
      ) STRICT;

      -- null = the class did not exist on that side
      CREATE TABLE gesture_classes (
        gesture  INTEGER NOT NULL REFERENCES gestures (sequence),
        class    INTEGER NOT NULL REFERENCES classes (number),
        before   TEXT,
        after    TEXT,
        PRIMARY KEY (gesture, class)
      ) STRICT;

      CREATE TABLE gesture_masks (
        gesture  INTEGER NOT NULL REFERENCES gestures (sequence),
        source   INTEGER NOT NULL REFERENCES sources (seq),
        before   INTEGER REFERENCES masks (seq),
        after    INTEGER REFERENCES masks (seq),
        PRIMARY KEY (gesture, source)
      ) STRICT;

      CREATE TABLE labels (
        source   INTEGER NOT NULL REFERENCES sources (seq),
        patch    INTEGER NOT NULL,
        class    INTEGER NOT NULL REFERENCES classes (number),
        gesture  INTEGER NOT NULL REFERENCES gestures (sequence), -- who said it, when
        PRIMARY KEY (source, patch)
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX labels_class ON labels (class);
    `)
    for (const table of ['gestures', 'gesture_labels', 'gesture_classes', 'gesture_masks'])
      for (const deed of ['UPDATE', 'DELETE'])
        sqlite.exec(`
          CREATE TRIGGER ${table}_no_${deed.toLowerCase()} BEFORE ${deed} ON ${table}
          BEGIN SELECT RAISE(ABORT, 'the log of gestures is append-only'); END;
        `)
  },
}
