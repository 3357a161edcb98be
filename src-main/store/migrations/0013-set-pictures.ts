import type { Migration } from '../migrate.ts'

/**
 * What is particular about the pictures of patch sets, and which of them networks do not get. Sets from before have none:
 * they were refused whole when one picture did not fit.
 */
export const setPictures: Migration = {
  number: 13,
  name: 'set-pictures',
  up: (sqlite) =>
    void sqlite.exec(`
      CREATE TABLE patch_set_notes (
        source  INTEGER NOT NULL PRIMARY KEY REFERENCES patch_sets (source),
        notes   TEXT    NOT NULL -- JSON: PictureNotes
      ) STRICT;

      CREATE TABLE patch_set_unfit (
        source  INTEGER NOT NULL,
        patch   INTEGER NOT NULL,
        reason  TEXT    NOT NULL, -- why networks do not get it
        PRIMARY KEY (source, patch),
        FOREIGN KEY (source, patch) REFERENCES patch_set_rows (source, patch)
      ) STRICT, WITHOUT ROWID;
    `),
}
