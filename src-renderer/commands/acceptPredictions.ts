/** Agreeing with what is predicted of cards: one gesture, one undo step, however many they are; how many is said. */
import { UNLABELLED } from '../../src-shared/labels.ts'
import { counted } from '../formats/numbers.ts'
import { useGallery } from '../stores/gallery.ts'
import { useLabels } from '../stores/labels.ts'
import { useShownPredictions } from '../stores/shownPredictions.ts'

/**
 * Gives patches the class that is predicted of them. One that has it already, because a label of a moment ago is not told
 * yet, is not counted.
 * @returns how many are predicted, and how many labels that changed; null = it failed, and was said
 */
async function accept(patches: readonly number[]): Promise<{ predicted: number; changed: number } | null> {
  const { source } = useGallery()
  const predictions = useShownPredictions()
  const known = predictions.now
  if (!source || known?.source !== source.id) return NONE
  const given = new Map(patches.map((patch) => [patch, predictions.numberOf(patch)] as const))
  for (const [patch, number] of given) if (number === UNLABELLED) given.delete(patch)
  if (given.size === 0) return NONE
  const changed = await useLabels().assignEach(source.id, given, { why: 'accept', prediction: known.run })
  return changed === null ? null : { predicted: given.size, changed }
}

const NONE = { predicted: 0, changed: 0 }

const unlabelled = (patches: Iterable<number>): number[] => {
  const { source } = useGallery()
  const known = source && useLabels().shownOf(source.id)
  return [...patches].filter((patch) => known?.[patch] === UNLABELLED)
}

function say(accepted: number, looked: number): void {
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
  if (accepted === null) return
  if (!single || accepted.predicted !== 1) say(accepted.changed, selected.length)
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
  if (accepted === null) return
  say(accepted.changed, seen.length)
  if (to >= gallery.shown.length) return
  gallery.goTo(to)
  gallery.top = { place: to }
}
