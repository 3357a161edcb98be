/** Jobs in the database. */
import type { FaultRecord } from '../../src-shared/errors.ts'
import { JobId } from '../../src-shared/ids.ts'
import { type Job, JobKind, JobState } from '../../src-shared/jobs.ts'
import type { ReadableDb, WritableDb } from '../store/database.ts'

type JobRow = {
  id: string
  kind: string
  title: string
  params: string
  state: string
  done: number
  total: number | null
  unit: string
  phase: string
  fault: string | null
  created_at: number
  started_at: number | null
  ended_at: number | null
}

/** A job without what is only known while it runs. */
export type StoredJob = Omit<Job, 'rate' | 'eta' | 'canPause'> & { params: unknown }

const fromRow = (row: JobRow): StoredJob => ({
  id: JobId.parse(row.id),
  kind: JobKind.parse(row.kind),
  title: row.title,
  params: JSON.parse(row.params) as unknown,
  state: JobState.parse(row.state),
  done: row.done,
  total: row.total,
  unit: row.unit,
  phase: row.phase,
  fault: row.fault === null ? null : (JSON.parse(row.fault) as FaultRecord),
  createdAt: row.created_at,
  startedAt: row.started_at,
  endedAt: row.ended_at,
})

export const listJobs = (db: ReadableDb): StoredJob[] =>
  db.all<JobRow>('SELECT * FROM jobs WHERE cleared = 0 ORDER BY seq').map(fromRow)

export function findJob(db: ReadableDb, job: JobId): StoredJob | null {
  const row = db.get<JobRow>('SELECT * FROM jobs WHERE id = @job', { job })
  return row ? fromRow(row) : null
}

export function insertJob(db: WritableDb, job: StoredJob): void {
  db.run(
    `INSERT INTO jobs (id, kind, title, params, state, done, total, unit, phase, fault, created_at, started_at, ended_at, cleared)
     VALUES (@id, @kind, @title, @params, @state, @done, @total, @unit, @phase, @fault, @createdAt, @startedAt, @endedAt, 0)`,
    toRow(job),
  )
}

export function updateJob(db: WritableDb, job: StoredJob): void {
  const { kind: _kind, params: _params, createdAt: _createdAt, ...changing } = toRow(job)
  db.run(
    `UPDATE jobs SET title = @title, state = @state, done = @done, total = @total, unit = @unit, phase = @phase,
       fault = @fault, started_at = @startedAt, ended_at = @endedAt
     WHERE id = @id`,
    changing,
  )
}

const toRow = (job: StoredJob) => ({
  id: job.id,
  kind: job.kind,
  title: job.title,
  params: JSON.stringify(job.params),
  state: job.state,
  done: job.done,
  total: job.total,
  unit: job.unit,
  phase: job.phase,
  fault: job.fault && JSON.stringify(job.fault),
  createdAt: job.createdAt,
  startedAt: job.startedAt,
  endedAt: job.endedAt,
})

export const jobSeq = (db: ReadableDb, job: JobId): number =>
  db.get<{ seq: number }>('SELECT seq FROM jobs WHERE id = @job', { job })!.seq

export const clearJobs = (db: WritableDb): void => {
  db.run(`UPDATE jobs SET cleared = 1 WHERE state IN ('done', 'failed', 'cancelled')`)
}

export const appendLog = (db: WritableDb, job: JobId, at: number, text: string): void => {
  db.run('INSERT INTO job_log (job, at, text) SELECT seq, @at, @text FROM jobs WHERE id = @job', { job, at, text })
}

export const readLog = (db: ReadableDb, job: JobId): { at: number; text: string }[] =>
  db.all<{ at: number; text: string }>(
    'SELECT at, text FROM job_log WHERE job = (SELECT seq FROM jobs WHERE id = @job) ORDER BY rowid',
    { job },
  )
