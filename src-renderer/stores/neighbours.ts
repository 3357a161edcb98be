/**
 * The patch that is asked about: the labelled patches nearest to it, and those that look like it. Answers follow the
 * labels and the features; who asks last is answered.
 */
import { defineStore } from 'pinia'
import { computed, onScopeDispose, ref, shallowRef, watch } from 'vue'
import type { SourceId } from '../../src-shared/ids.ts'
import { type AlikePatches, type LabelledNeighbours, type Neighbour, NEIGHBOURS } from '../../src-shared/neighbours.ts'
import { call } from '../api/index.ts'
import { useFaults } from './faults.ts'
import { useFeatures } from './features.ts'
import { useLabels } from './labels.ts'

export interface PatchInSource {
  source: SourceId
  patch: number
}

export const isSamePatch = (a: PatchInSource | null, b: PatchInSource | null): boolean =>
  a?.source === b?.source && a?.patch === b?.patch

/** Found at first, and with each “more”. */
const FIRST_FOUND = 48
const MOST_FOUND = 480
/** A stroke over many patches, or some keys one after the other, ask once. */
const ASK_AGAIN_AFTER_MS = 150

const WHAT_NEAR = 'The nearest labelled patches were not found.'
const WHAT_ALIKE = 'Patches like this were not found.'

export const useNeighbours = defineStore('neighbours', () => {
  const features = useFeatures()
  const labels = useLabels()
  const faults = useFaults()

  const asked = shallowRef<PatchInSource | null>(null)
  /** Of the patch that is asked about; null = not answered (yet), or it has no features. */
  const reasons = shallowRef<LabelledNeighbours | null>(null)
  const withoutFeatures = ref(false)
  const looking = ref(false)
  /** What was found to be like `of`, which stays while others are asked about. */
  const alike = shallowRef<(AlikePatches & { of: PatchInSource; most: number }) | null>(null)
  const searching = ref(false)
  /** The patch of the card that has the focus: what keys label. */
  const inFocus = shallowRef<PatchInSource | null>(null)
  /** The patch a card led to: that the gallery selects it is no question about it. */
  const goingTo = shallowRef<PatchInSource | null>(null)
  let round = 0

  const setOfAsked = computed(() => (asked.value ? features.setOf(asked.value.source) : null))

  /** Looks up the neighbours of the patch that is asked about. */
  async function look(): Promise<void> {
    const mine = ++round
    const encoder = features.chosen
    const set = setOfAsked.value
    if (!asked.value || !encoder || !set || set.stale !== null || set.rows === 0) {
      reasons.value = null
      withoutFeatures.value = false
      looking.value = false
      return
    }
    looking.value = true
    const { source, patch } = asked.value
    const answer = await faults.attempt('features', WHAT_NEAR, () =>
      call('neighbours.labelled', { encoder: encoder.id, source, patch, k: NEIGHBOURS }),
    )
    if (mine !== round) return
    looking.value = false
    reasons.value = answer ?? null
    withoutFeatures.value = answer === null
  }

  let waiting: ReturnType<typeof setTimeout> | undefined
  function lookSoon(): void {
    if (!asked.value) return
    clearTimeout(waiting)
    waiting = setTimeout(() => void look(), ASK_AGAIN_AFTER_MS)
  }
  onScopeDispose(() => clearTimeout(waiting))

  async function ask(patch: PatchInSource): Promise<void> {
    if (isSamePatch(asked.value, patch) && (reasons.value || looking.value)) return
    asked.value = { source: patch.source, patch: patch.patch }
    reasons.value = null
    withoutFeatures.value = false
    await look()
  }

  /** Finds the patches most like one. @returns whether there is an answer */
  async function findAlike(of: PatchInSource, most = FIRST_FOUND): Promise<boolean> {
    const encoder = features.chosen
    if (!encoder) return false
    searching.value = true
    const { source, patch } = of
    const answer = await faults.attempt('features', WHAT_ALIKE, () =>
      call('neighbours.alike', { encoder: encoder.id, source, patch, most }),
    )
    searching.value = false
    alike.value = answer ? { ...answer, of: { source, patch }, most } : null
    return Boolean(answer)
  }

  // Labels decide who is a neighbour; of what looks alike they are only shown.
  onScopeDispose(
    labels.onChange(({ labels: diffs }) => {
      if (diffs.length === 0) return
      lookSoon()
      const now = alike.value
      if (!now) return
      const after = new Map(
        diffs.flatMap((diff) =>
          Array.from(diff.patch, (patch, i) => [`${diff.source} ${patch}`, diff.after[i]!] as const),
        ),
      )
      const relabelled = (each: Neighbour): Neighbour => {
        const label = after.get(`${each.source} ${each.patch}`)
        return label === undefined ? each : { ...each, label }
      }
      alike.value = { ...now, found: now.found.map(relabelled) }
    }),
  )
  // Other features are other distances: what was found with the old ones is not shown beside them.
  watch(
    () => features.chosen?.id,
    () => {
      alike.value = null
      void look()
    },
  )
  watch(() => features.usable.map(({ id, rows }) => `${id} ${rows}`).join(), lookSoon)

  return {
    asked,
    reasons,
    withoutFeatures,
    looking,
    setOfAsked,
    alike,
    searching,
    inFocus,
    goingTo,
    ask,
    findAlike,
    canFindMore: computed(
      () => alike.value !== null && alike.value.found.length === alike.value.most && alike.value.most < MOST_FOUND,
    ),
    findMore: () =>
      alike.value ? findAlike(alike.value.of, Math.min(MOST_FOUND, 2 * alike.value.most)) : Promise.resolve(false),
    leaveAlike() {
      alike.value = null
    },
    reset() {
      round++
      clearTimeout(waiting)
      asked.value = null
      reasons.value = null
      withoutFeatures.value = false
      looking.value = false
      alike.value = null
      inFocus.value = null
      goingTo.value = null
    },
  }
})
