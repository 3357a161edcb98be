/** What in the patch in hand speaks for a class. */
import { defineStore } from 'pinia'
import { computed, ref, shallowRef, watch } from 'vue'
import type { SaliencyMap, SaliencyMethod } from '../../src-shared/inspection.ts'
import { toFault } from '../../src-shared/errors.ts'
import type { Fault } from '../../src-shared/wire/message.ts'
import { stream } from '../api/index.ts'
import { useInside } from './inside.ts'

/** The square that is covered, as a share of the patch’s edge, and how it steps. */
const SQUARE_SHARE = 1 / 6
const STEPS_A_SQUARE = 2

export const useSaliency = defineStore('saliency', () => {
  const inside = useInside()

  const method = ref<SaliencyMethod>('occlusion')
  /** By its place among the model’s classes; null = the one the network says. */
  const chosenClass = ref<number | null>(null)
  /** Of Grad-CAM; null = the last with places. */
  const layer = ref<string | null>(null)
  const square = ref<number | null>(null)
  const map = shallowRef<(SaliencyMap & { method: SaliencyMethod }) | null>(null)
  const progress = shallowRef<{ done: number; total: number } | null>(null)
  const fault = shallowRef<Fault | null>(null)
  let round = 0

  /** Place of the class; of an encoder 0, and not asked for. */
  const classIndex = computed(() => {
    const probabilities = inside.patch?.probabilities
    if (chosenClass.value !== null && (!probabilities || chosenClass.value < probabilities.length))
      return chosenClass.value
    return probabilities ? probabilities.indexOf(Math.max(...probabilities)) : 0
  })
  const squarePx = computed(() => square.value ?? Math.max(1, Math.round((inside.patch?.edgePx ?? 1) * SQUARE_SHARE)))
  /** Layers whose maps Grad-CAM can weigh. */
  const mapLayers = computed(() =>
    inside.layers.filter(({ shape: [, height = 1, width = 1] }) => height * width > 1).map(({ name }) => name),
  )
  const order = computed(() =>
    inside.tab === 'saliency' && inside.asked && inside.patch
      ? {
          ...inside.asked,
          method: method.value,
          class: inside.subject?.classes.length === 0 ? null : classIndex.value,
          layer: layer.value !== null && mapLayers.value.includes(layer.value) ? layer.value : null,
          square: squarePx.value,
          step: Math.max(1, Math.round(squarePx.value / STEPS_A_SQUARE)),
        }
      : null,
  )

  async function work(): Promise<void> {
    const mine = ++round
    progress.value = null
    fault.value = null
    map.value = null
    const now = order.value
    if (!now) return
    try {
      for await (const news of stream('inspection.saliency', now)) {
        // Leaving the loop ends the work on the other side too.
        if (mine !== round) return
        if (news.kind === 'progress') progress.value = news
        else map.value = { ...news, method: now.method }
      }
    } catch (error) {
      if (mine === round) fault.value = toFault(error)
    } finally {
      if (mine === round) progress.value = null
    }
  }
  watch(
    () => JSON.stringify(order.value),
    () => void work(),
    { immediate: true },
  )

  return { method, chosenClass, classIndex, layer, mapLayers, square, squarePx, map, progress, fault }
})
