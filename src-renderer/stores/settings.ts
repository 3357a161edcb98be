/** What one person prefers on this machine, and what the program says about itself. */
import { defineStore } from 'pinia'
import { computed, onScopeDispose, shallowRef } from 'vue'
import type * as z from 'zod'
import { type AppInfo, Settings, type SettingsChange } from '../../src-shared/app.ts'
import { call, on } from '../api/index.ts'
import { useFaults } from './faults.ts'

type Change = z.infer<typeof SettingsChange>

export const useSettings = defineStore('settings', () => {
  const faults = useFaults()
  const settings = shallowRef<Settings>(Settings.parse({}))
  const info = shallowRef<AppInfo | null>(null)
  const loaded = shallowRef(false)

  onScopeDispose(
    on('settings.changed', (changed) => {
      settings.value = changed
    }),
  )

  async function load(): Promise<void> {
    ;[settings.value, info.value] = await Promise.all([call('settings.get'), call('app.info')])
    loaded.value = true
  }

  /** Shown at once; the main process is told, and its answer counts. */
  async function set(change: Change): Promise<void> {
    const { panels, ...rest } = change
    settings.value = { ...settings.value, ...rest, panels: { ...settings.value.panels, ...panels } }
    const saved = await faults.attempt('window', 'The setting was not kept.', () => call('settings.set', change))
    if (saved) settings.value = saved
  }

  const isElectron = computed(() => info.value?.shell === 'electron')

  return { settings, info, loaded, isElectron, load, set }
})
