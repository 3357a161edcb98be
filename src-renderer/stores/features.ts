/** Encoders, what they made of which source, and which encoder is worked with. */
import { defineStore } from 'pinia'
import { computed, onScopeDispose, ref, shallowRef } from 'vue'
import type { FileHandle } from '../../src-shared/app.ts'
import type { CallInput } from '../../src-shared/wire/contract.ts'
import type { Api } from '../../src-shared/api.ts'
import type { Encoder, FeatureElement, FeatureSet, ShippedEncoder } from '../../src-shared/features.ts'
import type { EncoderId, FeatureSetId, SlideId, SourceId } from '../../src-shared/ids.ts'
import { call, on } from '../api/index.ts'
import { usePatches } from './patches.ts'
import { useViewport } from './viewport.ts'

export const useFeatures = defineStore('features', () => {
  const patches = usePatches()
  const viewport = useViewport()

  const encoders = shallowRef<ReadonlyMap<EncoderId, Encoder>>(new Map())
  const sets = shallowRef<ReadonlyMap<FeatureSetId, FeatureSet>>(new Map())
  const chosenId = ref<EncoderId | null>(null)
  /** Those that come with Tessera; empty until they were asked for. */
  const shipped = shallowRef<readonly ShippedEncoder[]>([])

  const putEncoders = (changed: readonly Encoder[]): void => {
    const next = new Map(encoders.value)
    for (const encoder of changed) {
      // One that was just added is the one to work with.
      if (!next.has(encoder.id)) chosenId.value = encoder.id
      next.set(encoder.id, encoder)
    }
    encoders.value = next
  }
  const putSets = (changed: readonly FeatureSet[], removed: readonly FeatureSetId[] = []): void => {
    const next = new Map(sets.value)
    for (const set of removed) next.delete(set)
    for (const set of changed) next.set(set.id, set)
    sets.value = next
  }

  onScopeDispose(on('encoders.changed', ({ changed }) => putEncoders(changed)))
  onScopeDispose(on('features.changed', ({ changed, removed }) => putSets(changed, removed)))

  /** In the order they were added. */
  const list = computed(() => [...encoders.value.values()].toSorted((a, b) => a.createdAt - b.createdAt))
  const chosen = computed<Encoder | null>(() =>
    chosenId.value ? (encoders.value.get(chosenId.value) ?? null) : (list.value.at(-1) ?? null),
  )
  /** Of an encoder whose features came as a file no patch can be encoded. */
  const canEncode = computed(() => chosen.value !== null && chosen.value.origin.kind !== 'elsewhere')
  /** The grid of the open slide, or the open set. */
  const openSource = computed<SourceId | null>(() => viewport.setId ?? patches.openGrid?.id ?? null)
  const setOf = (source: SourceId): FeatureSet | null =>
    [...sets.value.values()].find((set) => set.source === source && set.encoder === chosen.value?.id) ?? null
  /** What the chosen encoder made of what is open. */
  const openSet = computed<FeatureSet | null>(() => (openSource.value ? setOf(openSource.value) : null))
  /** All that the chosen encoder made and that still fits the project. */
  const usable = computed(() =>
    [...sets.value.values()].filter((set) => set.encoder === chosen.value?.id && set.stale === null && set.rows > 0),
  )
  /** All that the chosen encoder made and that does not fit any more. */
  const outdated = computed(() =>
    [...sets.value.values()].filter((set) => set.encoder === chosen.value?.id && set.stale !== null),
  )

  return {
    list,
    chosen,
    canEncode,
    openSource,
    openSet,
    usable,
    outdated,
    setOf,
    shipped,
    async loadShipped(): Promise<void> {
      shipped.value = await call('encoders.shipped')
    },
    choose(id: EncoderId) {
      chosenId.value = id
    },
    async load(): Promise<void> {
      const [allEncoders, allSets] = await Promise.all([call('encoders.list'), call('features.sets')])
      encoders.value = new Map(allEncoders.map((encoder) => [encoder.id, encoder]))
      sets.value = new Map(allSets.map((set) => [set.id, set]))
    },
    reset() {
      encoders.value = new Map()
      sets.value = new Map()
      chosenId.value = null
    },
    async add(order: CallInput<Api, 'encoders.add'>): Promise<Encoder> {
      const encoder = await call('encoders.add', order)
      putEncoders([encoder])
      chosenId.value = encoder.id
      return encoder
    },
    async extract(sources: readonly SourceId[], element: FeatureElement = 'float16'): Promise<void> {
      if (!chosen.value) return
      putSets(await call('features.extract', { encoder: chosen.value.id, sources: [...sources], element }))
    },
    async takeOver(file: FileHandle, slide: SlideId): Promise<void> {
      putSets([await call('features.importH5', { file, slide, edgeLevel0: null })])
    },
    async discard(set: FeatureSetId): Promise<void> {
      await call('features.discard', { set })
      putSets([], [set])
    },
  }
})
