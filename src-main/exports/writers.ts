/** Each export format, from the project to a file with its final name. */
import { tesseraError } from '../../src-shared/errors.ts'
import type { ModelId } from '../../src-shared/ids.ts'
import type { Grid, PatchSource } from '../../src-shared/patches.ts'
import type { Slide } from '../../src-shared/slides.ts'
import { connect } from '../../src-shared/wire/connect.ts'
import path from 'node:path'
import { writeBytes, writeWhole } from '../files/writeFile.ts'
import type { JobControl } from '../jobs/queue.ts'
import { copyModel } from '../models/modelFiles.ts'
import { csvLines } from './csv.ts'
import { geoJsonPieces } from './geoJson.ts'
import type { ExportDependencies } from './handlers.ts'
import { LEGEND_HEIGHT, legendSvg, legendWidth } from './legend.ts'
import { overlayTexels } from './overlayImage.ts'
import { patchEntries, type PatchEntry, type Predicted } from './patchTable.ts'
import type { renderContract } from './renderContract.ts'

type Progress = Pick<JobControl, 'signal' | 'report'>

/** Text is handed to the disk in pieces of about this length, characters. */
const PIECE = 1 << 20
/** Longest side of an exported picture, px. */
const PICTURE_EDGE = 2048

/** Writes pieces of text as they are made. Throws CANCELLED when the signal says so: the file then never gets its name. */
async function writeText(file: string, pieces: Iterable<string>, { signal, report }: Progress): Promise<void> {
  await writeWhole(file, async (handle) => {
    let buffer = ''
    let done = 0
    for (const piece of pieces) {
      buffer += piece
      done++
      if (buffer.length < PIECE) continue
      if (signal.aborted)
        throw tesseraError(
          'CANCELLED',
          `The export of “${path.basename(file)}” was cancelled; no file was written.`,
          {},
        )
      await handle.writeFile(buffer)
      report({ done, phase: 'writing' })
      buffer = ''
    }
    await handle.writeFile(buffer)
    report({ done, phase: 'writing' })
  })
}

function entriesOf(
  { store, classes, sourceSeq }: ExportDependencies,
  source: PatchSource,
  predicted: Predicted | null,
): Generator<PatchEntry> {
  return patchEntries(store.read, source, sourceSeq(source.id), classes(), predicted)
}

/** @throws {TesseraError} NOTHING_TO_EXPORT */
function* atLeastOne(entries: Generator<PatchEntry>, what: string): Generator<PatchEntry> {
  const first = entries.next()
  if (first.done)
    throw tesseraError(
      'NOTHING_TO_EXPORT',
      `${what} has neither labels nor predictions, so there is nothing to export. Label patches or run a model first.`,
      { what },
    )
  yield first.value
  yield* entries
}

export async function writeCsv(
  dependencies: ExportDependencies,
  source: PatchSource,
  predicted: Predicted | null,
  file: string,
  progress: Progress,
): Promise<string[]> {
  const slide = source.kind === 'grid' ? dependencies.slideById(source.slide) : null
  const name = slide?.name ?? (source.kind === 'set' ? source.name : '')
  const files = source.kind === 'set' ? setFiles(dependencies, source.id) : new Map<number, string>()
  const lines = csvLines(atLeastOne(entriesOf(dependencies, source, predicted), `“${name}”`), {
    name,
    case: slide?.caseName ?? '',
    model: predicted?.run.modelName ?? null,
    predictedClasses: predicted?.run.classes.map((each) => each.name) ?? [],
    fileOf: (patch) => files.get(patch) ?? null,
  })
  await writeText(file, ended(lines, '\r\n'), progress)
  return [file]
}

function* ended(lines: Iterable<string>, end: string): Generator<string> {
  for (const line of lines) yield line + end
}

/** The file of each patch of a set that has one. */
export function setFiles(
  { store, sourceSeq }: Pick<ExportDependencies, 'store' | 'sourceSeq'>,
  source: PatchSource['id'],
): Map<number, string> {
  const rows = store.read.all<{ patch: number; file: string }>(
    'SELECT patch, file FROM patch_set_rows WHERE source = @source AND file IS NOT NULL',
    { source: sourceSeq(source) },
  )
  return new Map(rows.map((row) => [row.patch, row.file]))
}

/** @throws {TesseraError} NOTHING_TO_EXPORT for a patch set: its patches lie on no slide */
function gridOf(source: PatchSource, what: string): Grid {
  if (source.kind === 'grid') return source
  throw tesseraError(
    'NOTHING_TO_EXPORT',
    `The patches of “${source.name}” lie on no slide, so there is no ${what} of them. Export them as CSV.`,
    { what },
  )
}

export async function writeGeoJson(
  dependencies: ExportDependencies,
  source: PatchSource,
  predicted: Predicted | null,
  shiftByBounds: boolean,
  file: string,
  progress: Progress,
): Promise<string[]> {
  const grid = gridOf(source, 'GeoJSON')
  const slide = dependencies.slideById(grid.slide)
  const pieces = geoJsonPieces(atLeastOne(entriesOf(dependencies, grid, predicted), `“${slide.name}”`), {
    project: dependencies.project,
    source: grid.id,
    slide: slide.name,
    model: predicted?.run.modelName ?? null,
    predictedClasses: predicted?.run.classes ?? [],
    origin: shiftByBounds && slide.bounds ? { x: slide.bounds.x, y: slide.bounds.y } : { x: 0, y: 0 },
    bounds: slide.bounds,
  })
  await writeText(file, pieces, progress)
  return [file]
}

export async function writeOverlay(
  dependencies: ExportDependencies,
  source: PatchSource,
  predicted: Predicted,
  view: { shown: number | null; opacity: number },
  file: string,
): Promise<string[]> {
  const grid = gridOf(source, 'overlay')
  const slide = dependencies.slideById(grid.slide)
  if (predicted.patch.length === 0)
    throw tesseraError('NOTHING_TO_EXPORT', `The model has not predicted a patch of “${slide.name}” yet.`, {
      what: slide.name,
    })
  const picture = await dependencies.slidePicture(slide.id, PICTURE_EDGE)
  const scale = Math.min(1, PICTURE_EDGE / Math.max(slide.width, slide.height))
  const width = Math.max(1, Math.round(slide.width * scale))
  // One texel is the cell of a patch; where patches have gaps, the cell is drawn, and where they overlap, too.
  const order = {
    picture,
    texels: overlayTexels(grid, predicted, view.shown, view.opacity),
    columns: grid.columns,
    rows: grid.rows,
    left: (grid.offsetX + (grid.edgeX - grid.strideX) / 2) * scale,
    top: (grid.offsetY + (grid.edgeY - grid.strideY) / 2) * scale,
    width: grid.columns * grid.strideX * scale,
    height: grid.rows * grid.strideY * scale,
    legendSvg: legendSvg(legendOf(slide, predicted, view.shown, scale), legendWidth(width)),
    legendWidth: legendWidth(width),
    legendHeight: LEGEND_HEIGHT,
  }
  const render = dependencies.workerHost.start({ entry: 'render', name: 'render', niceness: 5, heapMb: 512 })
  try {
    const { png } = await connect<typeof renderContract>(render.wire).call('render.overlay', order)
    await writeBytes(file, png)
  } finally {
    render.kill()
  }
  return [file]
}

const legendOf = (slide: Slide, { run }: Predicted, shown: number | null, scale: number) => ({
  title: `${slide.name}  ·  ${run.modelName}`,
  note: slide.note,
  scale:
    shown === null
      ? { kind: 'classes' as const, classes: run.classes }
      : { kind: 'probability' as const, of: run.classes[shown]!.name },
  mpp: slide.mppX === null ? null : slide.mppX / scale,
})

export async function writeModel(
  { modelById, weightsOf }: ExportDependencies,
  model: ModelId,
  file: string,
): Promise<string[]> {
  return copyModel(path.dirname(weightsOf(model)), modelById(model).card, file)
}
