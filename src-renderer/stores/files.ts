/** Choosing files of this machine: the system's dialog where the shell has one, else our own list of folders. */
import { defineStore } from 'pinia'
import { onScopeDispose, shallowRef } from 'vue'
import type { FileEntry, FileHandle, FilePurpose, Folder } from '../../src-shared/app.ts'
import { call, on } from '../api/index.ts'

export interface Browsing {
  purpose: FilePurpose
  /** Why the list is open, where the person did not ask for it. */
  because: string | null
  done: (chosen: FileEntry[]) => void
}

export const useFiles = defineStore('files', () => {
  const browsing = shallowRef<Browsing | null>(null)
  const dropListeners = new Set<(entries: FileEntry[]) => void>()

  onScopeDispose(
    on('files.dropped', ({ entries }) => {
      for (const listener of dropListeners) listener(entries)
    }),
  )

  const browse = (purpose: FilePurpose, because: string | null): Promise<FileEntry[]> =>
    new Promise((resolve) => {
      browsing.value?.done([])
      browsing.value = {
        purpose,
        because,
        done(chosen) {
          browsing.value = null
          resolve(chosen)
        },
      }
    })

  /** @returns what was chosen; nothing when the person cancelled */
  async function choose(purpose: FilePurpose, because: string | null = null): Promise<FileEntry[]> {
    return (await call('files.choose', { purpose })) ?? (await browse(purpose, because))
  }

  /** One folder of this machine; null = where the person was last, or home. */
  const list = (folder: FileHandle | null, purpose: FilePurpose): Promise<Folder> =>
    call('files.list', { folder, purpose })

  /** Files dropped on the window, as Electron's preload tells. @returns the function that stops listening */
  const onDropped = (listener: (entries: FileEntry[]) => void): (() => void) => {
    dropListeners.add(listener)
    return () => dropListeners.delete(listener)
  }

  return { browsing, choose, list, onDropped }
})
