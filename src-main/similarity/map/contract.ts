/** What the similarity process is asked for maps: positions of the rows of sets that are open in it, set after set. */
import * as z from 'zod'
import { float32s, uint32s } from '../../../src-shared/arrays.ts'
import { FeatureSetId } from '../../../src-shared/ids.ts'
import { UmapParams } from '../../../src-shared/map.ts'
import { call, stream } from '../../../src-shared/wire/contract.ts'

const sets = z.array(FeatureSetId).min(1)
export const UmapPhase = z.enum(['neighbours', 'layout', 'placing'])
export type UmapPhase = z.infer<typeof UmapPhase>

/** positions [row, 2]; patch [row]; counts [set] rows of each */
const Mapped = { positions: float32s, patch: uint32s, counts: z.array(z.number().int()) }

export const UmapStep = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('step'), phase: UmapPhase, done: z.number(), total: z.number() }),
  z.object({ kind: z.literal('done'), ...Mapped, laidOut: z.number().int() }),
])
export type UmapStep = z.infer<typeof UmapStep>

export const mapInProcess = {
  calls: {
    /** @throws ENGINE_FAILED */
    'map.principal': call(z.object({ sets }), z.object({ ...Mapped, explained: z.tuple([z.number(), z.number()]) })),
  },
  streams: {
    /** How far it is, and last the positions. @throws ENGINE_FAILED */
    'map.umap': stream(z.object({ sets, params: UmapParams }), UmapStep),
  },
}
