/** Agreeing with what is predicted of cards: one gesture, one undo step, however many they are; how many is said. */
import { UNLABELLED } from '../../src-shared/labels.ts'
import { counted } from '../formats/numbers.ts'
import { useGallery } from '../stores/gallery.ts'
import { useLabels } from '../stores/labels.ts'
import { useShownPredictions } from '../stores/shownPredictions.ts'

/** Gives patches the class that is predicted of them. @returns how many got it; null = it failed, and was said */
async function accept(patches: readonly number[]): Promise<number | null> {
  const { source } = useGallery()
  const predictions = useShownPredictions()
  const known = predictions.now
  if (!source || known?.source !== source.id) return 0
  const given = new Map(patches.map((patch) => [patch, predictions.numberOf(patch)] as const))
  for (const [patch, number] of given) if (number === UNLABELLED) given.delete(patch)
  if (given.size === 0) return 0
  const kept = await useLabels().assignEach(source.id, given, { why: 'accept', prediction: known.run })
  return kept ? given.size : null
}

const unlabelled = (patches: Iterable<number>): number[] => {
  const { source } = useGallery()
  const known = source && useLabels().shownOf(source.id)
  return [...patches].filter((patch) => known?.[patch] === UNLABELLED)
}

function say(accepted: number | null, looked: number): void {
  if (accepted === null) return
  const left = looked - accepted
  const rest = left > 0 ? `; ${left.toLocaleString('en')} without a prediction, or with a label, left as they are` : ''
  useGallery().said = `${counted(accepted, 'prediction')} accepted${rest}.`
}

/**
 * Accepts the prediction of the card in hand, whatever its label, and goes on to the next card. Of several selected cards
 * those without a label are accepted: what a person said is changed one by one only.
 */
export async function acceptSelected(): Promise<void> {
  const gallery = useGallery()
  const selected = [...gallery.selected]
  const single = selected.length === 1
  const accepted = await accept(single ? selected : unlabelled(selected))
  if (!single || accepted !== 1) say(accepted, selected.length)
  else {
    gallery.said = null
    if (gallery.current === selected[0]) gallery.move(1)
  }
}

/** Accepts what is predicted of the unlabelled cards that are wholly in sight, and brings the ones after them up. */
export async function acceptAllInSight(): Promise<void> {
  const gallery = useGallery()
  const [from, to] = gallery.inSight
  const seen = [...gallery.shown.subarray(from, to)]
  const accepted = await accept(unlabelled(seen))
  say(accepted, seen.length)
  if (accepted === null || to >= gallery.shown.length) return
  gallery.goTo(to)
  gallery.top = { place: to }
}
