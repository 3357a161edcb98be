/** What can run networks on this machine, and what its self-tests said. */
import { defineStore } from 'pinia'
import { onScopeDispose, ref, shallowRef } from 'vue'
import type { Device, DeviceName } from '../../src-shared/devices.ts'
import { call, on } from '../api/index.ts'
import { useFaults } from './faults.ts'

export const useDevices = defineStore('devices', () => {
  const faults = useFaults()
  /** null until they were asked for */
  const list = shallowRef<readonly Device[] | null>(null)
  const testing = ref<DeviceName | null>(null)

  onScopeDispose(
    on('devices.changed', ({ devices }) => {
      list.value = devices
    }),
  )

  /** Asking what the engine was built with starts a process, so it is done when somebody looks. */
  async function load(): Promise<void> {
    const found = await faults.attempt('dialog', 'The devices could not be listed.', () => call('devices.list'))
    if (found) list.value = found
  }

  /** Tests one now; it can take minutes, as shaders are compiled. */
  async function test(device: DeviceName): Promise<void> {
    testing.value = device
    const tested = await faults.attempt('dialog', 'The self-test could not be made.', () =>
      call('devices.test', { device }),
    )
    testing.value = null
    if (tested) list.value = (list.value ?? []).map((each) => (each.name === device ? tested : each))
  }

  return { list, testing, load, test }
})
