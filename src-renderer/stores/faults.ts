/**
 * What went wrong, and where on the screen it is said: where it happened. Stays until it is read and put away, or until
 * the same thing works.
 */
import { defineStore } from 'pinia'
import { shallowRef } from 'vue'
import { toFault } from '../../src-shared/errors.ts'
import type { Fault } from '../../src-shared/wire/message.ts'

/** The part of the window in which an error stands. */
export type Place = 'window' | 'slides' | 'viewer' | 'label' | 'train' | 'review' | 'inspect' | 'results' | 'dialog'

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
  const shown = shallowRef<readonly ShownFault[]>([])
  let nextKey = 1

  function report(place: Place, what: string, error: unknown): void {
    const fault = toFault(error)
    if (fault.code === 'CANCELLED') return
    const same = shown.value.find((one) => one.place === place && one.what === what && one.fault.code === fault.code)
    const key = same?.key ?? nextKey++
    const now = { key, place, what, fault, times: (same?.times ?? 0) + 1 }
    shown.value = [...shown.value.filter((one) => one !== same), now].slice(-MOST_SHOWN)
  }

  const dismiss = (key: number): void => {
    shown.value = shown.value.filter((one) => one.key !== key)
  }

  /** Puts away what was said about doing `what`, because it has worked now. */
  const settle = (place: Place, what: string): void => {
    if (shown.value.some((one) => one.place === place && one.what === what))
      shown.value = shown.value.filter((one) => one.place !== place || one.what !== what)
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
