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
  /** The picture of a view that was saved last, until it is put away. */
  const picture = shallowRef<JobId | null>(null)
  /** Files of jobs that were done before their start was answered. */
  const early = new Map<JobId, readonly ExportedFile[]>()

  onScopeDispose(
    on('exports.done', ({ job, files }) => {
      if (!list.value.some((each) => each.job === job)) early.set(job, files)
      list.value = list.value.map((each) => (each.job === job ? { ...each, files } : each))
    }),
  )

  const follow = (job: JobId, title: string): JobId => {
    list.value = [{ job, title, files: early.get(job) ?? null }, ...list.value]
    early.delete(job)
    return job
  }

  async function start(title: string, request: ExportRequest): Promise<JobId | undefined> {
    const started = await faults.attempt('results', `“${title}” was not exported.`, () =>
      call('exports.start', request),
    )
    return started && follow(started.job, title)
  }

  /** @param name of the file, without its ending */
  async function savePicture(name: string, png: Uint8Array): Promise<void> {
    const { job } = await call('exports.savePicture', { name, png })
    picture.value = follow(job, `Picture of the view: ${name}`)
  }

  return {
    list,
    picture,
    start,
    savePicture,
    reset() {
      list.value = []
      picture.value = null
      early.clear()
    },
  }
})
