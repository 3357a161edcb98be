/**
 * How labelling goes in this session: labels per minute, and how often a person says what was predicted. Counts what a
 * person gave in this window, on slides, in galleries and in Review; imports and labels carried over are not counted.
 */
import { defineStore } from 'pinia'
import { computed, onScopeDispose, shallowRef } from 'vue'
import type { SourceId } from '../../src-shared/ids.ts'
import { type Change, UNLABELLED } from '../../src-shared/labels.ts'
import { useLabels } from './labels.ts'
import { useShownPredictions } from './shownPredictions.ts'

const RATE_WINDOW_MS = 120_000
const GIVEN = new Set(['label', 'accept', 'correct'])
const TAKEN_BACK = new Set(['undo', 'redo'])

/**
 * Labels per minute, over those of the last two minutes before the last one: (n − 1) / time between the first and the last.
 * @param times ms, ascending @returns null before there are three
 */
export function perMinuteOf(times: readonly number[]): number | null {
  if (times.length < 3) return null
  const minutes = (times.at(-1)! - times[0]!) / 60_000
  return minutes > 0 ? (times.length - 1) / minutes : null
}

/** What was predicted of a patch when it was first labelled in this session, and what it is labelled now. */
type Said = { predicted: number; given: number }

export const useLabellingPace = defineStore('labellingPace', () => {
  const labels = useLabels()
  const predictions = useShownPredictions()

  const times = shallowRef<readonly number[]>([])
  const said = new Map<SourceId, Map<number, Said>>()
  const agreement = shallowRef<{ equal: number; of: number }>({ equal: 0, of: 0 })

  function take({ gesture, labels: diffs }: Change): void {
    const isGiven = GIVEN.has(gesture.kind)
    if (!isGiven && !TAKEN_BACK.has(gesture.kind)) return
    let given = 0
    for (const { source, patch, after } of diffs) {
      const known = said.get(source) ?? new Map<number, Said>()
      said.set(source, known)
      for (const [i, each] of patch.entries()) {
        const number = after[i]!
        const before = known.get(each)
        if (number === UNLABELLED) {
          // Taken back, as if it had not been said; its prediction is remembered for a redo.
          if (before) before.given = UNLABELLED
          continue
        }
        if (isGiven) given++
        if (before) before.given = number
        else if (isGiven && predictions.now?.source === source) {
          const predicted = predictions.numberOf(each)
          if (predicted !== UNLABELLED) known.set(each, { predicted, given: number })
        }
      }
    }
    if (given > 0) {
      const now = Date.now()
      times.value = [...times.value, ...Array.from({ length: given }, () => now)].filter(
        (at) => at > now - RATE_WINDOW_MS,
      )
    }
    count()
  }

  function count(): void {
    let [equal, of] = [0, 0]
    for (const known of said.values())
      for (const { predicted, given } of known.values()) {
        if (given === UNLABELLED) continue
        of++
        if (given === predicted) equal++
      }
    agreement.value = { equal, of }
  }

  onScopeDispose(labels.onChange(take))

  return {
    perMinute: computed(() => perMinuteOf(times.value)),
    /** Labels given to predicted patches in this session, and how many of them say what was predicted. */
    agreement,
    reset(): void {
      times.value = []
      said.clear()
      agreement.value = { equal: 0, of: 0 }
    },
  }
})
