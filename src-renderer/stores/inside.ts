/**
 * Looking inside the chosen model: which of its networks, on which patch, and which layer and channel are in hand. What is
 * made of them is in stores of their own: featureMaps, windowNumbers, saliency, excited.
 */
import { defineStore } from 'pinia'
import { computed, ref, shallowRef, watch } from 'vue'
import type { EncoderId, SourceId } from '../../src-shared/ids.ts'
import type { Inspected, InspectedLayer, InspectedNetwork, InspectedPatch } from '../../src-shared/inspection.ts'
import type { NetworkDescription } from '../../src-shared/networks.ts'
import type { MicronPerPx } from '../../src-shared/units.ts'
import { isMap, type Shape } from '../../src-shared/network/layerShape.ts'
import { call } from '../api/index.ts'
import { useFaults } from './faults.ts'
import { useFeatures } from './features.ts'
import { useModels } from './models.ts'
import { usePatches } from './patches.ts'
import { useViewport } from './viewport.ts'

export const INSIDE_TABS = ['layers', 'maps', 'saliency', 'window', 'excited'] as const
export type InsideTab = (typeof INSIDE_TABS)[number]

export interface PatchInHand {
  source: SourceId
  patch: number
}

/** What is looked into, as the views need it. */
export interface InsideSubject {
  name: string
  /** none of an encoder */
  classes: readonly { name: string; colour: string }[]
  mpp: MicronPerPx | null
  /** null = the layers are those of the file's graph */
  description: NetworkDescription | null
}

const WINDOWED = new Set([
  'convolution',
  'group-convolution',
  'max-pool',
  'average-pool',
  'Conv',
  'MaxPool',
  'AveragePool',
])

/** Whether the numbers of one of its windows can be shown. */
export const isWindowed = ({ kind, shape }: InspectedLayer): boolean =>
  WINDOWED.has(kind) && isMap(shape as unknown as Shape)

export const useInside = defineStore('inside', () => {
  const models = useModels()
  const features = useFeatures()
  const faults = useFaults()
  const patches = usePatches()
  const viewport = useViewport()

  const open = ref(false)
  const tab = ref<InsideTab>('layers')
  /** Which of the networks of an ensemble. */
  const member = ref(0)
  /** The encoder that is looked into; null = the chosen model. */
  const encoderId = ref<EncoderId | null>(null)
  const at = shallowRef<PatchInHand | null>(null)
  /** The last patch that was under the pointer: on the way to a button the pointer leaves it. */
  const pointed = shallowRef<PatchInHand | null>(null)
  const network = shallowRef<InspectedNetwork | null>(null)
  const patch = shallowRef<InspectedPatch | null>(null)
  const layerName = ref<string | null>(null)
  const channel = ref(0)
  let networkRound = 0
  let patchRound = 0

  const encoder = computed(() => features.list.find(({ id }) => id === encoderId.value) ?? null)
  const subject = computed<InsideSubject | null>(() => {
    if (encoder.value)
      return { name: encoder.value.card.name, classes: [], mpp: encoder.value.card.input.mpp, description: null }
    if (!models.chosen) return null
    const { name, card } = models.chosen
    const description = card.members[member.value]?.description ?? card.network.description
    return { name, classes: card.classes, mpp: card.input.mpp, description }
  })
  const of = computed<Inspected | null>(() => {
    if (!open.value) return null
    if (encoder.value) return { kind: 'encoder', encoder: encoder.value.id }
    return models.chosen ? { kind: 'model', model: models.chosen.id, member: member.value } : null
  })
  /** What the engine is asked about; null while there is no patch, or no network. */
  const asked = computed(() => (of.value && at.value && network.value ? { of: of.value, ...at.value } : null))
  const layers = computed(() => network.value?.layers ?? [])
  const layer = computed<InspectedLayer | null>(() => layers.value.find(({ name }) => name === layerName.value) ?? null)
  const channels = computed(() => layer.value?.shape[0] ?? 0)

  async function loadNetwork(): Promise<void> {
    const mine = ++networkRound
    network.value = null
    patch.value = null
    if (!of.value) return
    const asking = of.value
    const read = await faults.attempt('inside', 'The network can not be looked into.', () =>
      call('inspection.network', { of: asking, source: at.value?.source ?? null }),
    )
    if (!read || mine !== networkRound) return
    network.value = read
    if (!read.layers.some(({ name }) => name === layerName.value)) {
      layerName.value = (read.layers.find(isWindowed) ?? read.layers[0])?.name ?? null
      channel.value = 0
    }
  }

  async function loadPatch(): Promise<void> {
    const mine = ++patchRound
    if (!asked.value) return
    const asking = asked.value
    const read = await faults.attempt('inside', 'The network can not be shown this patch.', () =>
      call('inspection.patch', asking),
    )
    if (mine === patchRound) patch.value = read ?? null
  }

  watch(
    // An encoder may take patches of many edges.
    () => JSON.stringify([of.value, at.value?.source]),
    () => void loadNetwork(),
  )
  watch(asked, () => void loadPatch())
  watch(
    () => viewport.patch,
    (now) => {
      if (now !== null && patches.openGrid) pointed.value = { source: patches.openGrid.id, patch: now }
    },
  )
  // Another slide is what one wants to see now.
  watch(
    () => [viewport.slideId, viewport.setId],
    () => {
      open.value = false
    },
  )
  watch(
    () => models.chosen?.id,
    () => {
      member.value = 0
      encoderId.value = null
    },
  )
  watch(channels, (now) => {
    if (channel.value >= now) channel.value = 0
  })

  return {
    open,
    tab,
    member,
    encoderId,
    subject,
    at,
    pointed,
    of,
    asked,
    network,
    patch,
    layers,
    layer,
    layerName,
    channel,
    channels,
    look(next: PatchInHand | null, to: InsideTab = tab.value) {
      at.value = next
      tab.value = to
      open.value = true
    },
    chooseLayer(name: string, to: InsideTab = tab.value) {
      if (name !== layerName.value) channel.value = 0
      layerName.value = name
      tab.value = to
    },
    close() {
      open.value = false
    },
    reset() {
      open.value = false
      at.value = null
      pointed.value = null
      network.value = null
      patch.value = null
      layerName.value = null
      member.value = 0
      encoderId.value = null
    },
  }
})
