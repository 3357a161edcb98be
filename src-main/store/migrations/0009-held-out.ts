import type { Migration } from '../migrate.ts'

/** What the model of a training said of its held-out patches when it was measured, so that a figure can be looked into. */
export const heldOut: Migration = {
  number: 9,
  name: 'held-out',
  up: (sqlite) =>
    void sqlite.exec(`
      CREATE TABLE run_held_out (
        run            INTEGER NOT NULL,
        side           TEXT    NOT NULL, -- of folds: training, as each patch is held out once
        source         INTEGER NOT NULL,
        probabilities  BLOB    NOT NULL, -- f32 [patch, class], little-endian, patches as in run_patches
        PRIMARY KEY (run, side, source),
        FOREIGN KEY (run, side, source) REFERENCES run_patches (run, side, source)
      ) STRICT;
    `),
}
