import type { Migration } from '../migrate.ts'

/**
 * Encoders of a project, and what they made of patches: float [patch, feature] in a file of the features folder. Here
 * stands which rows of it are finished, of which patches, each block with its checksum: an extraction resumes, another
 * mask adds the patches that are missing, and a damaged file is noticed.
 */
export const features: Migration = {
  number: 14,
  name: 'features',
  up: (sqlite) =>
    void sqlite.exec(`
      CREATE TABLE encoders (
        seq         INTEGER NOT NULL PRIMARY KEY,
        id          TEXT    NOT NULL UNIQUE,
        origin      TEXT    NOT NULL, -- JSON: EncoderOrigin
        layer       TEXT,             -- as it was asked for; null = the default
        card        TEXT    NOT NULL, -- JSON: EncoderCard
        created_at  INTEGER NOT NULL
      ) STRICT;

      CREATE TABLE feature_sets (
        seq            INTEGER NOT NULL PRIMARY KEY,
        id             TEXT    NOT NULL UNIQUE,
        encoder        INTEGER NOT NULL REFERENCES encoders (seq),
        source         INTEGER NOT NULL REFERENCES sources (seq),
        job            INTEGER REFERENCES jobs (seq), -- the last that extracted; null = read from a file
        element        TEXT    NOT NULL CHECK (element IN ('float32', 'float16')),
        preprocessing  TEXT    NOT NULL,              -- JSON
        total          INTEGER NOT NULL,              -- rows when nothing is left to do
        created_at     INTEGER NOT NULL,
        UNIQUE (encoder, source)
      ) STRICT;

      CREATE TABLE feature_blocks (
        feature_set  INTEGER NOT NULL REFERENCES feature_sets (seq) ON DELETE CASCADE,
        first        INTEGER NOT NULL, -- row
        patches      BLOB    NOT NULL, -- uint32, little-endian: the patch of each row
        checksum     TEXT    NOT NULL, -- sha256 of the rows
        PRIMARY KEY (feature_set, first)
      ) STRICT, WITHOUT ROWID;
    `),
}
