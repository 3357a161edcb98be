/** Exports of this session: what was asked for, and where the files went. */
import { defineStore } from 'pinia'
import { computed, onScopeDispose, shallowRef } from 'vue'
import type { ExportedFile, ExportRequest } from '../../src-shared/exports.ts'
import type { JobId } from '../../src-shared/ids.ts'
import { call, on } from '../api/index.ts'
import { useBlinding } from './blinding.ts'
import { useFaults } from './faults.ts'

export interface ShownExport {
  job: JobId
  title: string
  /** null until the job is done */
  files: readonly ExportedFile[] | null
}

export const useExports = defineStore('exports', () => {
  const faults = useFaults()
  const blinding = useBlinding()
  const all = shallowRef<readonly ShownExport[]>([])
  /** Without the names of slides while they are hidden; the files themselves keep them. */
  const list = computed<readonly ShownExport[]>(() =>
    all.value.map(({ job, title, files }) => ({
      job,
      title: blinding.hide(title),
      files:
        files?.map((file) => ({
          ...file,
          name: blinding.hide(file.name),
          location: blinding.hide(file.location),
        })) ?? null,
    })),
  )
  /** The picture of a view that was saved last, until it is put away. */
  const picture = shallowRef<JobId | null>(null)
  /** Files of jobs that were done before their start was answered. */
  const early = new Map<JobId, readonly ExportedFile[]>()

  onScopeDispose(
    on('exports.done', ({ job, files }) => {
      if (!all.value.some((each) => each.job === job)) early.set(job, files)
      all.value = all.value.map((each) => (each.job === job ? { ...each, files } : each))
    }),
  )

  const follow = (job: JobId, title: string): JobId => {
    all.value = [{ job, title, files: early.get(job) ?? null }, ...all.value]
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
      all.value = []
      picture.value = null
      early.clear()
    },
  }
})
