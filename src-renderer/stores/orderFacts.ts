/** Orders of the gallery that are not known in the window: ages of labels, and what features say. */
import type { SourceId } from '../../src-shared/ids.ts'
import { UNLABELLED } from '../../src-shared/labels.ts'
import { call } from '../api/index.ts'
import { tesseraError } from '../../src-shared/errors.ts'
import { count } from '../formats/numbers.ts'
import { useFeatures } from './features.ts'
import { agePlaces, type GalleryOrder, type OrderFacts } from './galleryOrder.ts'

const ASKED = ['newest', 'oldest', 'diverse', 'similar'] as const
export type Asked = (typeof ASKED)[number]
export const isAsked = (order: GalleryOrder): order is Asked => (ASKED as readonly string[]).includes(order)

/** Chosen one by one: at most so many, and fewer where there are so many features that it would take long. */
const MOST_CHOSEN = 1000
const LEAST_CHOSEN = 100
/** products; some ten seconds of one core, where no distance can be left out */
const MOST_WORK = 8e9

/** @param like the patch that others are compared with @throws {TesseraError} FEATURE_SET_UNKNOWN and what the calls throw */
export async function askForOrder(
  order: Asked,
  source: SourceId,
  facts: OrderFacts,
  shown: Uint32Array,
  like: number | null,
): Promise<{ asked: Float32Array; note: string | null }> {
  switch (order) {
    case 'newest':
    case 'oldest':
      return { asked: agePlaces(facts.size, await call('labels.ages', { source }), order), note: null }
    case 'diverse':
      return diverse(source, facts, shown)
    case 'similar':
      return similar(source, facts, like)
  }
}

/** @throws {TesseraError} FEATURE_SET_UNKNOWN */
function featuresOf(source: SourceId) {
  const set = useFeatures().setOf(source)
  if (set && set.rows > 0) return set
  throw tesseraError(
    'FEATURE_SET_UNKNOWN',
    'There are no features of these patches. Extract them in the Features stage.',
    { set: source },
  )
}

/** Patches with a label, in the order of the source. */
export const labelledPatches = ({ labels, size }: OrderFacts): Uint32Array =>
  Uint32Array.from({ length: size }, (_, patch) => patch).filter((patch) => labels[patch] !== UNLABELLED)

async function diverse(source: SourceId, facts: OrderFacts, shown: Uint32Array) {
  const set = featuresOf(source)
  const work = Math.floor(MOST_WORK / (Math.max(1, shown.length) * set.dimensions))
  const { patches, chosen } = await call('spread.order', {
    set: set.id,
    candidates: shown,
    start: labelledPatches(facts),
    count: Math.min(MOST_CHOSEN, Math.max(LEAST_CHOSEN, work)),
  })
  const asked = new Float32Array(facts.size).fill(Number.NaN)
  for (const [place, patch] of patches.entries()) asked[patch] = place
  const rest =
    chosen < patches.length
      ? `The first ${count(chosen)} are each the least like those before; the others by their distance.`
      : null
  return { asked, note: rest }
}

async function similar(source: SourceId, facts: OrderFacts, like: number | null) {
  const set = featuresOf(source)
  if (like === null)
    throw tesseraError('PATCH_UNKNOWN', 'Choose the patch that the others are to be compared with.', {
      source,
      patch: 0,
      patches: set.rows,
    })
  const patch = like
  const found = await call('spread.alike', { set: set.id, patch })
  if (!found)
    throw tesseraError(
      'PATCH_UNKNOWN',
      `Patch ${count(patch + 1)} has no features, so nothing can be compared with it. Choose another, or extract the features that are missing.`,
      { source, patch, patches: set.rows },
    )
  const asked = new Float32Array(facts.size).fill(Number.NaN)
  for (const [i, each] of found.patches.entries()) asked[each] = found.distance[i]!
  return { asked, note: `Compared with patch ${count(patch + 1)}.` }
}
