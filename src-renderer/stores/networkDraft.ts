/** A network while its layers are changed by hand: what each layer makes, what the whole costs, what does not fit. */
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import * as z from 'zod'
import { messageOf } from '../../src-shared/errors.ts'
import {
  addLayer,
  moveLayer,
  readFrom,
  removeLayer,
  renameLayer,
  setOfLayer,
  simplified,
} from '../../src-shared/network/editLayers.ts'
import { type LayerShape, layersSoFar, networkShapes } from '../../src-shared/network/shapes.ts'
import { trainingMemory } from '../../src-shared/network/trainingMemory.ts'
import { type Layer, type LayerKind, NetworkDescription } from '../../src-shared/networks.ts'
import { useSettings } from './settings.ts'
import { useTraining } from './training.ts'

export interface DraftRow {
  layer: Layer
  /** null when it, or one before it, can not be built */
  facts: LayerShape | null
  /** why it can not be built, or has no place in the network */
  problem: string | null
}

export const useNetworkDraft = defineStore('networkDraft', () => {
  const training = useTraining()
  const settings = useSettings()

  const network = shallowRef<NetworkDescription | null>(null)
  /** Before each change, with the layer that was in hand. */
  const past = shallowRef<readonly { network: NetworkDescription; place: number }[]>([])
  /** Of the layer in hand. */
  const place = ref(0)

  const built = computed(() => (network.value ? layersSoFar(network.value) : null))
  const problem = computed(() => built.value?.problem ?? null)

  /** Where the problem is; null = in the network as a whole. Two layers can have one name, so places are counted. */
  const problemAt = computed<number | null>(() => {
    if (!network.value || !built.value?.problem) return null
    const { layers, problem: found } = built.value
    if (layers.length < network.value.layers.length) return layers.length
    const at = network.value.layers.findIndex(({ id }) => id === found.data.layer)
    return at < 0 ? null : at
  })

  const rows = computed<DraftRow[]>(() =>
    (network.value?.layers ?? []).map((layer, at) => ({
      layer,
      facts: built.value?.layers[at] ?? null,
      problem: problemAt.value === at ? (problem.value?.message ?? null) : null,
    })),
  )

  const sum = (of: (layer: LayerShape) => number): number =>
    (built.value?.layers ?? []).reduce((total, layer) => total + of(layer), 0)

  /** Vectors as long as the parameters that the training keeps: of the optimiser, and the mean of the weights. */
  const moments = computed(() => {
    const { optimiser, averageDecay } = training.settings.recipe
    return (optimiser.kind === 'sgd' ? 1 : 2) + (averageDecay === null ? 0 : 1)
  })

  const totals = computed(() => ({
    parameters: sum(({ parameters }) => parameters),
    multiplyAdds: sum(({ multiplyAdds }) => multiplyAdds),
    batch: training.settings.batchSize,
    /** bytes of a training with this batch; null while the network can not be built */
    memory:
      network.value && !problem.value
        ? trainingMemory(
            networkShapes(network.value),
            training.settings.batchSize,
            moments.value,
            settings.info?.engine.threads,
          ).total
        : null,
  }))

  const json = computed(() => JSON.stringify(network.value, null, 2))

  function open(next: NetworkDescription): void {
    network.value = simplified(next)
    past.value = []
    place.value = 0
  }

  function change(next: NetworkDescription): void {
    if (!network.value || next === network.value) return
    past.value = [...past.value, { network: network.value, place: place.value }]
    network.value = next
    place.value = Math.max(0, Math.min(place.value, next.layers.length - 1))
  }

  const edit = (how: (now: NetworkDescription) => NetworkDescription): void => {
    if (network.value) change(how(network.value))
  }

  return {
    network,
    place,
    rows,
    problem,
    problemAt,
    totals,
    json,
    canUndo: computed(() => past.value.length > 0),
    open,
    undo() {
      const last = past.value.at(-1)
      if (!last) return
      past.value = past.value.slice(0, -1)
      network.value = last.network
      place.value = last.place
    },
    /** Adds after the layer in hand, and takes the new one in hand. */
    add(kind: LayerKind) {
      edit((now) => addLayer(now, place.value + 1, kind))
      place.value++
    },
    remove: () => edit((now) => (now.layers.length > 1 ? removeLayer(now, place.value) : now)),
    move(by: -1 | 1) {
      const before = network.value
      edit((now) => moveLayer(now, place.value, by))
      if (network.value !== before) place.value += by
    },
    rename: (id: string) => edit((now) => renameLayer(now, place.value, id)),
    readFrom: (inputs: readonly string[]) => edit((now) => readFrom(now, place.value, inputs)),
    set: (key: string, value: number | string | boolean | undefined) =>
      edit((now) => setOfLayer(now, place.value, key, value)),
    setName: (name: string) => edit((now) => ({ ...now, name })),
    setInput: (channels: number, edgePx: number) => edit((now) => ({ ...now, input: [channels, edgePx, edgePx] })),
    /** Takes a description as it is written. @returns why it is none, or null */
    read(text: string): string | null {
      let written: unknown
      try {
        written = JSON.parse(text)
      } catch (error) {
        return `This is no JSON: ${messageOf(error)}`
      }
      const { success, data, error } = NetworkDescription.safeParse(written)
      if (!success) return z.prettifyError(error)
      change(simplified(data))
      return null
    },
  }
})
