/** The patches that excite the channels of a layer most and least: looked for over a whole grid or set, on request. */
import { defineStore } from 'pinia'
import { computed, ref, shallowRef, watch } from 'vue'
import { toFault } from '../../src-shared/errors.ts'
import type { SourceId } from '../../src-shared/ids.ts'
import type { ExcitedBy, ExcitedNews } from '../../src-shared/inspection.ts'
import type { Fault } from '../../src-shared/wire/message.ts'
import { stream } from '../api/index.ts'
import { useInside } from './inside.ts'

/** One patch at an end of the order. */
export interface ExcitedPatch {
  patch: number
  value: number
  row: number
  column: number
}

export const useExcited = defineStore('excited', () => {
  const inside = useInside()

  const by = ref<ExcitedBy>('largest')
  const news = shallowRef<ExcitedNews | null>(null)
  /** What the news are of. */
  const source = ref<SourceId | null>(null)
  const madeOf = ref('')
  const running = ref(false)
  const fault = shallowRef<Fault | null>(null)
  let round = 0

  const conditions = computed(() => JSON.stringify([inside.of, inside.at?.source, inside.layerName, by.value]))
  const shown = computed(() => (madeOf.value === conditions.value ? news.value : null))

  function patchesOf(end: 'most' | 'least'): ExcitedPatch[] {
    const known = shown.value
    if (!known) return []
    const { kept, patch, value, place } = known[end]
    return Array.from({ length: kept }, (_, i) => {
      const at = inside.channel * kept + i
      const where = place[at] ?? 0
      return { patch: patch[at]!, value: value[at]!, row: Math.floor(where / known.width), column: where % known.width }
    })
  }

  async function search(): Promise<void> {
    const mine = ++round
    const { of, at, layerName } = inside
    news.value = null
    fault.value = null
    if (!of || !at || !layerName) return
    madeOf.value = conditions.value
    source.value = at.source
    running.value = true
    try {
      for await (const item of stream('inspection.excited', {
        of,
        source: at.source,
        layer: layerName,
        by: by.value,
      })) {
        // Leaving the loop ends the search on the other side too.
        if (mine !== round) return
        news.value = item
      }
    } catch (error) {
      if (mine === round) fault.value = toFault(error)
    } finally {
      if (mine === round) running.value = false
    }
  }
  /** Ends the search; what was found so far stays. */
  function stop(): void {
    round++
    running.value = false
  }

  // Another layer or another grid is another question; nobody waits for the old answer.
  watch(conditions, () => {
    if (running.value && madeOf.value !== conditions.value) stop()
  })
  watch(
    () => inside.open,
    (open) => {
      if (!open) stop()
    },
  )

  return {
    by,
    shown,
    source,
    running,
    fault,
    most: computed(() => patchesOf('most')),
    least: computed(() => patchesOf('least')),
    search,
    stop,
  }
})
