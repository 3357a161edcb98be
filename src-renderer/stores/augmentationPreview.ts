/** One labelled patch in a few versions, as the network will see it in training. */
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import { toFault } from '../../src-shared/errors.ts'
import type { SourceId } from '../../src-shared/ids.ts'
import type { Fault } from '../../src-shared/wire/message.ts'
import { call } from '../api/index.ts'
import { useLabels } from './labels.ts'
import { useTraining } from './training.ts'

export const VERSIONS = 8
/** A step that visits the patches of a list in an order without pattern: the golden ratio of 2^32. */
const STRIDE = 0x9e3779b1

export const useAugmentationPreview = defineStore('augmentationPreview', () => {
  const labels = useLabels()
  const training = useTraining()

  const patch = shallowRef<{ source: SourceId; patch: number; class: number } | null>(null)
  const pictures = shallowRef<readonly Uint8Array[]>([])
  const edgePx = ref(1)
  const fault = shallowRef<Fault | null>(null)
  const busy = ref(false)
  let turn = 0
  let wanted = false

  const classOf = computed(() => (patch.value ? labels.classOf(patch.value.class) : null))

  /** The labelled patches of one source that take part; sources take turns. */
  async function candidates(): Promise<{ source: SourceId; of: Uint16Array; patches: number[] } | null> {
    const { sources, classes } = training.settings
    for (let i = 0; i < sources.length; i++) {
      const source = sources[(turn + i) % sources.length]!
      await labels.open(source)
      const of = labels.shownOf(source)
      const patches = of ? [...of.keys()].filter((each) => classes.some((number) => number === of[each])) : []
      if (of && patches.length > 0) return { source, of, patches }
    }
    return null
  }

  /** Still labelled, and still of a class and a source that take part. */
  function stillTakesPart(): boolean {
    if (!patch.value) return false
    const { source, patch: at } = patch.value
    const now = labels.shownOf(source)?.[at]
    return (
      now === patch.value.class &&
      training.settings.sources.includes(source) &&
      training.settings.classes.some((number) => number === now)
    )
  }

  async function choose(): Promise<void> {
    const found = await candidates()
    const at = found && found.patches[((turn * STRIDE) >>> 0) % found.patches.length]!
    patch.value = found && at !== null ? { source: found.source, patch: at, class: found.of[at]! } : null
  }

  async function look(): Promise<void> {
    if (!stillTakesPart()) await choose()
    if (!patch.value) {
      pictures.value = []
      return
    }
    const { source, patch: at } = patch.value
    const made = await call('training.previewAugmentation', {
      source,
      patches: Uint32Array.of(at),
      versions: VERSIONS,
      augmentation: training.settings.augmentation,
      seed: training.settings.seed,
    })
    edgePx.value = made.edgePx
    pictures.value = made.pictures[0] ?? []
  }

  /** Makes the pictures anew. One at a time: what is asked for meanwhile is made once, with the settings of then. */
  async function refresh(): Promise<void> {
    wanted = true
    if (busy.value) return
    busy.value = true
    try {
      while (wanted) {
        wanted = false
        await look()
        fault.value = null
      }
    } catch (error) {
      fault.value = toFault(error)
      pictures.value = []
    } finally {
      busy.value = false
    }
  }

  async function another(): Promise<void> {
    turn++
    patch.value = null
    await refresh()
  }

  return {
    patch,
    classOf,
    pictures,
    edgePx,
    fault,
    busy,
    refresh,
    another,
    reset() {
      patch.value = null
      pictures.value = []
      fault.value = null
      turn = 0
    },
  }
})
