/** The rooms of one open project, built by hand in the order of the data: each is given those before it. */
import path from 'node:path'
import type { Api, ApiCalls, ApiStreams } from '../../src-shared/api.ts'
import type { ExportRequest } from '../../src-shared/exports.ts'
import type { EncoderWords } from '../../src-shared/features.ts'
import type { FeatureSetId, PredictionRunId, SlideId, SourceId } from '../../src-shared/ids.ts'
import type { Job } from '../../src-shared/jobs.ts'
import type { Project } from '../../src-shared/projects.ts'
import type { Slide, TileReply, TileRequest } from '../../src-shared/slides.ts'
import type { EventBody, EventName } from '../../src-shared/wire/contract.ts'
import { createExports, writeRequest } from '../exports/handlers.ts'
import { type MisreadExport, writeMisreadCsv, writeMisreadSheet } from '../exports/misreadFiles.ts'
import { setFiles } from '../exports/writers.ts'
import type { StoredFeatures } from '../encoders/featureStore.ts'
import { patchesToEncode } from '../encoders/extraction.ts'
import { createEncoders } from '../encoders/handlers.ts'
import { readEncoderFile } from '../features/encoderFile.ts'
import { shippedEncoderFile, shippedEncoders } from '../features/shippedEncoders.ts'
import { openEncoderFile, type ReadyEncoder } from '../features/extract.ts'
import type { FileHandles } from '../files/handles.ts'
import { createInspection } from '../inspection/handlers.ts'
import { createJobs, type Jobs } from '../jobs/queue.ts'
import type { WorkerHost, WorkerProcess } from '../jobs/workerHost.ts'
import { createLabels } from '../labels/handlers.ts'
import { createLive } from '../live/handlers.ts'
import { createModels } from '../models/handlers.ts'
import type { Devices } from '../nn/devices.ts'
import { type EngineClient, withEngine } from '../nn/engine.ts'
import { ENGINE_NAME } from '../nn/engineFacts.ts'
import { createPatches } from '../patches/handlers.ts'
import { insertMask } from '../patches/masks.ts'
import { createPredictions, type RunProbabilities } from '../predictions/handlers.ts'
import { exportsFolder, featuresFolder, modelsFolder, predictionsFolder, runsFolder } from '../projects/folders.ts'
import type { ProjectStore } from '../projects/projectStore.ts'
import type { TableFacts } from '../similarity/contract.ts'
import { createNeighbours } from '../similarity/neighbours.ts'
import { createMaps } from '../similarity/map/handlers.ts'
import { createSimilarityProcess } from '../similarity/similarityProcess.ts'
import { createSpread } from '../similarity/spread.ts'
import { createBlinding } from '../slides/blinding.ts'
import { createBookmarks } from '../slides/bookmarks.ts'
import { createSlides } from '../slides/handlers.ts'
import { createSlideReader } from '../slides/reader.ts'
import { createTraining } from '../training/handlers.ts'
import type { ReadPixels } from '../training/runFiles.ts'
import { shippedEncodersFolder, shippedModelsFolder } from './resources.ts'
import { version } from './version.ts'

type OfPrograms =
  | `app.${string}`
  | `settings.${string}`
  | `devices.${string}`
  | `files.${string}`
  | `projects.${string}`
/** The calls that need an open project. */
export type RoomCalls = Omit<ApiCalls, OfPrograms>

export type RoomsOptions = {
  handles: FileHandles
  workerHost: WorkerHost
  /** Who decides what trains and predicts. */
  devices: Devices
  personName: () => string
  publish: <K extends EventName<Api>>(name: K, body: EventBody<Api, K>) => void
  /** A job failed in a way nobody foresaw. */
  onUnexpected?: (error: unknown) => void
}

/** @property shown patches on the sheet; null without one */
export type MisreadWritten = { csv: string | null; sheet: string | null; shown: number | null }

export interface Rooms {
  project: Project
  calls: RoomCalls
  streams: ApiStreams
  jobs: Jobs
  /** @returns the function that stops listening */
  onJob(listener: (job: Job) => void): () => void
  /** Adds a slide with a note that is said wherever it is shown. */
  addSlide(file: string, note: string): Promise<Slide>
  tiles(request: TileRequest): Promise<TileReply[]>
  onTileProcess(listener: (process: WorkerProcess) => void): void
  exportById(id: string): { file: string; name: string } | null
  /** Writes an export to a file of the caller's choice, without a job. @returns the files written */
  writeExport(request: ExportRequest, file: string): Promise<string[]>
  /** Writes the misread patches of a set to files of the caller's choice; null = not wanted. */
  writeMisread(
    what: Omit<MisreadExport, 'fileOf'>,
    files: { csv: string | null; sheet: string | null },
  ): Promise<MisreadWritten>
  readPredictions(run: PredictionRunId): Promise<RunProbabilities>
  /** The file of each patch of a set that has one. */
  filesOf(set: SourceId): Map<number, string>
  /** Where the features of a set are. @throws {TesseraError} FEATURE_SET_UNKNOWN, FEATURES_STALE */
  storedFeatures: (set: FeatureSetId) => StoredFeatures
  /** Where what encoders made of patches lies. */
  featuresFolder: string
  /** An encoder, open while `work` runs, and the engine it runs in. */
  withEncoder<T>(
    file: string,
    words: EncoderWords,
    work: (encoder: ReadyEncoder, engine: EngineClient) => Promise<T>,
  ): Promise<T>
  /** Stops jobs where they can go on later, ends the processes, frees the lock. */
  close(): Promise<void>
}

/** A look must not wait for a training; reading patches for one must not slow the look down. */
const VIEW = { name: 'slide-view', niceness: 2, heapMb: 512 }
const BATCH = { name: 'slide-read', niceness: 10, heapMb: 512 }

export function openRooms(project: ProjectStore, options: RoomsOptions): Rooms {
  const { store, folder } = project
  const { handles, workerHost, devices, personName } = options
  /** What windows are told of labels and features, live mode learns from. */
  const publish: RoomsOptions['publish'] = (name, body) => {
    options.publish(name, body)
    if (name === 'labels.changed') live.labelsChanged(body as EventBody<Api, 'labels.changed'>)
    else if (name === 'features.changed') live.featuresChanged()
  }
  const { pathOf } = handles
  const jobListeners = new Set<(job: Job) => void>()

  const jobs = createJobs(
    store,
    (body) => {
      publish('jobs.changed', body)
      for (const job of body.changed) for (const listener of jobListeners) listener(job)
    },
    options.onUnexpected ?? (() => undefined),
  )
  const view = createSlideReader(workerHost, VIEW)
  const batch = createSlideReader(workerHost, BATCH)

  const slides = createSlides({
    store,
    projectFolder: folder,
    view,
    batch,
    jobs,
    workerHost,
    readOnly: () => project.project.readOnly !== null,
    pathOf,
    personName,
    publish: (body) => publish('slides.changed', body),
  })
  const bookmarks = createBookmarks({ store, slides, publish: (body) => publish('bookmarks.changed', body) })
  const blinding = createBlinding({
    store,
    slides,
    readOnly: () => project.project.readOnly !== null,
    publish: (body) => publish('blinding.changed', body),
  })
  const patches = createPatches({
    store,
    jobs,
    slides,
    view,
    batch,
    pathOf,
    publish: (body) => publish('patches.changed', body),
    publishPresets: (body) => publish('patches.maskPresetsChanged', body),
  })
  const { sources } = patches
  const slideById = (slide: SlideId): Slide => slides.shown(slides.byId(slide))
  const nameOfSource = (id: SourceId): string => {
    const source = sources.byId(id)
    return source.kind === 'set' ? source.name : slideById(source.slide).name
  }

  const labels = createLabels({
    store,
    sources,
    pathOf,
    personName,
    boundsOf: (slide) => slides.byId(slide).header.bounds,
    computeMask: patches.computeMask,
    insertMask,
    publish,
  })
  const classes = () => labels.classes()

  const models = createModels({
    store,
    folder: modelsFolder(folder),
    shippedFolder: shippedModelsFolder,
    workerHost,
    version,
    pathOf,
    publish,
  })
  const readPixels: ReadPixels = ({ source, ...wanted }, file, { signal, onProgress }) =>
    patches.readPatchPixels({ source: sources.byId(source), ...wanted }, file, { signal, onProgress })

  const encoding = createEncoders({
    store,
    jobs,
    workerHost,
    readPixels: patches.readPatchPixels,
    pathOf,
    weightsOf: models.weightsOf,
    shippedFile: (key) => shippedEncoderFile({ encoders: shippedEncodersFolder, models: shippedModelsFolder }, key),
    shippedEncoders: async () => (await shippedEncoders(shippedEncodersFolder)).map(({ key, card }) => ({ key, card })),
    featuresFolder: featuresFolder(folder),
    sourceById: sources.byId,
    sourceSeq: sources.seqOf,
    nameOfSource,
    slideById,
    readH5: (file, into) => similarity.with([], (client) => client.call('similarity.readH5', { file, into })),
    sources: sources.all,
    createGrid: patches.createGrid,
    publish,
  })
  const similarity = createSimilarityProcess(workerHost, encoding.stored)
  const neighbours = createNeighbours({ similarity, encoding, sourceById: sources.byId, labelsOf: labels.of })
  const maps = createMaps({
    store,
    jobs,
    featuresFolder: featuresFolder(folder),
    similarity,
    startProcess: () => createSimilarityProcess(workerHost, encoding.stored, { name: 'map', niceness: 10 }),
    encoderById: encoding.encoders.byId,
    sets: encoding.sets,
    setById: encoding.setById,
    storedFeatures: encoding.stored,
    publish,
  })
  const training = createTraining({
    store,
    jobs,
    workerHost,
    devices,
    readPixels,
    sourceById: sources.byId,
    nameOfSource,
    classes,
    runsFolder: runsFolder(folder),
    modelsFolder: modelsFolder(folder),
    version,
    tellModel: (model) => publish('models.changed', { changed: [models.byId(model)] }),
    modelById: models.byId,
    weightsOf: models.weightsOf,
    lookup: { read: store.read, sourceById: sources.byId, sourceSeq: sources.seqOf, slideById, labelsOf: labels.of },
    publish,
  })
  const live = createLive({
    lookup: { read: store.read, sourceById: sources.byId, sourceSeq: sources.seqOf, slideById, labelsOf: labels.of },
    classes,
    encoderById: encoding.encoders.byId,
    sets: encoding.sets,
    stored: encoding.stored,
    similarity,
  })
  const predictions = createPredictions({
    store,
    jobs,
    workerHost,
    devices,
    readPixels,
    sourceById: sources.byId,
    sourceSeq: sources.seqOf,
    nameOfSource,
    sources: sources.all,
    modelById: models.byId,
    weightsOf: models.weightsOf,
    predictionsFolder: predictionsFolder(folder),
    slideById,
    createGrid: patches.createGrid,
    classes,
    engineName: ENGINE_NAME,
    publish,
  })
  const inspection = createInspection({
    workerHost,
    modelById: models.byId,
    weightsOf: models.weightsOf,
    encoders: encoding.encoders,
    sourceById: sources.byId,
    nameOfSource,
    patchesOf: (source) => patchesToEncode({ store, sourceSeq: sources.seqOf }, source),
    readPixels,
  })
  const exporting = {
    store,
    jobs,
    workerHost,
    project: project.project.id,
    projectFolder: folder,
    exportsFolder: exportsFolder(folder),
    classes,
    sourceById: sources.byId,
    sourceSeq: sources.seqOf,
    slideById,
    readPredictions: predictions.read,
    modelById: models.byId,
    weightsOf: models.weightsOf,
    featureSet: encoding.setById,
    encoderById: encoding.encoders.byId,
    writeFeatureFile: (set: FeatureSetId, file: string, about: TableFacts) =>
      similarity.with([], (client) => client.call('similarity.writeH5', { stored: encoding.stored(set), file, about })),
    slidePicture: async (slide: SlideId, edge: number) =>
      batch.ask(slides.subjectOf(slide), 'slides.thumbnail', { ...(await slides.fileOf(slide)), edge }),
    publish,
  }
  const exports = createExports(exporting)

  // What was made of features is of those of yesterday when they change.
  encoding.onChanged(maps.tellAll)
  // A corrected µm/px makes what was computed with the old one stale.
  slides.onChanged(() => {
    models.tellAll()
    predictions.tellAll()
    encoding.tellAll()
    live.slidesChanged()
  })

  return {
    project: project.project,
    jobs,
    calls: {
      ...slides.handlers,
      ...bookmarks,
      ...blinding,
      ...patches.handlers,
      ...labels.handlers,
      ...models.handlers,
      ...encoding.calls,
      ...createSpread(similarity),
      ...neighbours,
      ...maps.calls,
      ...training.calls,
      ...predictions.calls,
      ...inspection.calls,
      ...exports.calls,
      ...jobs.handlers,
    },
    streams: { ...training.streams, ...live.streams, ...predictions.streams, ...inspection.streams },
    onJob(listener) {
      jobListeners.add(listener)
      return () => jobListeners.delete(listener)
    },
    addSlide: slides.add,
    tiles: slides.tiles,
    onTileProcess: (listener) => void view.onStarted(listener),
    exportById: exports.fileById,
    writeExport: (request, file) =>
      writeRequest(exporting, request, file, { signal: new AbortController().signal, report: () => undefined }),
    async writeMisread(what, { csv, sheet }) {
      const files = setFiles(exporting, what.set.id)
      const misread = { ...what, fileOf: (patch: number) => files.get(patch) ?? null }
      if (csv !== null) await writeMisreadCsv(misread, csv)
      const shown =
        sheet === null
          ? null
          : await writeMisreadSheet(misread, sheet, workerHost, async (wanted, edge) =>
              patches.handlers['patches.pictures']({ source: what.set.id, patches: wanted, margin: 0, edge }),
            )
      return { csv, sheet, shown }
    },
    readPredictions: predictions.read,
    filesOf: (set) => setFiles(exporting, set),
    storedFeatures: encoding.stored,
    featuresFolder: featuresFolder(folder),
    withEncoder: (file, words, work) =>
      withEngine(workerHost, async (engine) => {
        const described = await readEncoderFile(engine, file, words)
        const scratch = path.join(featuresFolder(folder), 'scratch')
        return work(await openEncoderFile(engine, patches.readPatchPixels, described, scratch), engine)
      }),
    async close() {
      await jobs.shutDown()
      await inspection.close()
      slides.close()
      view.stop()
      batch.stop()
      similarity.stop()
      project.close()
    },
  }
}
