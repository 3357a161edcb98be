/** Long work: what runs, how fast, how long still. */
import { defineStore } from 'pinia'
import { computed, onScopeDispose, shallowRef } from 'vue'
import type { JobId } from '../../src-shared/ids.ts'
import { isOver, type Job } from '../../src-shared/jobs.ts'
import { call, on } from '../api/index.ts'

export const useJobs = defineStore('jobs', () => {
  const jobs = shallowRef<ReadonlyMap<JobId, Job>>(new Map())

  const put = (changed: readonly Job[], removed: readonly JobId[] = []): void => {
    const next = new Map(jobs.value)
    for (const job of changed) next.set(job.id, job)
    for (const id of removed) next.delete(id)
    jobs.value = next
  }

  onScopeDispose(on('jobs.changed', ({ changed, removed }) => put(changed, removed)))

  /** Newest first. */
  const list = computed(() => [...jobs.value.values()].toSorted((a, b) => b.createdAt - a.createdAt))
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

  const byId = (id: JobId): Job | null => jobs.value.get(id) ?? null

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
    log: (job: JobId) => call('jobs.log', { job }),
    async clear() {
      await call('jobs.clear')
      await load()
    },
  }
})
