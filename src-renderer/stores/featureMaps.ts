/** What the layer in hand makes of the patch in hand, a page of channels at a time. */
import { defineStore } from 'pinia'
import { ref, shallowRef, watch } from 'vue'
import type { FeatureMaps } from '../../src-shared/inspection.ts'
import { call } from '../api/index.ts'
import { useFaults } from './faults.ts'
import { useInside } from './inside.ts'

export const CHANNELS_SHOWN = 64

export const useFeatureMaps = defineStore('featureMaps', () => {
  const inside = useInside()
  const faults = useFaults()

  const maps = shallowRef<(FeatureMaps & { layer: string }) | null>(null)
  const page = ref(0)
  /** Each map on a scale of its own, so that faint ones are seen, too. */
  const ownScales = ref(false)
  let round = 0

  const isLookedAt = (): boolean => inside.tab === 'maps' || inside.tab === 'excited'

  async function load(): Promise<void> {
    const mine = ++round
    const { asked, layerName: layer } = inside
    if (!asked || !layer || !isLookedAt()) return
    const order = { ...asked, layer, first: page.value * CHANNELS_SHOWN, count: CHANNELS_SHOWN }
    const read = await faults.attempt('inside', 'The feature maps can not be shown.', () =>
      call('inspection.maps', order),
    )
    if (mine === round) maps.value = read ? { ...read, layer } : null
  }

  // The page follows the channel in hand; another page can be looked at without it.
  watch(
    () => [inside.layerName, inside.channel],
    () => {
      page.value = Math.floor(inside.channel / CHANNELS_SHOWN)
    },
    { immediate: true },
  )
  watch(
    () => [inside.asked, inside.layerName, isLookedAt(), page.value],
    () => void load(),
    { immediate: true },
  )

  return { maps, page, ownScales }
})
