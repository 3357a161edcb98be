/**
 * The queue of long work. One shape for all of it: a runner does the work of its kind, reports progress, and stops when
 * its signal says so, having saved enough to go on later.
 *
 * Pausing ends the runner, which frees its processes and memory; resuming calls it again with the same parameters, and it
 * goes on from what it saved. So a pause, a crash and a restart of the program are one case, tested once.
 */
import { v7 as uuidv7 } from 'uuid'
import { isTesseraError, tesseraError, toFault } from '../../src-shared/errors.ts'
import type { JobId } from '../../src-shared/ids.ts'
import { isOver, type Job, type JobKind, type JobState, type jobCalls } from '../../src-shared/jobs.ts'
import type { CallHandlers } from '../../src-shared/wire/contract.ts'
import type { Store, WritableDb } from '../store/database.ts'
import { appendLog, clearJobs, findJob, insertJob, listJobs, readLog, type StoredJob, updateJob } from './jobRows.ts'
import { progressMeter } from './progress.ts'

export type JobReport = { done?: number; total?: number | null; phase?: string }

export interface JobControl {
  readonly job: JobId
  /** Aborts when the job is paused, cancelled, or the program ends. Save what is needed to go on, then return. */
  readonly signal: AbortSignal
  /** Sent on a few times a second, however often it is called. */
  report(report: JobReport): void
  /** A line in the job's log. */
  log(text: string): void
}

export interface JobRunner {
  /** Does the work. Returning while the signal is aborted means “stopped, can go on”; otherwise “done”. */
  run(params: unknown, control: JobControl): Promise<void>
  /** The job is cancelled: throw away what only a resumed run would need. */
  discard?(params: unknown): Promise<void> | void
  unit: string
  canPause: boolean
  /** Runners that use all cores run one after the other; light ones run beside them. */
  heavy: boolean
}

export type NewJob = { kind: JobKind; title: string; params: unknown; total: number | null }

export interface Jobs {
  register(kind: JobKind, runner: JobRunner): void
  /** A job as a row, inside a transaction of the caller, who adds what the job works on. Afterwards: `launch`. */
  create(db: WritableDb, job: NewJob): JobId
  launch(job: JobId): void
  get(job: JobId): Job
  /** Also of jobs that were cleared from the list. */
  stateOf(job: JobId): JobState
  /** Resolves when the job is over, paused or interrupted. */
  settled(job: JobId): Promise<Job>
  /** Stops everything that runs; it can be resumed when the project is opened again. */
  shutDown(): Promise<void>
  handlers: CallHandlers<typeof jobCalls>
}

const unknownJob = (job: JobId) =>
  tesseraError('JOB_UNKNOWN', 'This job is not in the list any more. It was cleared, or belongs to another project.', {
    job,
  })

export type JobsChanged = (body: { changed: Job[]; removed: JobId[] }) => void

/** Progress is told this often at most, and saved this often, ms. */
const TELL_MS = 250
const SAVE_MS = 2000

type Live = {
  stored: StoredJob
  rate: number | null
  eta: number | null
  meter: ReturnType<typeof progressMeter>
  abort: AbortController | null
  running: Promise<void> | null
  /** The state to take when the runner returns because it was asked to stop. */
  stopAs: JobState | null
  toldAt: number
  savedAt: number
  tellTimer: NodeJS.Timeout | null
}

export function createJobs(store: Store, publish: JobsChanged, onUnexpected: (error: unknown, job: Job) => void): Jobs {
  const runners = new Map<JobKind, JobRunner>()
  const live = new Map<JobId, Live>()
  const settlers = new Map<JobId, ((job: Job) => void)[]>()

  const adopt = (stored: StoredJob): Live => {
    const one: Live = {
      stored,
      rate: null,
      eta: null,
      meter: progressMeter(() => performance.now() / 1000),
      abort: null,
      running: null,
      stopAs: null,
      toldAt: 0,
      savedAt: 0,
      tellTimer: null,
    }
    live.set(stored.id, one)
    return one
  }

  const shown = (one: Live): Job => {
    const { params: _params, ...job } = one.stored
    return { ...job, rate: one.rate, eta: one.eta, canPause: runners.get(job.kind)?.canPause ?? false }
  }

  const find = (job: JobId): Live => {
    const one = live.get(job)
    if (!one) throw unknownJob(job)
    return one
  }

  const save = (one: Live): void => {
    one.savedAt = performance.now()
    store.transaction('jobs.save', (db) => updateJob(db, one.stored))
  }

  const tell = (one: Live): void => {
    if (one.tellTimer) clearTimeout(one.tellTimer)
    one.tellTimer = null
    one.toldAt = performance.now()
    publish({ changed: [shown(one)], removed: [] })
  }

  const enter = (one: Live, state: JobState, more: Partial<StoredJob> = {}): void => {
    const over = isOver(state)
    one.stored = { ...one.stored, ...more, state, endedAt: over ? Date.now() : null }
    if (state !== 'running') {
      one.rate = null
      one.eta = null
      one.meter.reset()
    }
    save(one)
    tell(one)
    if (over || state === 'paused' || state === 'interrupted') {
      for (const settle of settlers.get(one.stored.id) ?? []) settle(shown(one))
      settlers.delete(one.stored.id)
    }
  }

  /** Starts the next queued jobs: one heavy job at a time, light ones at once. */
  const schedule = (): void => {
    const waiting = [...live.values()].filter((one) => one.stored.state === 'queued')
    for (const one of waiting) {
      const runner = runners.get(one.stored.kind)
      if (!runner) continue
      const busy = [...live.values()].some((each) => each.running && runners.get(each.stored.kind)?.heavy)
      if (!runner.heavy || !busy) start(one, runner)
    }
  }

  const start = (one: Live, runner: JobRunner): void => {
    const abort = new AbortController()
    one.abort = abort
    one.stopAs = null
    enter(one, 'running', { startedAt: Date.now(), fault: null })
    one.running = work(one, runner, abort.signal).finally(() => {
      one.running = null
      one.abort = null
      schedule()
    })
  }

  const work = async (one: Live, runner: JobRunner, signal: AbortSignal): Promise<void> => {
    const { id, params } = one.stored
    const control: JobControl = {
      job: id,
      signal,
      report({ done = one.stored.done, total = one.stored.total, phase = one.stored.phase }) {
        one.stored = { ...one.stored, done, total, phase }
        Object.assign(one, one.meter.report(done, total))
        if (performance.now() - one.savedAt > SAVE_MS) save(one)
        if (performance.now() - one.toldAt > TELL_MS) tell(one)
        else one.tellTimer ??= setTimeout(() => tell(one), TELL_MS)
      },
      log(text) {
        store.transaction('jobs.log', (db) => appendLog(db, id, Date.now(), text))
      },
    }
    try {
      await runner.run(params, control)
      const stopped = signal.aborted ? one.stopAs : null
      if (stopped === 'cancelled') await runner.discard?.(params)
      enter(one, stopped ?? 'done', stopped ? {} : { phase: '' })
    } catch (error) {
      if (signal.aborted && (one.stopAs !== 'cancelled' || isTesseraError(error, 'CANCELLED'))) {
        if (one.stopAs === 'cancelled') await runner.discard?.(params)
        enter(one, one.stopAs ?? 'interrupted')
        return
      }
      const fault = toFault(error)
      if (fault.code === 'UNEXPECTED') onUnexpected(error, shown(one))
      control.log(`${fault.message} (${fault.code})`)
      enter(one, signal.aborted ? 'cancelled' : 'failed', { fault })
    }
  }

  /** Asks a running job to stop and waits until it has. */
  const stop = async (one: Live, as: JobState): Promise<void> => {
    one.stopAs = as
    one.abort?.abort()
    await one.running
  }

  const wrongState = (one: Live, wanted: string) =>
    tesseraError('JOB_STATE', `“${one.stored.title}” is ${one.stored.state}, so it can not be ${wanted}.`, {
      job: one.stored.id,
      state: one.stored.state,
      wanted,
    })

  for (const stored of listJobs(store.read)) {
    const one = adopt(stored)
    // It ran, or was waiting, when the program ended: somebody must say whether it goes on.
    if (stored.state === 'running' || stored.state === 'queued') one.stored = { ...stored, state: 'interrupted' }
  }

  return {
    register(kind, runner) {
      runners.set(kind, runner)
    },
    create(db, job) {
      const id = uuidv7() as JobId
      const runner = runners.get(job.kind)
      if (!runner) throw new Error(`No runner is registered for ${job.kind} jobs.`)
      const stored: StoredJob = {
        ...job,
        id,
        state: 'queued',
        done: 0,
        unit: runner.unit,
        phase: 'waiting',
        fault: null,
        createdAt: Date.now(),
        startedAt: null,
        endedAt: null,
      }
      insertJob(db, stored)
      return id
    },
    launch(job) {
      const stored = findJob(store.read, job)
      if (!stored) throw unknownJob(job)
      tell(adopt(stored))
      schedule()
    },
    get: (job) => shown(find(job)),
    stateOf: (job) => live.get(job)?.stored.state ?? findJob(store.read, job)?.state ?? 'cancelled',
    settled(job) {
      const one = find(job)
      const { state } = one.stored
      if (isOver(state) || ((state === 'paused' || state === 'interrupted') && !one.running))
        return Promise.resolve(shown(one))
      return new Promise((resolve) => settlers.set(job, [...(settlers.get(job) ?? []), resolve]))
    },
    async shutDown() {
      for (const one of live.values()) if (one.stored.state === 'queued') enter(one, 'interrupted')
      await Promise.all([...live.values()].filter((one) => one.running !== null).map((one) => stop(one, 'interrupted')))
      for (const one of live.values()) if (one.tellTimer) clearTimeout(one.tellTimer)
    },
    handlers: {
      'jobs.list': () => [...live.values()].map(shown),
      async 'jobs.pause'({ job }) {
        const one = find(job)
        if (one.stored.state === 'queued') enter(one, 'paused')
        else if (one.running && runners.get(one.stored.kind)?.canPause) await stop(one, 'paused')
        else throw wrongState(one, 'paused')
        return shown(one)
      },
      'jobs.resume'({ job }) {
        const one = find(job)
        const { state } = one.stored
        if (state !== 'paused' && state !== 'interrupted' && state !== 'failed') throw wrongState(one, 'resumed')
        enter(one, 'queued', { phase: 'waiting', fault: null })
        schedule()
        return shown(one)
      },
      async 'jobs.cancel'({ job }) {
        const one = find(job)
        if (isOver(one.stored.state)) throw wrongState(one, 'cancelled')
        if (one.running) await stop(one, 'cancelled')
        else {
          await runners.get(one.stored.kind)?.discard?.(one.stored.params)
          enter(one, 'cancelled')
        }
        return shown(one)
      },
      'jobs.log': ({ job }) => readLog(store.read, find(job).stored.id),
      'jobs.clear'() {
        store.transaction('jobs.clear', clearJobs)
        const removed = [...live.values()].filter((one) => isOver(one.stored.state)).map((one) => one.stored.id)
        for (const job of removed) live.delete(job)
        publish({ changed: [], removed })
      },
    },
  }
}
