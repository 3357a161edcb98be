/** What is drawn over the slide, and how. */
import { defineStore } from 'pinia'
import { reactive, ref } from 'vue'

export const BRUSHES = [1, 3, 5, 9, 15] as const

export const useOverlay = defineStore('overlay', () => {
  /** Which layers are drawn. */
  const shown = reactive({ grid: true, labels: true, predictions: true })
  /** 0 … 1: how much a prediction covers the tissue */
  const opacity = ref(0.45)
  /** `probability`: of one class, viridis from 0 to 1. `class`: the colour of the class that is decided for. */
  const map = ref<'probability' | 'class'>('probability')
  /** From this probability on, a patch counts for the chosen class. */
  const threshold = ref(0.5)
  /** Leaves patches below the threshold uncoloured in the probability map. */
  const hideBelow = ref(false)
  /** Edge of the brush, patches */
  const brush = ref<number>(1)

  const step = (by: 1 | -1): void => {
    const at = BRUSHES.findIndex((size) => size === brush.value) + by
    brush.value = BRUSHES[Math.min(BRUSHES.length - 1, Math.max(0, at))]!
  }

  const fade = (by: number): void => {
    opacity.value = Math.round(Math.min(1, Math.max(0.05, opacity.value + by)) * 100) / 100
  }

  return { shown, opacity, map, threshold, hideBelow, brush, step, fade }
})
