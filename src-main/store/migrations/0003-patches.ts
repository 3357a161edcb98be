import type { Migration } from '../migrate.ts'

/**
 * Patch sources: grids of slides and patch sets share one list of identities, so that a label needs to know only
 * (source, patch). Grids and masks are immutable: a change makes a new row.
 */
export const patches: Migration = {
  number: 3,
  name: 'patches',
  up: (sqlite) =>
    void sqlite.exec(`
      CREATE TABLE sources (
        seq         INTEGER NOT NULL PRIMARY KEY,
        id          TEXT    NOT NULL UNIQUE,
        kind        TEXT    NOT NULL CHECK (kind IN ('grid', 'set')),
        created_at  INTEGER NOT NULL
      ) STRICT;

      CREATE TABLE grids (
        source       INTEGER NOT NULL PRIMARY KEY REFERENCES sources (seq),
        slide        INTEGER NOT NULL REFERENCES slides (seq),
        edge_px      INTEGER NOT NULL,  -- px at mpp, as asked for
        mpp          REAL    NOT NULL,
        stride_px    INTEGER NOT NULL,
        offset_x_px  INTEGER NOT NULL,
        offset_y_px  INTEGER NOT NULL,
        slide_mpp_x  REAL    NOT NULL,  -- sampling of the slide when the grid was made
        slide_mpp_y  REAL    NOT NULL,
        edge_x       INTEGER NOT NULL,  -- level-0 px, rounded once
        edge_y       INTEGER NOT NULL,
        stride_x     INTEGER NOT NULL,
        stride_y     INTEGER NOT NULL,
        offset_x     INTEGER NOT NULL,
        offset_y     INTEGER NOT NULL,
        columns      INTEGER NOT NULL,
        rows         INTEGER NOT NULL,
        active       INTEGER NOT NULL CHECK (active IN (0, 1)),
        mask         INTEGER REFERENCES masks (seq),
        UNIQUE (slide, edge_px, mpp, stride_px, offset_x_px, offset_y_px, slide_mpp_x, slide_mpp_y)
      ) STRICT;

      CREATE TABLE masks (
        seq         INTEGER NOT NULL PRIMARY KEY,
        id          TEXT    NOT NULL UNIQUE,
        source      INTEGER NOT NULL REFERENCES sources (seq),
        params      TEXT    NOT NULL, -- JSON: MaskParams
        threshold   REAL    NOT NULL, -- saturation, 0 … 1
        inside      BLOB    NOT NULL, -- one bit for each patch, lowest bit first
        created_at  INTEGER NOT NULL
      ) STRICT;

      CREATE TABLE patch_sets (
        source       INTEGER NOT NULL PRIMARY KEY REFERENCES sources (seq),
        name         TEXT    NOT NULL,
        origin       TEXT    NOT NULL CHECK (origin IN ('folder', 'csv', 'idx')),
        location     TEXT    NOT NULL, -- absolute path of the folder, the CSV or the IDX images
        patches      INTEGER NOT NULL,
        width        INTEGER NOT NULL,
        height       INTEGER NOT NULL,
        channels     INTEGER NOT NULL CHECK (channels IN (1, 3)),
        mpp          REAL,
        cases_known  INTEGER NOT NULL CHECK (cases_known IN (0, 1))
      ) STRICT;

      CREATE TABLE patch_set_rows (
        source      INTEGER NOT NULL REFERENCES patch_sets (source),
        patch       INTEGER NOT NULL,
        file        TEXT,             -- from the location's folder; null in an IDX file, where the row says it
        label       TEXT,             -- the class its folder, CSV or IDX file names
        slide_name  TEXT,
        case_seq    INTEGER REFERENCES cases (seq), -- null = a case of its own
        PRIMARY KEY (source, patch)
      ) STRICT, WITHOUT ROWID;
    `),
}
