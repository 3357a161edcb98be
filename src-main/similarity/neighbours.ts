/**
 * The door of what is asked about neighbours: which feature sets are searched, with the labels of now and the places of
 * their patches. The search itself is done in the similarity process.
 */
import { type EncoderId, type FeatureSetId, type SourceId } from '../../src-shared/ids.ts'
import type { FeatureSet } from '../../src-shared/features.ts'
import { UNLABELLED } from '../../src-shared/labels.ts'
import type { neighbourCalls } from '../../src-shared/neighbours.ts'
import type { PatchSource } from '../../src-shared/patches.ts'
import type { CallHandlers } from '../../src-shared/wire/contract.ts'
import type { EncodersRoom } from '../encoders/handlers.ts'
import { checkPatches } from '../patches/sources.ts'
import type { LabelledSet, SearchedSet } from './neighboursContract.ts'
import type { SimilarityProcess } from './similarityProcess.ts'

export type NeighboursDependencies = {
  similarity: SimilarityProcess
  encoding: Pick<EncodersRoom, 'encoders' | 'sets' | 'stored'>
  sourceById: (source: SourceId) => PatchSource
  /** Class number of each patch of a source, 0 = unlabelled. */
  labelsOf: (source: SourceId) => Readonly<Uint16Array>
}

export function createNeighbours({
  similarity,
  encoding,
  sourceById,
  labelsOf,
}: NeighboursDependencies): CallHandlers<typeof neighbourCalls> {
  /** What the encoder made that still fits the project. The set of `source` is among them: if it is stale, that is said. */
  const setsOf = (encoder: EncoderId, source: SourceId | null): { sets: FeatureSet[]; own: FeatureSet | null } => {
    encoding.encoders.byId(encoder)
    const made = encoding.sets().filter((set) => set.encoder === encoder && set.rows > 0)
    const own = source === null ? null : (made.find((set) => set.source === source) ?? null)
    if (own) encoding.stored(own.id) // refuses one that is stale
    return { sets: made.filter((set) => set.stale === null), own }
  }

  const searched = ({ id, source }: FeatureSet): SearchedSet => {
    const of = sourceById(source)
    return { set: id, place: of.kind === 'grid' ? { slide: of.slide, grid: of } : null }
  }

  const labelled = (set: FeatureSet): LabelledSet => {
    const labels = labelsOf(set.source)
    const patch: number[] = []
    for (let i = 0; i < labels.length; i++) if (labels[i] !== UNLABELLED) patch.push(i)
    return { ...searched(set), patch: Uint32Array.from(patch), class: Uint16Array.from(patch, (i) => labels[i]!) }
  }

  const ids = (sets: readonly FeatureSet[]): FeatureSetId[] => sets.map(({ id }) => id)

  /** From sets back to their sources. */
  const inSources = <T extends { set: FeatureSetId }>(sets: readonly FeatureSet[], found: readonly T[]) => {
    const sources = new Map(sets.map(({ id, source }) => [id, source]))
    return found.map(({ set, ...rest }) => ({ ...rest, source: sources.get(set)! }))
  }

  return {
    async 'neighbours.labelled'({ encoder, source, patch, k }) {
      checkPatches(sourceById(source), Uint32Array.of(patch))
      const { sets, own } = setsOf(encoder, source)
      if (!own) return null
      const answer = await similarity.with(ids(sets), (process) =>
        process.call('neighbours.labelled', { sets: sets.map(labelled), of: { set: own.id, patch }, k }),
      )
      if (!answer) return null
      const { labelled: count, found, votes } = answer
      return { labelled: count, neighbours: inSources(sets, found), votes }
    },
    async 'neighbours.alike'({ encoder, source, patch, most }) {
      checkPatches(sourceById(source), Uint32Array.of(patch))
      const { sets, own } = setsOf(encoder, source)
      if (!own) return null
      const answer = await similarity.with(ids(sets), (process) =>
        process.call('neighbours.alike', { sets: sets.map(searched), of: { set: own.id, patch }, most }),
      )
      if (!answer) return null
      const found = inSources(sets, answer.found)
      return {
        searched: answer.searched,
        found: found.map((each) => ({ ...each, label: labelsOf(each.source)[each.patch]! })),
      }
    },
    async 'neighbours.disagreements'({ encoder, within, k, most }) {
      const { sets, own } = setsOf(encoder, within)
      if (sets.length === 0 || (within !== null && !own)) return { labelled: 0, lookedAt: 0, found: 0, worst: [] }
      const answer = await similarity.with(ids(sets), (process) =>
        process.call('neighbours.disagreements', { sets: sets.map(labelled), within: own?.id ?? null, k, most }),
      )
      return { ...answer, worst: inSources(sets, answer.worst) }
    },
  }
}
