/** The search for a learning rate: a short training whose rate grows, its curve, and what it makes of it. */
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import { toFault } from '../../src-shared/errors.ts'
import type { RateSearchNews } from '../../src-shared/training.ts'
import type { Fault } from '../../src-shared/wire/message.ts'
import { stream } from '../api/index.ts'
import { useTraining } from './training.ts'

export type RatePoint = Extract<RateSearchNews, { kind: 'point' }>
export type RateFound = Extract<RateSearchNews, { kind: 'found' }>

export const useRateSearch = defineStore('rateSearch', () => {
  const training = useTraining()

  const points = shallowRef<readonly RatePoint[]>([])
  const reading = shallowRef<{ done: number; total: number } | null>(null)
  const found = shallowRef<RateFound | null>(null)
  const fault = shallowRef<Fault | null>(null)
  const running = ref(false)
  /** What the curve was made with; another optimiser or batch wants another rate. */
  const madeWith = ref<string | null>(null)
  let round = 0

  /** What the best rate depends on; the rate itself, the length and the name are not looked at. */
  const conditions = computed(() => {
    const {
      name: _,
      learningRate: _rate,
      length: _length,
      validation: _held,
      folds: _folds,
      preset: _preset,
      ...rest
    } = training.settings
    return JSON.stringify(rest)
  })
  const outdated = computed(() => madeWith.value !== null && madeWith.value !== conditions.value)

  function clear(): void {
    points.value = []
    reading.value = null
    found.value = null
    fault.value = null
    madeWith.value = null
  }

  async function search(): Promise<void> {
    const mine = ++round
    clear()
    madeWith.value = conditions.value
    running.value = true
    try {
      for await (const news of stream('training.findRate', training.settings)) {
        // Leaving the loop ends the search on the other side too.
        if (mine !== round) return
        if (news.kind === 'reading') reading.value = news
        else if (news.kind === 'point') points.value = [...points.value, news]
        else found.value = news
      }
    } catch (error) {
      if (mine === round) fault.value = toFault(error)
    } finally {
      if (mine === round) running.value = false
    }
  }

  /** Ends the search; its curve so far stays. */
  function stop(): void {
    round++
    running.value = false
  }

  return {
    points,
    reading,
    found,
    fault,
    running,
    outdated,
    search,
    stop,
    use(rate: number) {
      training.choice.settings.learningRate = rate
    },
    reset() {
      stop()
      clear()
    },
  }
})
