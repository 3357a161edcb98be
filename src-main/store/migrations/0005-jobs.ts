import type { Migration } from '../migrate.ts'

/** Long work, so that it can be resumed after a crash. `params` is what the job's kind needs to start again. */
export const jobs: Migration = {
  number: 5,
  name: 'jobs',
  up: (sqlite) =>
    void sqlite.exec(`
      CREATE TABLE jobs (
        seq         INTEGER NOT NULL PRIMARY KEY,
        id          TEXT    NOT NULL UNIQUE,
        kind        TEXT    NOT NULL,
        title       TEXT    NOT NULL,
        params      TEXT    NOT NULL, -- JSON
        state       TEXT    NOT NULL,
        done        REAL    NOT NULL,
        total       REAL,
        unit        TEXT    NOT NULL,
        phase       TEXT    NOT NULL,
        fault       TEXT,             -- JSON: FaultRecord
        created_at  INTEGER NOT NULL,
        started_at  INTEGER,
        ended_at    INTEGER,
        cleared     INTEGER NOT NULL CHECK (cleared IN (0, 1))
      ) STRICT;

      CREATE TABLE job_log (
        job   INTEGER NOT NULL REFERENCES jobs (seq),
        at    INTEGER NOT NULL,
        text  TEXT    NOT NULL
      ) STRICT;
      CREATE INDEX job_log_job ON job_log (job);
    `),
}
