import type { Migration } from '../migrate.ts'

/** What was painted over a tissue mask by hand, settings kept under a name, and how sharp the patches of a grid are. */
export const tissue: Migration = {
  number: 10,
  name: 'tissue',
  up: (sqlite) =>
    void sqlite.exec(`
      -- masks without a row have no hand changes; masks.inside is what counts, hand changes included
      CREATE TABLE mask_hands (
        mask      INTEGER NOT NULL PRIMARY KEY REFERENCES masks (seq),
        computed  BLOB    NOT NULL, -- as masks.inside, without the hand changes
        patch     BLOB    NOT NULL, -- u32, little-endian
        tissue    BLOB    NOT NULL  -- u8 of each patch: 1 = tissue
      ) STRICT;

      CREATE TABLE mask_presets (
        name        TEXT    NOT NULL PRIMARY KEY COLLATE NOCASE,
        params      TEXT    NOT NULL, -- JSON: MaskParams
        is_default  INTEGER NOT NULL CHECK (is_default IN (0, 1))
      ) STRICT;
      CREATE UNIQUE INDEX mask_presets_default ON mask_presets (is_default) WHERE is_default = 1;

      CREATE TABLE grid_sharpness (
        source     INTEGER NOT NULL PRIMARY KEY REFERENCES grids (source),
        sharpness  BLOB    NOT NULL -- f32 [patch], little-endian: variance of the Laplacian; NaN = not measured
      ) STRICT;
    `),
}
