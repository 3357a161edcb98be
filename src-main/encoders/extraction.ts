/**
 * The job that extracts features of the patches of a source: read, encode, write and record, block by block and at the same
 * time. What has features is never done twice, so it resumes anywhere, and a wider mask adds what is missing.
 */
import { rm } from 'node:fs/promises'
import path from 'node:path'
import { tesseraError } from '../../src-shared/errors.ts'
import type { FeatureSet } from '../../src-shared/features.ts'
import { FeatureSetId, type SourceId } from '../../src-shared/ids.ts'
import type { PatchSource } from '../../src-shared/patches.ts'
import type { JobRunner } from '../jobs/queue.ts'
import { maskInForce, patchesForNetworks } from '../patches/patchesForNetworks.ts'
import { noneReadable, unreadInWords } from '../patches/unread.ts'
import type { Store } from '../store/database.ts'
import type { EncoderList } from './encoderList.ts'
import { findSet, insertFeatureBlock, listFeatureBlocks, setTotal } from './featureRows.ts'
import { featureFile, writeRows } from './featureStore.ts'

export type ExtractionDependencies = {
  store: Store
  encoders: EncoderList
  sourceById: (source: SourceId) => PatchSource
  sourceSeq: (source: SourceId) => number
  nameOfSource: (source: SourceId) => string
  featuresFolder: string
  tellSet: (set: FeatureSet) => void
}

export type ExtractionParams = { set: FeatureSetId }

/** The patches of a source that are to have features. */
export function patchesToEncode(
  dependencies: Pick<ExtractionDependencies, 'store' | 'sourceSeq'>,
  source: PatchSource,
): Uint32Array {
  const mask = source.kind === 'grid' ? maskInForce(dependencies, source.id) : null
  return patchesForNetworks(dependencies, source, mask?.inside ?? null)
}

export function extractionRunner(dependencies: ExtractionDependencies): JobRunner {
  const { store, encoders, featuresFolder, tellSet } = dependencies
  const scratchOf = (set: FeatureSetId) => path.join(featuresFolder, `${set}.scratch`)

  return {
    unit: 'patches',
    canPause: true,
    heavy: true,
    discard: (params) => rm(scratchOf((params as ExtractionParams).set), { recursive: true, force: true }),
    async run(params, control) {
      const id = FeatureSetId.parse((params as ExtractionParams).set)
      const set = findSet(store.read, id)
      if (!set)
        throw tesseraError('FEATURE_SET_UNKNOWN', 'The features this job was to extract were thrown away.', { set: id })
      if (set.stale !== null)
        throw tesseraError('FEATURES_STALE', `What is there can not be gone on with. ${set.stale}`, {
          set: id,
          reason: set.stale,
        })
      const source = dependencies.sourceById(set.source)
      const there = new Set<number>()
      for (const { patches } of listFeatureBlocks(store.read, id)) for (const patch of patches) there.add(patch)
      const missing = patchesToEncode(dependencies, source).filter((patch) => !there.has(patch))
      let rows = there.size
      const unread: number[] = []
      const total = rows + missing.length
      control.report({ done: rows, total, phase: 'starting the engine' })
      const file = featureFile(featuresFolder, id, set.element)
      const into = { file, element: set.element, dimensions: set.dimensions }
      if (missing.length > 0)
        await encoders.withOpen(set.encoder, scratchOf(id), async (encoder) => {
          for await (const block of encoder.blocks({ source, patches: missing, signal: control.signal })) {
            unread.push(...block.unread)
            if (block.patches.length === 0) continue
            const checksum = await writeRows(into, rows, block.features, block.patches)
            const first = rows
            store.transaction('features.block', (db) =>
              insertFeatureBlock(db, id, { first, patches: block.patches, checksum }),
            )
            rows += block.patches.length
            control.report({ done: rows + unread.length, phase: 'encoding' })
          }
        })
      if (control.signal.aborted) return
      await rm(scratchOf(id), { recursive: true, force: true })
      const name = dependencies.nameOfSource(source.id)
      if (rows === 0) throw noneReadable(name, 'to encode', unread.length)
      if (unread.length > 0) {
        control.log(unreadInWords(source, name, 'to encode', Uint32Array.from(unread), rows + unread.length))
        store.transaction('features.unread', (db) => setTotal(db, id, rows))
      }
      tellSet(findSet(store.read, id)!)
    },
  }
}
