import type { Migration } from '../migrate.ts'

/** Which side each patch of a k-fold training is on in each of its folds, so that a resumed run sees the same. */
export const folds: Migration = {
  number: 8,
  name: 'folds',
  up: (sqlite) =>
    void sqlite.exec(`
      CREATE TABLE run_folds (
        run     INTEGER NOT NULL REFERENCES runs (seq),
        fold    INTEGER NOT NULL,
        source  INTEGER NOT NULL REFERENCES sources (seq),
        side    BLOB    NOT NULL, -- u8 for each patch of the training side in run_patches: 0 training, 1 held out, 2 neither
        PRIMARY KEY (run, fold, source)
      ) STRICT;
    `),
}
