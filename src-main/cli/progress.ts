/** Progress of a job on stderr: a bar on a terminal, a plain line now and then otherwise. */
import { type Job, isOver } from '../../src-shared/jobs.ts'
import { tesseraError, toError } from '../../src-shared/errors.ts'
import type { JobId } from '../../src-shared/ids.ts'
import type { Rooms } from '../host/rooms.ts'
import { progressMeter } from '../jobs/progress.ts'
import { onInterrupt } from './interrupt.ts'
import { CLEAR_LINE } from './output.ts'

const BAR = 28
/** Without a terminal a line this often, ms. */
const LINE_MS = 10_000

/** 80 → “1:20” */
export const clock = (seconds: number): string => {
  const whole = Math.round(seconds)
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60]
  const two = (value: number) => String(value).padStart(2, '0')
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`
}

/** What of a job is shown, or of work that is none. */
type Shown = Pick<Job, 'title' | 'done' | 'total' | 'unit' | 'rate' | 'eta' | 'phase'>

function line({ title, done, total, unit, rate, eta, phase }: Shown): string {
  const share = total ? ` ${Math.floor((100 * done) / total)} %` : ''
  const speed = rate === null ? '' : `, ${rate >= 10 ? Math.round(rate) : rate.toFixed(1)} ${unit}/s`
  const left = eta === null ? '' : `, ${clock(eta)} left`
  return `${title}:${share} ${phase}${speed}${left}`
}

function bar(job: Shown): string {
  const filled = job.total ? Math.round((BAR * job.done) / job.total) : 0
  return `[${'#'.repeat(filled)}${'.'.repeat(BAR - filled)}] ${line(job)}`
}

/** Shows how far work is: a bar on a terminal, else a line every ten seconds. */
function progressDisplay() {
  const terminal = process.stderr.isTTY
  let lastLine = 0
  return {
    show(now: Shown) {
      // a terminal that does not know its width says 0
      if (terminal) process.stderr.write(`${CLEAR_LINE}${bar(now).slice(0, (process.stderr.columns || 100) - 1)}`)
      else if (Date.now() - lastLine > LINE_MS) {
        lastLine = Date.now()
        process.stderr.write(`${line(now)}\n`)
      }
    },
    clear() {
      if (terminal) process.stderr.write(CLEAR_LINE)
    },
  }
}

/** Tells how far a piece of work is. */
export type Report = (done: number, total: number, phase: string) => void

/**
 * Work that is no job of a project, with its progress shown. Ctrl+C aborts the signal.
 * @param unit of what is counted, for the rate
 */
export async function watchWork<T>(
  title: string,
  unit: string,
  work: (report: Report, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const display = progressDisplay()
  const meter = progressMeter(() => performance.now() / 1000)
  const stopping = new AbortController()
  const stopListening = onInterrupt(() => stopping.abort())
  try {
    return await work((done, total, phase) => {
      display.show({ title, unit, done, total, phase, ...meter.report(done, total) })
    }, stopping.signal)
  } finally {
    display.clear()
    stopListening()
  }
}

/**
 * Waits for a job and shows how far it is. Ctrl+C cancels it.
 * @throws the job's fault; CANCELLED
 */
export async function watchJob(rooms: Rooms, job: JobId): Promise<Job> {
  const { show, clear } = progressDisplay()
  const stop = rooms.onJob((changed) => {
    if (changed.id === job && changed.state === 'running') show(changed)
  })
  const cancel = () => void rooms.calls['jobs.cancel']({ job })
  const stopListening = onInterrupt(cancel)
  try {
    const settled = await rooms.jobs.settled(job)
    clear()
    if (settled.state === 'failed' && settled.fault) throw toError(settled.fault)
    if (!isOver(settled.state) || settled.state === 'cancelled')
      throw tesseraError('CANCELLED', `${settled.title}: ${settled.state}.`, {})
    return settled
  } finally {
    stop()
    stopListening()
  }
}
