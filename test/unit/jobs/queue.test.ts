import path from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { tesseraError } from '../../../src-shared/errors.ts'
import type { JobId } from '../../../src-shared/ids.ts'
import type { Job } from '../../../src-shared/jobs.ts'
import { createJobs, type JobControl, type JobRunner, type Jobs } from '../../../src-main/jobs/queue.ts'
import { progressMeter } from '../../../src-main/jobs/progress.ts'
import { createProject, openProject, type ProjectStore } from '../../../src-main/projects/projectStore.ts'
import { temporaryFolder } from '../../fixtures/temporary.ts'

/** A queue over a real database, with a runner that counts to ten and can be held at any number. */
class QueueBench {
  readonly folder: string
  readonly project: ProjectStore
  readonly jobs: Jobs
  readonly told: Job[] = []
  /** What the runner saved: where each job stands. */
  readonly saved: Map<string, number>
  readonly discarded: string[] = []
  holdAt = Number.POSITIVE_INFINITY
  failAt = Number.POSITIVE_INFINITY
  private release: () => void = () => undefined
  running = 0
  mostRunning = 0

  constructor(folder: string, project: ProjectStore, saved = new Map<string, number>()) {
    this.folder = folder
    this.project = project
    this.saved = saved
    this.jobs = createJobs(
      project.store,
      ({ changed }) => this.told.push(...changed),
      (error) => {
        throw error
      },
    )
    const runner = (heavy: boolean): JobRunner => ({
      unit: 'numbers',
      canPause: true,
      heavy,
      run: (params, control) => this.count((params as { name: string }).name, control),
      discard: (params) => void this.discarded.push((params as { name: string }).name),
    })
    this.jobs.register('training', runner(true))
    this.jobs.register('prediction', runner(true))
    this.jobs.register('export', runner(false))
    onTestFinished(async () => {
      await this.close()
    })
  }

  static create(): QueueBench {
    const folder = path.join(temporaryFolder(), 'project')
    return new QueueBench(folder, createProject(folder, 'Test', { who: 'a test' }))
  }

  private closed = false
  async close(): Promise<void> {
    if (this.closed) return
    this.closed = true
    this.letGo()
    await this.jobs.shutDown()
    this.project.close()
  }

  /** As after a crash: what ran is stopped dead where it was held, and the database is opened as it was left. */
  reopened(): QueueBench {
    this.closed = true
    this.project.close()
    return new QueueBench(this.folder, openProject(this.folder, { who: 'a test' }), this.saved)
  }

  letGo(): void {
    this.holdAt = Number.POSITIVE_INFINITY
    this.release()
  }

  private async count(name: string, control: JobControl): Promise<void> {
    this.running++
    this.mostRunning = Math.max(this.mostRunning, this.running)
    try {
      for (let i = this.saved.get(name) ?? 0; i < 10; i++) {
        if (i === this.failAt) throw tesseraError('DISK_FULL', 'The disk is full.', { file: name, needed: null })
        if (i === this.holdAt && !control.signal.aborted)
          await new Promise<void>((resolve) => {
            this.release = resolve
            control.signal.addEventListener('abort', () => resolve())
          })
        if (control.signal.aborted) return
        this.saved.set(name, i + 1)
        control.report({ done: i + 1, total: 10, phase: 'counting' })
        await new Promise((resolve) => setImmediate(resolve))
      }
      control.log(`${name} counted to ten`)
    } finally {
      this.running--
    }
  }

  start(name: string, kind: Job['kind'] = 'training'): JobId {
    const job = this.project.store.transaction('test', (db) =>
      this.jobs.create(db, { kind, title: `Count ${name}`, params: { name }, total: 10 }),
    )
    this.jobs.launch(job)
    return job
  }

  get calls() {
    return this.jobs.handlers
  }

  async reached(job: JobId, done: number): Promise<void> {
    await expect.poll(() => this.jobs.get(job).done, { interval: 2 }).toBeGreaterThanOrEqual(done)
  }
}

describe('a job', () => {
  test('runs to its end and says so, with a line in its log', async () => {
    const bench = QueueBench.create()
    const job = bench.start('a')
    expect(await bench.jobs.settled(job)).toMatchObject({ state: 'done', done: 10, total: 10, unit: 'numbers' })
    expect(bench.calls['jobs.log']({ job })).toMatchObject([{ text: 'a counted to ten' }])
    expect(bench.told.at(-1)).toMatchObject({ id: job, state: 'done' })
  })

  test('heavy jobs run one after the other, a light one beside them', async () => {
    const bench = QueueBench.create()
    bench.holdAt = 5
    const [first, second] = [bench.start('a'), bench.start('b', 'prediction')]
    await bench.reached(first, 5)
    const light = bench.start('c', 'export')
    await bench.reached(light, 5)
    expect(bench.jobs.get(second).state).toBe('queued')
    expect(bench.mostRunning).toBe(2)
    bench.letGo()
    await bench.calls['jobs.cancel']({ job: light })
    await bench.calls['jobs.cancel']({ job: first })
    expect(await bench.jobs.settled(second)).toMatchObject({ state: 'done' })
  })

  test('pauses where it stands and goes on from there', async () => {
    const bench = QueueBench.create()
    bench.holdAt = 4
    const job = bench.start('a')
    await bench.reached(job, 4)
    expect(await bench.calls['jobs.pause']({ job })).toMatchObject({ state: 'paused', done: 4, rate: null })
    expect(bench.running).toBe(0)
    bench.letGo()
    await bench.calls['jobs.resume']({ job })
    expect(await bench.jobs.settled(job)).toMatchObject({ state: 'done' })
    expect(bench.discarded).toEqual([])
  })

  test('is cancelled for good, and what only a resumed run would need is thrown away', async () => {
    const bench = QueueBench.create()
    bench.holdAt = 2
    const job = bench.start('a')
    await bench.reached(job, 2)
    expect(await bench.calls['jobs.cancel']({ job })).toMatchObject({ state: 'cancelled' })
    expect(bench.discarded).toEqual(['a'])
    await expect(async () => bench.calls['jobs.resume']({ job })).rejects.toMatchObject({ code: 'JOB_STATE' })
  })

  test('a paused job can be cancelled', async () => {
    const bench = QueueBench.create()
    bench.holdAt = 2
    const job = bench.start('a')
    await bench.reached(job, 2)
    await bench.calls['jobs.pause']({ job })
    await bench.calls['jobs.cancel']({ job })
    expect(bench.jobs.get(job).state).toBe('cancelled')
    expect(bench.discarded).toEqual(['a'])
  })

  test('a failure is told with its code, kept, and the job can be tried again', async () => {
    const bench = QueueBench.create()
    bench.failAt = 3
    const job = bench.start('a')
    expect(await bench.jobs.settled(job)).toMatchObject({
      state: 'failed',
      fault: { code: 'DISK_FULL', message: 'The disk is full.' },
    })
    bench.failAt = Number.POSITIVE_INFINITY
    await bench.calls['jobs.resume']({ job })
    expect(await bench.jobs.settled(job)).toMatchObject({ state: 'done', fault: null })
  })

  test('the next job starts when the one before fails', async () => {
    const bench = QueueBench.create()
    bench.failAt = 3
    const [first, second] = [bench.start('a'), bench.start('b')]
    await bench.jobs.settled(first)
    bench.failAt = Number.POSITIVE_INFINITY
    expect(await bench.jobs.settled(second)).toMatchObject({ state: 'done' })
  })

  test('that ran when the program was killed is interrupted, and resumes from what it saved', async () => {
    const bench = QueueBench.create()
    bench.holdAt = 6
    const job = bench.start('a')
    const waiting = bench.start('b')
    await bench.reached(job, 6)
    const next = bench.reopened()
    expect((await next.calls['jobs.list']()).map((each) => [each.id, each.state])).toEqual([
      [job, 'interrupted'],
      [waiting, 'interrupted'],
    ])
    await next.calls['jobs.resume']({ job })
    expect(await next.jobs.settled(job)).toMatchObject({ state: 'done', done: 10 })
  })

  test('shutting down stops everything where it stands', async () => {
    const bench = QueueBench.create()
    bench.holdAt = 6
    const job = bench.start('a')
    await bench.reached(job, 6)
    await bench.jobs.shutDown()
    expect(bench.jobs.get(job).state).toBe('interrupted')
    expect(bench.running).toBe(0)
  })

  test('finished jobs are cleared from the list, also after a restart; unfinished ones stay', async () => {
    const bench = QueueBench.create()
    const done = bench.start('a')
    await bench.jobs.settled(done)
    bench.holdAt = 1
    const held = bench.start('b')
    await bench.reached(held, 1)
    await bench.calls['jobs.clear']()
    expect((await bench.reopened().calls['jobs.list']()).map((each) => each.id)).toEqual([held])
  })
})

describe('rate and time left', () => {
  test('are those of the last seconds, not of the whole past', () => {
    let now = 0
    const meter = progressMeter(() => now)
    const at = (seconds: number, done: number) => {
      now = seconds
      return meter.report(done, 1000)
    }
    at(0, 0)
    for (let second = 1; second <= 60; second++) at(second, second)
    let last = { rate: null as number | null, eta: null as number | null }
    for (let second = 61; second <= 80; second++) last = at(second, 60 + (second - 60) * 20)
    expect(last.rate).toBeCloseTo(20)
    expect(last.eta).toBeCloseTo((1000 - 460) / 20)
  })

  test('nothing is said before there is something to say, and a fall back to a checkpoint starts anew', () => {
    let now = 0
    const meter = progressMeter(() => now)
    expect(meter.report(0, 10)).toEqual({ rate: null, eta: null })
    now = 2
    expect(meter.report(4, 10).rate).toBeCloseTo(2)
    now = 3
    expect(meter.report(1, 10)).toEqual({ rate: null, eta: null })
  })

  test('without a total there is a rate but no time left', () => {
    let now = 0
    const meter = progressMeter(() => now)
    meter.report(0, null)
    now = 1
    expect(meter.report(5, null)).toEqual({ rate: 5, eta: null })
  })
})
