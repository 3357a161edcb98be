/**
 * The job that makes a UMAP, in a similarity process of its own: questions about features are answered meanwhile. It has
 * nothing to go on from: resumed, it begins again, and comes to the same map, for it is seeded.
 */
import { rm } from 'node:fs/promises'
import { tesseraError } from '../../../src-shared/errors.ts'
import { type FeatureSetId, MapId } from '../../../src-shared/ids.ts'
import type { JobRunner } from '../../jobs/queue.ts'
import type { Store } from '../../store/database.ts'
import type { SimilarityProcess } from '../similarityProcess.ts'
import type { UmapPhase } from './contract.ts'
import { mapFile, writeMapFile } from './mapFile.ts'
import { deleteMap, findMap, finishMap, type MapContent } from './mapRows.ts'

export type UmapJobDependencies = {
  store: Store
  featuresFolder: string
  /** @throws {TesseraError} FEATURE_SET_UNKNOWN, FEATURES_STALE */
  contentOf: (set: FeatureSetId) => MapContent
  startProcess: () => SimilarityProcess
  /** A map is there, in place of those of the same encoder and sources. */
  finished: (map: MapId) => Promise<void>
  removed: (map: MapId) => void
}

export type UmapJobParams = { map: MapId }

const PHASES: Record<UmapPhase, string> = {
  neighbours: 'looking for the nearest patches of each',
  layout: 'laying out',
  placing: 'placing the patches that were not drawn',
}

const mapOf = (params: unknown): MapId => MapId.parse((params as UmapJobParams).map)

export function umapRunner(dependencies: UmapJobDependencies): JobRunner {
  const { store, featuresFolder } = dependencies
  return {
    unit: 'steps',
    canPause: false,
    heavy: true,
    async discard(params) {
      const id = mapOf(params)
      store.transaction('maps.discard', (db) => deleteMap(db, id))
      await rm(mapFile(featuresFolder, id), { force: true })
      dependencies.removed(id)
    },
    async run(params, control) {
      const id = mapOf(params)
      const map = findMap(store.read, id)
      if (!map) throw mapUnknown(id)
      const sets = map.contents.map(({ set }) => set)
      const contents = sets.map(dependencies.contentOf)
      control.report({ done: 0, total: null, phase: 'reading features' })
      const process = dependencies.startProcess()
      control.signal.addEventListener('abort', process.stop, { once: true })
      try {
        const made = await process.with(sets, async (client) => {
          for await (const step of client.stream('map.umap', { sets, params: map.params })) {
            if (step.kind === 'done') return step
            control.report({ done: step.done, total: step.total, phase: PHASES[step.phase] })
          }
          throw new Error('the similarity process ended a map without its positions')
        })
        const checksum = await writeMapFile(mapFile(featuresFolder, id), made.patch, made.positions)
        const of = contents.map((content, i) => ({ ...content, rows: made.counts[i]! }))
        store.transaction('maps.finish', (db) => finishMap(db, id, { contents: of, laidOut: made.laidOut, checksum }))
        await dependencies.finished(id)
      } catch (error) {
        if (!control.signal.aborted) throw error // the process was ended because nobody wants it any more
      } finally {
        control.signal.removeEventListener('abort', process.stop)
        process.stop()
      }
    },
  }
}

export const mapUnknown = (map: MapId) =>
  tesseraError('MAP_UNKNOWN', 'This map is not in the project any more. Make it again.', { map })
