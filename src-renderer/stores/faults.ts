/**
 * What went wrong, and where on the screen it is said: where it happened. Stays until it is read and put away, or until
 * the same thing works.
 */
import { defineStore } from 'pinia'
import { computed, shallowRef } from 'vue'
import { toFault } from '../../src-shared/errors.ts'
import type { Fault } from '../../src-shared/wire/message.ts'
import { useBlinding } from './blinding.ts'

/** The part of the window in which an error stands. */
export type Place =
  | 'window'
  | 'slides'
  | 'viewer'
  | 'label'
  | 'train'
  | 'features'
  | 'map'
  | 'review'
  | 'inspect'
  | 'inside'
  | 'results'
  | 'dialog'

export interface ShownFault {
  key: number
  place: Place
  /** What was being done, as a sentence: “The labels were not saved.” */
  what: string
  fault: Fault
  /** How often it happened. */
  times: number
}

const MOST_SHOWN = 20

export const useFaults = defineStore('faults', () => {
  const blinding = useBlinding()
  const all = shallowRef<readonly ShownFault[]>([])
  const shown = computed(() =>
    all.value.map((one) => ({ ...one, what: blinding.hide(one.what), fault: blinding.hideFault(one.fault) })),
  )
  let nextKey = 1

  function report(place: Place, what: string, error: unknown): void {
    const fault = toFault(error)
    if (fault.code === 'CANCELLED') return
    const same = all.value.find((one) => one.place === place && one.what === what && one.fault.code === fault.code)
    const key = same?.key ?? nextKey++
    const now = { key, place, what, fault, times: (same?.times ?? 0) + 1 }
    all.value = [...all.value.filter((one) => one !== same), now].slice(-MOST_SHOWN)
  }

  const dismiss = (key: number): void => {
    all.value = all.value.filter((one) => one.key !== key)
  }

  /** Puts away what was said about doing `what`, because it has worked now. */
  const settle = (place: Place, what: string): void => {
    if (all.value.some((one) => one.place === place && one.what === what))
      all.value = all.value.filter((one) => one.place !== place || one.what !== what)
  }

  /** Does `action`; when it fails, says so at `place`. @returns undefined when it failed */
  async function attempt<T>(place: Place, what: string, action: () => Promise<T>): Promise<T | undefined> {
    try {
      const result = await action()
      settle(place, what)
      return result
    } catch (error) {
      report(place, what, error)
      return undefined
    }
  }

  return { shown, report, dismiss, settle, attempt }
})
