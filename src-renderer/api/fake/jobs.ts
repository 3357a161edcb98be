/** Made-up long work: a job that counts, and can be paused, resumed and cancelled. */
import { tesseraError } from '../../../src-shared/errors.ts'
import type { JobId } from '../../../src-shared/ids.ts'
import { isOver, type Job, type JobKind } from '../../../src-shared/jobs.ts'
import { newId, pause } from './ids.ts'

type Publish = (changed: Job[]) => void

export class FakeJobs {
  readonly jobs = new Map<JobId, Job>()
  readonly logs = new Map<JobId, { at: number; text: string }[]>()
  readonly #publish: Publish

  constructor(publish: Publish) {
    this.#publish = publish
  }

  add(kind: JobKind, title: string, total: number, unit: string): Job {
    const now = Date.now()
    const job: Job = {
      id: newId(),
      kind,
      title,
      state: 'queued',
      done: 0,
      total,
      unit,
      rate: null,
      eta: null,
      phase: 'waiting',
      canPause: kind !== 'export',
      fault: null,
      createdAt: now,
      startedAt: null,
      endedAt: null,
    }
    this.logs.set(job.id, [{ at: now, text: `Queued: ${title}` }])
    this.#put(job)
    return job
  }

  /** Counts up to the job's total. @returns false when it was cancelled */
  async run(id: JobId, step: number, everyMs: number, work: (from: number, to: number) => void): Promise<boolean> {
    this.change(id, { state: 'running', startedAt: Date.now(), phase: 'running' })
    for (;;) {
      await pause(everyMs)
      const job = this.jobs.get(id)!
      if (job.state === 'cancelled') return false
      if (job.state === 'paused') continue
      const done = Math.min(job.total!, job.done + step)
      work(job.done, done)
      const rate = (step * 1000) / everyMs
      this.change(id, { done, rate, eta: (job.total! - done) / rate })
      if (done === job.total) {
        this.change(id, { state: 'done', endedAt: Date.now(), phase: 'done', rate: null, eta: null })
        return true
      }
    }
  }

  change(id: JobId, change: Partial<Job>): Job {
    const job = { ...this.known(id), ...change }
    if (change.state) this.logs.get(id)!.push({ at: Date.now(), text: `State: ${change.state}` })
    this.#put(job)
    return job
  }

  move(id: JobId, state: Job['state']): Job {
    const job = this.known(id)
    if (isOver(job.state))
      throw tesseraError('JOB_STATE', `“${job.title}” is over: it can not be ${state}.`, {
        job: id,
        state: job.state,
        wanted: state,
      })
    return this.change(id, { state, phase: state, ...(state === 'cancelled' && { endedAt: Date.now() }) })
  }

  known(id: JobId): Job {
    const job = this.jobs.get(id)
    if (!job) throw tesseraError('JOB_UNKNOWN', 'This job is not known any longer.', { job: id })
    return job
  }

  #put(job: Job): void {
    this.jobs.set(job.id, job)
    this.#publish([job])
  }
}
