/**
 * Batches of patches to label next, uncertain and unlike each other (src-shared/nextBatch.ts), as far as there are
 * predictions and features; what it was made of is said. A patch that was offered and left without a label is not offered
 * again in this session.
 */
import { defineStore } from 'pinia'
import { computed, ref, shallowRef, watch } from 'vue'
import { UNLABELLED } from '../../src-shared/labels.ts'
import { BATCH_SIZE, leastCertain, POOL } from '../../src-shared/nextBatch.ts'
import { call } from '../api/index.ts'
import { counted } from '../formats/numbers.ts'
import { useFaults } from './faults.ts'
import { useFeatures } from './features.ts'
import { useGallery } from './gallery.ts'
import { toLabel } from './galleryOrder.ts'
import { useLabels } from './labels.ts'
import { labelledPatches } from './orderFacts.ts'

interface Batch {
  patches: Uint32Array
  /** what it was made of, in words */
  rule: string
}

export const useNextBatch = defineStore('nextBatch', () => {
  const gallery = useGallery()
  const features = useFeatures()
  const labels = useLabels()
  const faults = useFaults()

  const size = ref<number>(BATCH_SIZE.first)
  const current = shallowRef<Batch | null>(null)
  const looking = ref(false)
  const offered = new Set<number>()
  let round = 0

  const featureSet = computed(() => {
    const set = gallery.source && features.setOf(gallery.source.id)
    return set && set.rows > 0 && set.stale === null ? set : null
  })
  const possible = computed(
    () => gallery.source !== null && (featureSet.value !== null || (gallery.facts()?.predicted ?? null) !== null),
  )

  const labelled = computed(() => {
    void gallery.revision
    const known = gallery.source && labels.shownOf(gallery.source.id)
    return current.value && known ? current.value.patches.filter((patch) => known[patch] !== UNLABELLED).length : 0
  })

  async function made(): Promise<Batch | null> {
    const facts = gallery.facts()
    if (!facts) return null
    const all = Uint32Array.from({ length: facts.size }, (_, patch) => patch).filter(
      (patch) => (!facts.inside || facts.inside[patch] === 1) && !offered.has(patch),
    )
    const free = toLabel(facts, all)
    const { predicted } = facts
    const set = featureSet.value
    const pool = predicted
      ? leastCertain(free, predicted.values, predicted.classes.length, set ? POOL * size.value : size.value)
      : free
    if (!set)
      return {
        patches: pool,
        rule: 'The least certain by margin. Without features nothing keeps them from being alike.',
      }
    const { patches, chosen } = await call('spread.order', {
      set: set.id,
      candidates: pool,
      start: labelledPatches(facts),
      count: size.value,
    })
    const rule = predicted
      ? `Of the ${counted(pool.length, 'least certain patch', 'least certain patches')}, those least like each other and the labelled ones.`
      : 'Those least like each other and the labelled ones. Without predictions nothing says which are uncertain.'
    return { patches: patches.slice(0, chosen), rule }
  }

  async function next(): Promise<void> {
    const mine = ++round
    looking.value = true
    const batch = await faults.attempt('viewer', 'The next patches can not be suggested.', made)
    if (mine !== round) return
    looking.value = false
    if (!batch) return
    for (const patch of batch.patches) offered.add(patch)
    current.value = batch
    gallery.showOnly(batch.patches)
  }

  function leave(): void {
    round++
    looking.value = false
    current.value = null
    gallery.showOnly(null)
  }

  watch(
    () => gallery.source?.id,
    () => {
      round++
      looking.value = false
      current.value = null
      offered.clear()
    },
    { flush: 'sync' },
  )
  // A filter or an order was chosen instead.
  watch(
    () => gallery.only,
    (only) => {
      if (!only) current.value = null
    },
  )

  return { size, current, looking, featureSet, possible, labelled, next, leave }
})
