/** The door of the exports room, and the job that writes the files. */
import { existsSync } from 'node:fs'
import { mkdir, stat } from 'node:fs/promises'
import path from 'node:path'
import { v7 as uuidv7 } from 'uuid'
import * as z from 'zod'
import { tesseraError } from '../../src-shared/errors.ts'
import { type ExportedFile, ExportRequest, type exportCalls } from '../../src-shared/exports.ts'
import type { Encoder, FeatureSet } from '../../src-shared/features.ts'
import type {
  EncoderId,
  FeatureSetId,
  JobId,
  ModelId,
  PredictionRunId,
  ProjectId,
  SlideId,
  SourceId,
} from '../../src-shared/ids.ts'
import type { PatchClass } from '../../src-shared/labels.ts'
import type { Model } from '../../src-shared/models.ts'
import type { PatchSource } from '../../src-shared/patches.ts'
import type { Slide } from '../../src-shared/slides.ts'
import type { CallHandlers } from '../../src-shared/wire/contract.ts'
import { fileError } from '../files/fileErrors.ts'
import { writeBytes } from '../files/writeFile.ts'
import { jobSeq } from '../jobs/jobRows.ts'
import type { JobControl, Jobs } from '../jobs/queue.ts'
import type { TableFacts } from '../similarity/contract.ts'
import type { WorkerHost } from '../jobs/workerHost.ts'
import type { Store } from '../store/database.ts'
import { writeFeatures } from './featureTable.ts'
import { writeCsv, writeGeoJson, writeModel, writeOverlay } from './writers.ts'
import type { Predicted } from './patchTable.ts'

export type ExportDependencies = {
  store: Store
  jobs: Jobs
  workerHost: WorkerHost
  project: ProjectId
  projectFolder: string
  exportsFolder: string
  classes: () => PatchClass[]
  sourceById: (source: SourceId) => PatchSource
  sourceSeq: (source: SourceId) => number
  slideById: (slide: SlideId) => Slide
  readPredictions: (run: PredictionRunId) => Promise<Predicted>
  modelById: (model: ModelId) => Model
  weightsOf: (model: ModelId) => string
  featureSet: (set: FeatureSetId) => FeatureSet
  encoderById: (encoder: EncoderId) => Encoder
  /** Writes features of a set as HDF5 in a process of its own. */
  writeFeatureFile: (set: FeatureSetId, file: string, about: TableFacts) => Promise<{ patches: number }>
  /** JPEG of a whole slide, longest side at most `edge` px */
  slidePicture: (slide: SlideId, edge: number) => Promise<Uint8Array>
  publish: (name: 'exports.done', body: { job: JobId; files: ExportedFile[] }) => void
}

export interface ExportsRoom {
  calls: CallHandlers<typeof exportCalls>
  /** The file of an export that was made; null when there is none, or it was deleted since. */
  fileById: (id: string) => { file: string; name: string } | null
}

const titles: Record<ExportRequest['format'], string> = {
  csv: 'Export patches as CSV',
  geojson: 'Export to QuPath (GeoJSON)',
  png: 'Export the overlay as PNG',
  features: 'Export features as HDF5',
  model: 'Export the model',
}

const Picture = z.object({ name: z.string() })
/** How every PNG begins. */
const PNG = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]

export function createExports(dependencies: ExportDependencies): ExportsRoom {
  const { store, jobs, projectFolder, exportsFolder, publish } = dependencies

  const filesOf = (job: JobId): ExportedFile[] =>
    store.read
      .all<{ id: string; name: string; file: string; bytes: number }>(
        'SELECT exports.* FROM exports JOIN jobs ON jobs.seq = exports.job WHERE jobs.id = @job ORDER BY exports.created_at, exports.name',
        { job },
      )
      .map(({ id, name, file, bytes }) => ({ id, name, bytes, location: path.join(projectFolder, file) }))

  /** Rows of the files that were written, and their news. */
  const keep = async (written: readonly string[], control: JobControl): Promise<void> => {
    const rows = await Promise.all(written.map(async (file) => ({ file, bytes: (await stat(file)).size })))
    store.transaction('exports.done', (db) => {
      for (const { file, bytes } of rows)
        db.run(
          'INSERT INTO exports (id, job, name, file, bytes, created_at) VALUES (@id, @job, @name, @file, @bytes, @at)',
          {
            id: uuidv7(),
            job: jobSeq(db, control.job),
            name: path.basename(file),
            file: path.relative(projectFolder, file),
            bytes,
            at: Date.now(),
          },
        )
    })
    publish('exports.done', { job: control.job, files: filesOf(control.job) })
  }

  const makeFolder = (): Promise<unknown> =>
    mkdir(exportsFolder, { recursive: true }).catch((error: unknown) => {
      throw fileError(exportsFolder, error)
    })

  const run = async (params: unknown, control: JobControl): Promise<void> => {
    const request = ExportRequest.parse(params)
    await makeFolder()
    const file = freeName(exportsFolder, nameOf(dependencies, request))
    await keep(await writeRequest(dependencies, request, file, control), control)
  }

  /** Pictures that wait for their job; gone with the program, as the job then says. */
  const pictures = new Map<JobId, Uint8Array>()

  const runPicture = async (params: unknown, control: JobControl): Promise<void> => {
    const { name } = Picture.parse(params)
    const png = pictures.get(control.job)
    if (!png)
      throw tesseraError(
        'NOTHING_TO_EXPORT',
        'The picture is gone: Tessera was ended before it was written. Save the view again.',
        {
          what: name,
        },
      )
    pictures.delete(control.job)
    await makeFolder()
    const file = freeName(exportsFolder, fileName(name, 'png'))
    await writeBytes(file, png)
    await keep([file], control)
  }

  jobs.register('export', { unit: 'patches', canPause: false, heavy: false, run })
  jobs.register('picture', { unit: 'files', canPause: false, heavy: false, run: runPicture })

  return {
    fileById(id) {
      const row = store.read.get<{ name: string; file: string }>('SELECT name, file FROM exports WHERE id = @id', {
        id,
      })
      const file = row && path.join(projectFolder, row.file)
      return file && existsSync(file) ? { file, name: row.name } : null
    },
    calls: {
      'exports.start'(request) {
        const title = `${titles[request.format]}: ${nameOf(dependencies, request)}`
        const job = store.transaction('exports.start', (db) =>
          jobs.create(db, { kind: 'export', title, params: request, total: null }),
        )
        jobs.launch(job)
        return { job }
      },
      'exports.savePicture'({ name, png }) {
        if (!PNG.every((byte, i) => png[i] === byte))
          throw tesseraError('INPUT_INVALID', `“${name}” is no PNG picture, so it was not saved.`, {
            call: 'exports.savePicture',
            issues: ['png: not a PNG'],
          })
        const job = store.transaction('exports.savePicture', (db) =>
          jobs.create(db, { kind: 'picture', title: `Picture of the view: ${name}`, params: { name }, total: null }),
        )
        pictures.set(job, png)
        jobs.launch(job)
        return { job }
      },
      'exports.files': ({ job }) => filesOf(job),
    },
  }
}

/** The exported thing's own name, with the ending of its format. */
function nameOf({ sourceById, slideById, modelById, featureSet }: ExportDependencies, request: ExportRequest): string {
  if (request.format === 'model') return fileName(modelById(request.model).name, 'onnx')
  const source = sourceById(request.format === 'features' ? featureSet(request.set).source : request.source)
  const name = source.kind === 'grid' ? slideById(source.slide).name : source.name
  return fileName(name.replace(/\.[a-z0-9]{2,4}$/i, ''), request.format === 'features' ? 'h5' : request.format)
}

/** Most of a file's name without its ending: file systems take 255 bytes, and “ (2)” or “.part” may come behind it. */
const NAME = { bytes: 200, length: 120 }

/** A name every platform takes: no separators, no reserved characters, not too long. */
export function fileName(name: string, ending: string): string {
  const safe = name.toWellFormed().replaceAll(/[\p{Cc}<>:"/\\|?*]/gu, '_')
  const short = shortened(safe.replace(/^[. ]+|[. ]+$/g, '')).replace(/[. ]+$/, '')
  return `${short === '' ? 'unnamed' : short}.${ending}`
}

/** As many whole characters as a name may have. */
function shortened(text: string): string {
  let bytes = 0
  let end = 0
  for (const character of text) {
    bytes += Buffer.byteLength(character)
    if (bytes > NAME.bytes || end + character.length > NAME.length) break
    end += character.length
  }
  return text.slice(0, end)
}

/** An earlier export is never overwritten: `slide.csv`, `slide (2).csv`. */
function freeName(folder: string, name: string): string {
  const { name: stem, ext } = path.parse(name)
  for (let n = 1; ; n++) {
    const file = path.join(folder, n === 1 ? name : `${stem} (${n})${ext}`)
    if (!existsSync(file)) return file
  }
}

/** @returns the files written */
export async function writeRequest(
  dependencies: ExportDependencies,
  request: ExportRequest,
  file: string,
  control: Pick<JobControl, 'signal' | 'report'>,
): Promise<string[]> {
  if (request.format === 'model') return writeModel(dependencies, request.model, file)
  if (request.format === 'features') return writeFeatures(dependencies, request.set, file)
  const source = dependencies.sourceById(request.source)
  const predicted = request.run === null ? null : await dependencies.readPredictions(request.run)
  if (predicted && predicted.run.source !== request.source)
    throw tesseraError(
      'PREDICTION_RUN_UNKNOWN',
      'This prediction run is of another slide or grid than the one to export.',
      { run: predicted.run.id },
    )
  switch (request.format) {
    case 'csv':
      return writeCsv(dependencies, source, predicted, file, control)
    case 'geojson':
      return writeGeoJson(dependencies, source, predicted, request.shiftByBounds, file, control)
    case 'png':
      return writeOverlay(dependencies, source, predicted!, { shown: request.class, opacity: request.opacity }, file)
  }
}
