/** The open project, and those that were open before. */
import { defineStore } from 'pinia'
import { computed, onScopeDispose, shallowRef } from 'vue'
import type { FileHandle } from '../../src-shared/app.ts'
import { type FaultRecord, toError } from '../../src-shared/errors.ts'
import type { Project, RecentProject } from '../../src-shared/projects.ts'
import { call, on } from '../api/index.ts'
import { useFaults } from './faults.ts'

export const useProject = defineStore('project', () => {
  const faults = useFaults()
  const current = shallowRef<Project | null>(null)
  /** Why the last project could not be opened. */
  const fault = shallowRef<FaultRecord | null>(null)
  const recent = shallowRef<RecentProject[]>([])

  onScopeDispose(
    on('projects.changed', ({ project }) => {
      current.value = project
      fault.value = null
    }),
  )

  async function load(): Promise<void> {
    const [now, before] = await Promise.all([call('projects.current'), call('projects.recent')])
    current.value = now.project
    fault.value = now.fault
    recent.value = before
    for (const each of now.refused) faults.report('slides', `${each.name} was not added.`, toError(each.fault))
  }

  const loadRecent = async (): Promise<void> => {
    recent.value = await call('projects.recent')
  }

  const opened = (project: Project): void => {
    current.value = project
    fault.value = null
  }

  const create = async (name: string, parent: FileHandle | null): Promise<void> =>
    opened(await call('projects.create', { name, parent }))
  const open = async (folder: FileHandle): Promise<void> => opened(await call('projects.open', { folder }))
  const restore = async (folder: FileHandle): Promise<void> => opened(await call('projects.restore', { folder }))
  const openSample = async (): Promise<void> => opened(await call('projects.openSample'))

  const readOnly = computed(() => current.value?.readOnly ?? null)
  /** Labels, classes, grids and models can be changed. */
  const canChange = computed(() => current.value !== null && readOnly.value === null)

  return { current, fault, recent, readOnly, canChange, load, loadRecent, create, open, restore, openSample }
})
