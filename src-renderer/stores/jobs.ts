/** Long work: what runs, how fast, how long still. */
import { defineStore } from 'pinia'
import { computed, onScopeDispose, shallowRef } from 'vue'
import type { JobId } from '../../src-shared/ids.ts'
import { isOver, type Job } from '../../src-shared/jobs.ts'
import { call, on } from '../api/index.ts'
import { useBlinding } from './blinding.ts'

export const useJobs = defineStore('jobs', () => {
  const blinding = useBlinding()
  const jobs = shallowRef<ReadonlyMap<JobId, Job>>(new Map())

  const put = (changed: readonly Job[], removed: readonly JobId[] = []): void => {
    const next = new Map(jobs.value)
    for (const job of changed) next.set(job.id, job)
    for (const id of removed) next.delete(id)
    jobs.value = next
  }

  onScopeDispose(on('jobs.changed', ({ changed, removed }) => put(changed, removed)))

  /** Without the names of slides while they are hidden. */
  const shown = computed<ReadonlyMap<JobId, Job>>(() =>
    blinding.isOn ? new Map([...jobs.value].map(([id, job]) => [id, { ...job, ...inBlinded(job) }])) : jobs.value,
  )
  const inBlinded = ({ title, phase, fault }: Job): Pick<Job, 'title' | 'phase' | 'fault'> => ({
    title: blinding.hide(title),
    phase: blinding.hide(phase),
    fault: fault && blinding.hideFault(fault),
  })

  /** Newest first. */
  const list = computed(() => [...shown.value.values()].toSorted((a, b) => b.createdAt - a.createdAt))
  const open = computed(() => list.value.filter((job) => !isOver(job.state)))
  /** The one the status bar tells of: what runs, else what waits. */
  const foremost = computed<Job | null>(() => {
    const order = ['running', 'paused', 'interrupted', 'queued'] as const
    for (const state of order) {
      const found = open.value.findLast((job) => job.state === state)
      if (found) return found
    }
    return null
  })
  const failed = computed(() => list.value.filter((job) => job.state === 'failed'))

  const byId = (id: JobId): Job | null => shown.value.get(id) ?? null

  async function load(): Promise<void> {
    jobs.value = new Map((await call('jobs.list')).map((job) => [job.id, job]))
  }

  return {
    list,
    open,
    foremost,
    failed,
    byId,
    load,
    reset() {
      jobs.value = new Map()
    },
    pause: async (job: JobId) => put([await call('jobs.pause', { job })]),
    resume: async (job: JobId) => put([await call('jobs.resume', { job })]),
    cancel: async (job: JobId) => put([await call('jobs.cancel', { job })]),
    log: async (job: JobId) =>
      (await call('jobs.log', { job })).map((line) => ({ ...line, text: blinding.hide(line.text) })),
    async clear() {
      await call('jobs.clear')
      await load()
    },
  }
})
