/** What the similarity process is asked about neighbours. Labels and places come along: it knows features only. */
import * as z from 'zod'
import { uint16s, uint32s } from '../../src-shared/arrays.ts'
import { FeatureSetId, SlideId } from '../../src-shared/ids.ts'
import { UNLABELLED, ClassNumber } from '../../src-shared/labels.ts'
import { Votes } from '../../src-shared/neighbours.ts'
import { GridGeometry } from '../../src-shared/patches.ts'
import { call } from '../../src-shared/wire/contract.ts'

/** A set that is searched, and where its patches lie; null = on no slide. */
const SearchedSet = z.object({
  set: FeatureSetId,
  place: z.object({ slide: SlideId, grid: GridGeometry }).nullable(),
})
export type SearchedSet = z.infer<typeof SearchedSet>

/** patch[i] is of class[i] */
const LabelledSet = SearchedSet.extend({ patch: uint32s, class: uint16s })
export type LabelledSet = z.infer<typeof LabelledSet>

const PatchOfSet = z.object({ set: FeatureSetId, patch: z.number().int() })

const Near = PatchOfSet.extend({ distance: z.number(), label: z.union([z.literal(UNLABELLED), ClassNumber]) })
export type Near = z.infer<typeof Near>

const Doubted = PatchOfSet.extend({ label: ClassNumber, votes: Votes })
export type Doubted = z.infer<typeof Doubted>

/** The answers of the window's calls, with sets where those have sources; see src-shared/neighbours.ts. */
export const neighbourQuestions = {
  'neighbours.labelled': call(
    z.object({ sets: z.array(LabelledSet), of: PatchOfSet, k: z.number().int() }),
    z.object({ labelled: z.number().int(), found: z.array(Near), votes: Votes }).nullable(),
  ),
  'neighbours.alike': call(
    z.object({ sets: z.array(SearchedSet), of: PatchOfSet, most: z.number().int() }),
    z.object({ searched: z.number().int(), found: z.array(Near.omit({ label: true })) }).nullable(),
  ),
  'neighbours.disagreements': call(
    z.object({
      sets: z.array(LabelledSet),
      within: FeatureSetId.nullable(),
      k: z.number().int(),
      most: z.number().int(),
    }),
    z.object({
      labelled: z.number().int(),
      lookedAt: z.number().int(),
      found: z.number().int(),
      worst: z.array(Doubted),
    }),
  ),
}
