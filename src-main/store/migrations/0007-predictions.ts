import type { Migration } from '../migrate.ts'

/**
 * Prediction runs. The probabilities are float32 [patch, class] in a file of the predictions folder; here stands which
 * blocks of it are finished, each with its checksum, so that a run resumes and a damaged file is noticed.
 */
export const predictions: Migration = {
  number: 7,
  name: 'predictions',
  up: (sqlite) =>
    void sqlite.exec(`
      CREATE TABLE prediction_runs (
        seq            INTEGER NOT NULL PRIMARY KEY,
        id             TEXT    NOT NULL UNIQUE,
        job            INTEGER NOT NULL REFERENCES jobs (seq),
        model          INTEGER NOT NULL REFERENCES models (seq),
        source         INTEGER NOT NULL REFERENCES sources (seq),
        mask           INTEGER REFERENCES masks (seq), -- which patches were asked for; null = all
        weights        TEXT    NOT NULL,               -- sha256
        preprocessing  TEXT    NOT NULL,               -- JSON
        engine         TEXT    NOT NULL,               -- name and version
        classes        TEXT    NOT NULL,               -- JSON: name and colour, in the order of the outputs
        total          INTEGER NOT NULL,
        checksum       TEXT,                           -- sha256 over those of the blocks; null until complete
        counts         TEXT,                           -- JSON: patches of each class; null until complete
        created_at     INTEGER NOT NULL
      ) STRICT;

      CREATE TABLE prediction_blocks (
        run       INTEGER NOT NULL REFERENCES prediction_runs (seq),
        first     INTEGER NOT NULL, -- place in the run's list of patches
        count     INTEGER NOT NULL,
        checksum  TEXT    NOT NULL,
        PRIMARY KEY (run, first)
      ) STRICT, WITHOUT ROWID;

      CREATE TABLE exports (
        id          TEXT    NOT NULL PRIMARY KEY,
        job         INTEGER NOT NULL REFERENCES jobs (seq),
        name        TEXT    NOT NULL,
        file        TEXT    NOT NULL, -- from the project folder
        bytes       INTEGER NOT NULL,
        created_at  INTEGER NOT NULL
      ) STRICT;
    `),
}
