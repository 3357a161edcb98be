/** The door of the encoders room: encoders, and the features they made of the project's patches. */
import { rm } from 'node:fs/promises'
import { v7 as uuidv7 } from 'uuid'
import { tesseraError } from '../../src-shared/errors.ts'
import type { Encoder, FeatureElement, FeatureSet, featureCalls, ShippedEncoder } from '../../src-shared/features.ts'
import { type EncoderId, FeatureSetId, type SlideId, type SourceId } from '../../src-shared/ids.ts'
import { isOver } from '../../src-shared/jobs.ts'
import type { PatchSource } from '../../src-shared/patches.ts'
import type { Slide } from '../../src-shared/slides.ts'
import type { CallHandlers } from '../../src-shared/wire/contract.ts'
import { edgeGiven } from '../features/edgeGiven.ts'
import { jobSeq } from '../jobs/jobRows.ts'
import type { Jobs } from '../jobs/queue.ts'
import { createEncoderList, type EncoderList, type EncoderListDependencies } from './encoderList.ts'
import { type ExtractionParams, extractionRunner, patchesToEncode } from './extraction.ts'
import { continueSet, deleteSet, findSet, insertSet, listFeatureBlocks, listSets } from './featureRows.ts'
import { featureFile, type StoredFeatures } from './featureStore.ts'
import { takeOverH5, type TakeOverDependencies } from './takeOverH5.ts'

export type EncodersDependencies = Omit<EncoderListDependencies, 'publish'> & {
  jobs: Jobs
  sourceById: (source: SourceId) => PatchSource
  sourceSeq: (source: SourceId) => number
  nameOfSource: (source: SourceId) => string
  shippedEncoders: () => Promise<ShippedEncoder[]>
  slideById: (slide: SlideId) => Slide
  readH5: TakeOverDependencies['readH5']
  sources: TakeOverDependencies['sources']
  createGrid: TakeOverDependencies['createGrid']
  publish: {
    (name: 'encoders.changed', body: { changed: Encoder[] }): void
    (name: 'features.changed', body: { changed: FeatureSet[]; removed: FeatureSetId[] }): void
  }
}

export interface EncodersRoom {
  calls: CallHandlers<typeof featureCalls>
  encoders: EncoderList
  /** @throws {TesseraError} FEATURE_SET_UNKNOWN */
  setById(set: FeatureSetId): FeatureSet
  sets(): FeatureSet[]
  /** What another process needs to read a set. @throws {TesseraError} FEATURE_SET_UNKNOWN, FEATURES_STALE */
  stored(set: FeatureSetId): StoredFeatures
  /** Tells every window that the staleness of sets may have changed. */
  tellAll(): void
  /** Features were added, thrown away, or may be out of date. */
  onChanged(listener: () => void): void
}

export function createEncoders(dependencies: EncodersDependencies): EncodersRoom {
  const { store, jobs, publish, featuresFolder, sourceById, sourceSeq } = dependencies
  const encoders = createEncoderList(dependencies)
  const listeners = new Set<() => void>()
  const tell = (changed: FeatureSet[], removed: FeatureSetId[] = []) => {
    publish('features.changed', { changed, removed })
    for (const listener of listeners) listener()
  }
  jobs.register('features', extractionRunner({ ...dependencies, encoders, tellSet: (set) => tell([set]) }))

  const setById = (set: FeatureSetId): FeatureSet => {
    const found = findSet(store.read, set)
    if (!found)
      throw tesseraError('FEATURE_SET_UNKNOWN', 'These features are not in the project any more. Extract them again.', {
        set,
      })
    return found
  }

  const discard = async (set: FeatureSet): Promise<void> => {
    if (set.job !== null && !isOver(jobs.stateOf(set.job))) await jobs.handlers['jobs.cancel']({ job: set.job })
    store.transaction('features.discard', (db) => deleteSet(db, set.id))
    await rm(featureFile(featuresFolder, set.id, set.element), { force: true })
    tell([], [set.id])
  }

  /** The set an extraction goes on with: none where it is stale or was kept in another precision. */
  const usable = async (encoder: EncoderId, source: SourceId, element: FeatureElement): Promise<FeatureSet | null> => {
    const known = listSets(store.read).find((set) => set.encoder === encoder && set.source === source)
    if (!known) return null
    if (known.stale === null && known.element === element) return known
    await discard(known)
    return null
  }

  const extractOne = async (encoder: Encoder, source: PatchSource, element: FeatureElement): Promise<FeatureSet> => {
    const name = dependencies.nameOfSource(source.id)
    const known = await usable(encoder.id, source.id, element)
    if (known && known.job !== null && !isOver(jobs.stateOf(known.job))) {
      const state = jobs.stateOf(known.job)
      if (state === 'paused' || state === 'interrupted') await jobs.handlers['jobs.resume']({ job: known.job })
      return known
    }
    const wanted = patchesToEncode(dependencies, source)
    if (wanted.length === 0) throw nothingToEncode(source, name)
    const there = new Set(known ? listFeatureBlocks(store.read, known.id).flatMap(({ patches }) => [...patches]) : [])
    const missing = wanted.filter((patch) => !there.has(patch)).length
    if (known && missing === 0) return known
    const id = known?.id ?? FeatureSetId.parse(uuidv7())
    const total = there.size + missing
    const job = store.transaction('features.extract', (db) => {
      const params: ExtractionParams = { set: id }
      const title = `Features of “${name}” by “${encoder.card.name}”`
      const made = jobs.create(db, { kind: 'features', title, params, total })
      const seq = jobSeq(db, made)
      if (known) continueSet(db, id, seq, total)
      else
        insertSet(db, {
          id,
          encoder: encoder.id,
          source: sourceSeq(source.id),
          job: seq,
          element,
          preprocessing: preprocessingOf(source),
          total,
        })
      return made
    })
    jobs.launch(job)
    const set = setById(id)
    tell([set])
    return set
  }

  /** The channels a fluorescence slide is put together from are part of what the encoder saw. */
  const preprocessingOf = (source: PatchSource) => {
    const channels = source.kind === 'grid' ? dependencies.slideById(source.slide).channels : null
    return channels ? { channels } : {}
  }

  return {
    encoders,
    setById,
    sets: () => listSets(store.read),
    stored(id) {
      const set = setById(id)
      if (set.stale !== null) throw tesseraError('FEATURES_STALE', set.stale, { set: id, reason: set.stale })
      const { element, dimensions } = set
      return {
        file: featureFile(featuresFolder, id, element),
        element,
        dimensions,
        blocks: listFeatureBlocks(store.read, id),
      }
    },
    tellAll: () => tell(listSets(store.read)),
    onChanged: (listener) => void listeners.add(listener),
    calls: {
      'encoders.list': encoders.all,
      'encoders.shipped': dependencies.shippedEncoders,
      'encoders.add': ({ from, words }) => encoders.add(from, words),
      'features.sets': () => listSets(store.read),
      async 'features.extract'({ encoder: id, sources, element }) {
        const encoder = encoders.byId(id)
        const wanted = sources.map(sourceById)
        // All are looked at before the first job starts: half an order is worse than none.
        for (const source of wanted) edgeGiven(encoder.card, source)
        const sets = []
        for (const source of wanted) sets.push(await extractOne(encoder, source, element))
        return sets
      },
      async 'features.importH5'({ file, slide, edgeLevel0 }) {
        const { set, encoder, replaced } = await takeOverH5(dependencies, {
          file: dependencies.pathOf(file),
          slide,
          edgeLevel0,
        })
        publish('encoders.changed', { changed: [encoders.byId(encoder)] })
        tell([setById(set)], replaced ? [replaced] : [])
        return setById(set)
      },
      'features.discard': ({ set }) => discard(setById(set)),
    },
  }
}

const nothingToEncode = (source: PatchSource, name: string) =>
  source.kind === 'set'
    ? tesseraError('PATCH_SET_EMPTY', `“${name}” holds no picture that a network can take.`, { file: name })
    : tesseraError(
        'MASK_EMPTY',
        `The tissue mask of “${name}” leaves no patch to encode. Make it more sensitive, or take it away.`,
        { slide: name },
      )
