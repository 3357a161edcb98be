/** The door of maps: principal components at once, UMAPs as jobs. */
import { createHash } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { v7 as uuidv7 } from 'uuid'
import { tesseraError } from '../../../src-shared/errors.ts'
import type { Encoder, FeatureSet } from '../../../src-shared/features.ts'
import { type EncoderId, type FeatureSetId, MapId } from '../../../src-shared/ids.ts'
import { isOver } from '../../../src-shared/jobs.ts'
import { type EmbeddingMap, LEAST_ON_MAP, type mapCalls } from '../../../src-shared/map.ts'
import type { CallHandlers } from '../../../src-shared/wire/contract.ts'
import type { StoredFeatures } from '../../encoders/featureStore.ts'
import { jobSeq } from '../../jobs/jobRows.ts'
import type { Jobs } from '../../jobs/queue.ts'
import type { Store } from '../../store/database.ts'
import type { SimilarityProcess } from '../similarityProcess.ts'
import { mapFile, readMapFile } from './mapFile.ts'
import { deleteMap, findMap, insertMap, listMaps, type MapContent, type StoredMap } from './mapRows.ts'
import { mapUnknown, type UmapJobParams, umapRunner } from './umapJob.ts'

export type MapsDependencies = {
  store: Store
  jobs: Jobs
  featuresFolder: string
  similarity: SimilarityProcess
  /** One for a job: it ends with it. */
  startProcess: () => SimilarityProcess
  encoderById: (encoder: EncoderId) => Encoder
  sets: () => FeatureSet[]
  setById: (set: FeatureSetId) => FeatureSet
  storedFeatures: (set: FeatureSetId) => StoredFeatures
  publish: (name: 'maps.changed', body: { changed: EmbeddingMap[]; removed: MapId[] }) => void
}

export interface MapsRoom {
  calls: CallHandlers<typeof mapCalls>
  /** Tells every window that the staleness of maps may have changed. */
  tellAll(): void
}

export function createMaps(dependencies: MapsDependencies): MapsRoom {
  const { store, jobs, featuresFolder, similarity, setById, storedFeatures, publish } = dependencies

  /** What a set holds now. @throws {TesseraError} FEATURE_SET_UNKNOWN, FEATURES_STALE */
  const contentOf = (set: FeatureSetId): MapContent => {
    const { blocks } = storedFeatures(set)
    const content = createHash('sha256')
    for (const { checksum } of blocks) content.update(checksum)
    const rows = blocks.reduce((sum, { patches }) => sum + patches.length, 0)
    return { set, source: setById(set).source, rows, content: content.digest('hex') }
  }

  const staleText = ({ contents }: StoredMap, sets: ReadonlyMap<FeatureSetId, FeatureSet>): string | null => {
    for (const each of contents) {
      const now = sets.get(each.set)
      if (!now) return 'Features this map was made of were thrown away. Make it again.'
      if (now.stale !== null) return now.stale
      if (now.rows !== each.rows || contentOf(each.set).content !== each.content)
        return 'More patches have features than when this map was made. Make it again to see them.'
    }
    return null
  }

  const shown = (map: StoredMap, sets = setsNow()): EmbeddingMap => {
    const { contents, checksum, ...rest } = map
    return {
      ...rest,
      sources: contents.map(({ source }) => source),
      points: contents.reduce((sum, { rows }) => sum + rows, 0),
      complete: checksum !== null,
      stale: checksum === null ? null : staleText(map, sets),
    }
  }
  const setsNow = () => new Map(dependencies.sets().map((set) => [set.id, set]))
  const tell = (changed: readonly StoredMap[], removed: MapId[] = []) =>
    publish('maps.changed', { changed: changed.map((map) => shown(map)), removed })

  const isOfSame = (a: StoredMap, b: StoredMap): boolean =>
    a.encoder === b.encoder && sourcesKey(a.contents) === sourcesKey(b.contents)

  const remove = async (map: StoredMap): Promise<void> => {
    store.transaction('maps.replace', (db) => deleteMap(db, map.id))
    await rm(mapFile(featuresFolder, map.id), { force: true })
  }

  jobs.register(
    'map',
    umapRunner({
      store,
      featuresFolder,
      contentOf,
      startProcess: dependencies.startProcess,
      removed: (map) => tell([], [map]),
      async finished(id) {
        const map = findMap(store.read, id)!
        const replaced = listMaps(store.read).filter(
          (other) => other.id !== id && other.checksum !== null && isOfSame(other, map),
        )
        for (const old of replaced) await remove(old)
        tell(
          [map],
          replaced.map((old) => old.id),
        )
      },
    }),
  )

  /** @throws {TesseraError} MAP_ENCODERS_MIXED, MAP_TOO_FEW and those of contentOf */
  const checked = (sets: readonly FeatureSetId[]): { encoder: Encoder; contents: MapContent[] } => {
    const encoders = new Set(sets.map((set) => setById(set).encoder))
    if (encoders.size > 1)
      throw tesseraError(
        'MAP_ENCODERS_MIXED',
        `These features are of ${encoders.size} encoders; only those of one can be compared. Choose sets of one encoder.`,
        { encoders: encoders.size },
      )
    const contents = sets.map(contentOf)
    const patches = contents.reduce((sum, { rows }) => sum + rows, 0)
    if (patches < LEAST_ON_MAP)
      throw tesseraError(
        'MAP_TOO_FEW',
        `${patches === 1 ? '1 patch has' : `${patches} patches have`} features; a map needs at least ${LEAST_ON_MAP}. Extract features of more patches.`,
        { patches, least: LEAST_ON_MAP },
      )
    return { encoder: dependencies.encoderById(setById(sets[0]!).encoder), contents }
  }

  return {
    tellAll: () => tell(listMaps(store.read)),
    calls: {
      async 'maps.principal'({ sets }) {
        checked(sets)
        const made = await similarity.with(sets, (client) => client.call('map.principal', { sets }))
        const { positions: position, patch, counts, explained } = made
        return { sources: sets.map((set) => setById(set).source), counts, patch, position, explained }
      },
      'maps.list': () => listMaps(store.read).map((map) => shown(map)),
      'maps.start'({ sets, params }) {
        const { encoder, contents } = checked(sets)
        const running = listMaps(store.read).find(
          (map) =>
            map.checksum === null &&
            !isOver(jobs.stateOf(map.job)) &&
            map.encoder === encoder.id &&
            sourcesKey(map.contents) === sourcesKey(contents),
        )
        if (running) return shown(running)
        const id = MapId.parse(uuidv7())
        const points = contents.reduce((sum, { rows }) => sum + rows, 0)
        const job = store.transaction('maps.start', (db) => {
          const title = `Map of ${points.toLocaleString('en')} patches by “${encoder.card.name}”`
          const jobParams: UmapJobParams = { map: id }
          const made = jobs.create(db, { kind: 'map', title, params: jobParams, total: null })
          insertMap(db, { id, encoder: encoder.id, job: jobSeq(db, made), contents, params })
          return made
        })
        jobs.launch(job)
        const map = findMap(store.read, id)!
        tell([map])
        return shown(map)
      },
      async 'maps.points'({ map: id }) {
        const map = findMap(store.read, id)
        if (!map?.checksum) throw mapUnknown(id)
        const counts = map.contents.map(({ rows }) => rows)
        const points = counts.reduce((sum, rows) => sum + rows, 0)
        const read = await readMapFile(mapFile(featuresFolder, id), points, map.checksum)
        return { sources: map.contents.map(({ source }) => source), counts, ...read }
      },
    },
  }
}

const sourcesKey = (contents: readonly MapContent[]): string =>
  contents
    .map(({ source }) => source)
    .toSorted()
    .join()
