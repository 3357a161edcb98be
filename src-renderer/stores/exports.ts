/** Exports of this session: what was asked for, and where the files went. */
import { defineStore } from 'pinia'
import { onScopeDispose, shallowRef } from 'vue'
import type { ExportedFile, ExportRequest } from '../../src-shared/exports.ts'
import type { JobId } from '../../src-shared/ids.ts'
import { call, on } from '../api/index.ts'
import { useFaults } from './faults.ts'

export interface ShownExport {
  job: JobId
  title: string
  /** null until the job is done */
  files: readonly ExportedFile[] | null
}

export const useExports = defineStore('exports', () => {
  const faults = useFaults()
  const list = shallowRef<readonly ShownExport[]>([])
  /** Files of jobs that were done before their start was answered. */
  const early = new Map<JobId, readonly ExportedFile[]>()

  onScopeDispose(
    on('exports.done', ({ job, files }) => {
      if (!list.value.some((each) => each.job === job)) early.set(job, files)
      list.value = list.value.map((each) => (each.job === job ? { ...each, files } : each))
    }),
  )

  async function start(title: string, request: ExportRequest): Promise<JobId | undefined> {
    const started = await faults.attempt('results', `“${title}” was not exported.`, () =>
      call('exports.start', request),
    )
    if (!started) return undefined
    list.value = [{ job: started.job, title, files: early.get(started.job) ?? null }, ...list.value]
    early.delete(started.job)
    return started.job
  }

  return {
    list,
    start,
    reset() {
      list.value = []
      early.clear()
    },
  }
})
