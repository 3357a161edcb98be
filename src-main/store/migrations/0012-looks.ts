import type { Migration } from '../migrate.ts'

/**
 * How slides are shown. `look` is of the screen alone. `channels` says how the channels of a fluorescence slide become
 * one picture: the pixels that the screen and networks get. What a training got is kept with it.
 */
export const looks: Migration = {
  number: 12,
  name: 'looks',
  up: (sqlite) =>
    void sqlite.exec(`
      CREATE TABLE slide_looks (
        slide     INTEGER NOT NULL PRIMARY KEY REFERENCES slides (seq),
        look      TEXT    NOT NULL, -- JSON: SlideLook
        channels  TEXT              -- JSON: ChannelMapping; null = as the file says
      ) STRICT;

      CREATE TABLE run_channels (
        run       INTEGER NOT NULL REFERENCES runs (seq),
        slide     INTEGER NOT NULL REFERENCES slides (seq),
        channels  TEXT    NOT NULL, -- JSON: ChannelMapping at the start of the training; no row = as the file says
        PRIMARY KEY (run, slide)
      ) STRICT;
    `),
}
