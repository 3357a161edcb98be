/** Long work: one shape for training, prediction, import and export. Jobs outlive a crash or restart of the program. */
import * as z from 'zod'
import { FaultRecord } from './errors.ts'
import { JobId, Timestamp } from './ids.ts'
import { call, event } from './wire/contract.ts'

export const JobKind = z.enum(['training', 'prediction', 'export', 'pyramid', 'focus', 'picture', 'features', 'map'])
export type JobKind = z.infer<typeof JobKind>

/** `interrupted`: it ran when the program ended; it can be resumed where it stood. */
export const JobState = z.enum(['queued', 'running', 'paused', 'interrupted', 'done', 'failed', 'cancelled'])
export type JobState = z.infer<typeof JobState>

export const isOver = (state: JobState): boolean => state === 'done' || state === 'failed' || state === 'cancelled'

export const Job = z.object({
  id: JobId,
  kind: JobKind,
  /** What, to which thing: “Predict pcam_mosaic with small VGG 3”. */
  title: z.string(),
  state: JobState,
  done: z.number().nonnegative(),
  /** null while it is not known */
  total: z.number().nonnegative().nullable(),
  /** What is counted: “patches”, “steps”. */
  unit: z.string(),
  /** units per second over the last seconds; null until there is something to say */
  rate: z.number().nullable(),
  /** seconds left at that rate */
  eta: z.number().nullable(),
  /** What it is doing now, in words. */
  phase: z.string(),
  canPause: z.boolean(),
  fault: FaultRecord.nullable(),
  createdAt: Timestamp,
  startedAt: Timestamp.nullable(),
  endedAt: Timestamp.nullable(),
})
export type Job = z.infer<typeof Job>

const one = z.object({ job: JobId })

export const jobCalls = {
  'jobs.list': call(z.void(), z.array(Job)),
  /** @throws JOB_STATE when the job is not running */
  'jobs.pause': call(one, Job),
  'jobs.resume': call(one, Job),
  'jobs.cancel': call(one, Job),
  'jobs.log': call(one, z.array(z.object({ at: Timestamp, text: z.string() }))),
  /** Takes finished jobs off the list; what they made stays. */
  'jobs.clear': call(z.void(), z.void()),
}

export const jobEvents = {
  'jobs.changed': event(z.object({ changed: z.array(Job), removed: z.array(JobId) })),
}
