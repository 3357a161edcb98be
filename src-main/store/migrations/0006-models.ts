import type { Migration } from '../migrate.ts'

/** Training runs with their curves, and the models that came of them. */
export const models: Migration = {
  number: 6,
  name: 'models',
  up: (sqlite) =>
    void sqlite.exec(`
      CREATE TABLE models (
        seq         INTEGER NOT NULL PRIMARY KEY,
        id          TEXT    NOT NULL UNIQUE,
        name        TEXT    NOT NULL,
        run         INTEGER REFERENCES runs (seq), -- null = imported
        folder      TEXT    NOT NULL,              -- in the project's models folder; holds weights and card
        card        TEXT    NOT NULL,              -- JSON: ModelCard
        sha256      TEXT    NOT NULL,              -- of the weights
        created_at  INTEGER NOT NULL
      ) STRICT;

      CREATE TABLE runs (
        seq              INTEGER NOT NULL PRIMARY KEY,
        id               TEXT    NOT NULL UNIQUE,
        job              INTEGER NOT NULL REFERENCES jobs (seq),
        settings         TEXT    NOT NULL, -- JSON: TrainingSettings
        class_names      TEXT    NOT NULL, -- JSON: the names at the start, in the order of the outputs
        split            TEXT    NOT NULL, -- JSON: SplitSummary
        steps            INTEGER,
        steps_per_epoch  INTEGER NOT NULL,
        created_at       INTEGER NOT NULL
      ) STRICT;

      -- which patches a run trained on and was measured on, fixed at its start, so that a resumed run sees the same
      CREATE TABLE run_patches (
        run     INTEGER NOT NULL REFERENCES runs (seq),
        side    TEXT    NOT NULL CHECK (side IN ('training', 'validation')),
        source  INTEGER NOT NULL REFERENCES sources (seq),
        patch   BLOB    NOT NULL, -- u32, little-endian
        target  BLOB    NOT NULL, -- u16, index into class_names
        PRIMARY KEY (run, side, source)
      ) STRICT;

      CREATE TABLE run_points (
        run    INTEGER NOT NULL REFERENCES runs (seq),
        step   INTEGER NOT NULL,
        kind   TEXT    NOT NULL,
        point  TEXT    NOT NULL, -- JSON: TrainingPoint
        PRIMARY KEY (run, step, kind)
      ) STRICT, WITHOUT ROWID;
    `),
}
