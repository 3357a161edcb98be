/** One window of a convolution or a pool: its place, its numbers, and the maps it lies on. */
import { defineStore } from 'pinia'
import { computed, ref, shallowRef, watch } from 'vue'
import type { FeatureMaps, WindowNumbers } from '../../src-shared/inspection.ts'
import { windowSteps } from '../../src-shared/network/windowSum.ts'
import { call } from '../api/index.ts'
import { useFaults } from './faults.ts'
import { isWindowed, useInside } from './inside.ts'

export const useWindowNumbers = defineStore('windowNumbers', () => {
  const inside = useInside()
  const faults = useFaults()

  const row = ref(0)
  const column = ref(0)
  const numbers = shallowRef<WindowNumbers | null>(null)
  /** The map the window answers for, and the one of what it reads that is shown. */
  const output = shallowRef<FeatureMaps | null>(null)
  const input = shallowRef<FeatureMaps | null>(null)
  /** Of the channels read, the place of the one whose numbers are shown; null = the one that counts most. */
  const chosenRead = ref<number | null>(null)
  let numbersRound = 0
  let outputRound = 0
  let inputRound = 0

  const layer = computed(() => (inside.layer && isWindowed(inside.layer) ? inside.layer : null))
  const asked = computed(() => (inside.tab === 'window' && inside.asked && layer.value ? inside.asked : null))
  const steps = computed(() => (numbers.value ? windowSteps(numbers.value) : null))
  const read = computed(() => {
    const sums = steps.value?.sums
    if (!sums) return 0
    if (chosenRead.value !== null && chosenRead.value < sums.length) return chosenRead.value
    return sums.reduce((best, sum, at) => (Math.abs(sum) > Math.abs(sums[best]!) ? at : best), 0)
  })

  async function loadNumbers(): Promise<void> {
    const mine = ++numbersRound
    if (!asked.value || !layer.value) return
    const order = {
      ...asked.value,
      layer: layer.value.name,
      channel: inside.channel,
      row: row.value,
      column: column.value,
    }
    const found = await faults.attempt('inside', 'The numbers of this window can not be shown.', () =>
      call('inspection.window', order),
    )
    if (mine === numbersRound) numbers.value = found ?? null
  }

  async function loadOutput(): Promise<void> {
    const mine = ++outputRound
    if (!asked.value || !layer.value) return
    const order = { ...asked.value, layer: layer.value.name, first: inside.channel, count: 1 }
    const found = await faults.attempt('inside', 'The map of this channel can not be shown.', () =>
      call('inspection.maps', order),
    )
    if (mine === outputRound) output.value = found ?? null
  }

  async function loadInput(): Promise<void> {
    const mine = ++inputRound
    const [name] = layer.value?.inputs ?? []
    const first = numbers.value?.channels[read.value]
    if (!asked.value || name === undefined || first === undefined) return
    const order = { ...asked.value, layer: name, first, count: 1 }
    const found = await faults.attempt('inside', 'The map this layer reads can not be shown.', () =>
      call('inspection.maps', order),
    )
    if (mine === inputRound) input.value = found ?? null
  }

  /** Keeps within the map. */
  function goTo(nextRow: number, nextColumn: number): void {
    const [, height = 1, width = 1] = layer.value?.shape ?? []
    row.value = Math.min(height - 1, Math.max(0, nextRow))
    column.value = Math.min(width - 1, Math.max(0, nextColumn))
  }

  watch(
    layer,
    (now) => {
      numbers.value = null
      output.value = null
      input.value = null
      chosenRead.value = null
      const [, height = 1, width = 1] = now?.shape ?? []
      goTo(Math.floor(height / 2), Math.floor(width / 2))
    },
    { immediate: true },
  )
  watch(
    () => [asked.value, layer.value, inside.channel, row.value, column.value],
    () => void loadNumbers(),
    { immediate: true },
  )
  watch(
    () => [asked.value, layer.value, inside.channel],
    () => void loadOutput(),
    { immediate: true },
  )
  watch(
    () => [asked.value, numbers.value?.channels[read.value], layer.value],
    () => void loadInput(),
    { immediate: true },
  )

  return { layer, row, column, numbers, steps, output, input, read, chosenRead, goTo }
})
