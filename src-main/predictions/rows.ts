/** Prediction runs in the database. */
import * as z from 'zod'
import type { PredictionRunId } from '../../src-shared/ids.ts'
import { PredictionRun } from '../../src-shared/predictions.ts'
import { TestTime } from '../../src-shared/recipe.ts'
import type { ReadableDb, WritableDb } from '../store/database.ts'

type RunRow = {
  id: string
  job: string
  model: string
  modelName: string
  source: string
  slide: string | null
  classes: string
  total: number
  done: number | null
  checksum: string | null
  counts: string | null
  preprocessing: string
  createdAt: number
  moved: number
  recoloured: number
}

const SELECT = `
  SELECT prediction_runs.id, jobs.id AS job, models.id AS model, models.name AS modelName, sources.id AS source,
    slides.id AS slide, prediction_runs.classes, prediction_runs.total, prediction_runs.checksum, prediction_runs.counts,
    prediction_runs.preprocessing,
    (SELECT sum(count) FROM prediction_blocks WHERE run = prediction_runs.seq) AS done,
    prediction_runs.created_at AS createdAt,
    grids.source IS NOT NULL AND (slides.mpp_x IS NOT grids.slide_mpp_x OR slides.mpp_y IS NOT grids.slide_mpp_y) AS moved,
    json_extract(prediction_runs.preprocessing, '$.channels') IS NOT slide_looks.channels AS recoloured
  FROM prediction_runs
    JOIN jobs ON jobs.seq = prediction_runs.job
    JOIN models ON models.seq = prediction_runs.model
    JOIN sources ON sources.seq = prediction_runs.source
    LEFT JOIN grids ON grids.source = prediction_runs.source
    LEFT JOIN slides ON slides.seq = grids.slide
    LEFT JOIN slide_looks ON slide_looks.slide = slides.seq`

/** Runs from before test-time augmentation say nothing of it. */
const Preprocessing = z.object({ testTime: TestTime.default('none') })

const fromRow = ({
  moved,
  recoloured,
  checksum,
  counts,
  done,
  classes,
  preprocessing,
  ...row
}: RunRow): PredictionRun =>
  PredictionRun.parse({
    ...row,
    testTime: Preprocessing.parse(JSON.parse(preprocessing)).testTime,
    classes: JSON.parse(classes) as unknown,
    done: done ?? 0,
    counts: counts === null ? null : (JSON.parse(counts) as unknown),
    unread: counts === null ? null : row.total - (JSON.parse(counts) as number[]).reduce((sum, each) => sum + each, 0),
    complete: checksum !== null,
    stale: staleText(moved === 1, recoloured === 1),
  })

function staleText(moved: boolean, recoloured: boolean): string | null {
  if (moved)
    return 'The µm/px of the slide was corrected after this run: the model saw patches of another size than its card demands. Run it again.'
  return recoloured
    ? 'The channels of the slide are put together in another way than in this run: the model saw other colours. Run it again.'
    : null
}

export const listRuns = (db: ReadableDb): PredictionRun[] =>
  db.all<RunRow>(`${SELECT} ORDER BY prediction_runs.seq DESC`).map(fromRow)

export function findRun(db: ReadableDb, run: PredictionRunId): PredictionRun | null {
  const row = db.get<RunRow>(`${SELECT} WHERE prediction_runs.id = @run`, { run })
  return row ? fromRow(row) : null
}

export type NewRun = {
  id: PredictionRunId
  job: number
  model: string
  source: number
  /** masks.seq; null = all patches */
  mask: number | null
  weights: string
  preprocessing: unknown
  engine: string
  classes: PredictionRun['classes']
  total: number
}

export function insertRun(db: WritableDb, run: NewRun): void {
  db.run(
    `INSERT INTO prediction_runs (id, job, model, source, mask, weights, preprocessing, engine, classes, total, created_at)
     VALUES (@id, @job, (SELECT seq FROM models WHERE id = @model), @source, @mask, @weights, @preprocessing, @engine, @classes, @total, @createdAt)`,
    {
      ...run,
      preprocessing: JSON.stringify(run.preprocessing),
      classes: JSON.stringify(run.classes),
      createdAt: Date.now(),
    },
  )
}

/** What ran it. A run that went on elsewhere after a device was lost names both, in order. */
export const addEngine = (db: WritableDb, run: PredictionRunId, engine: string): void =>
  void db.run(
    `UPDATE prediction_runs SET engine =
       CASE WHEN EXISTS (SELECT 1 FROM prediction_blocks WHERE run = prediction_runs.seq) AND engine NOT LIKE '%' || @engine
            THEN engine || '; then ' || @engine ELSE @engine END
     WHERE id = @run`,
    { run, engine },
  )

/** `first` counts in the run's list of patches, not in the grid. */
export type Block = { first: number; count: number; checksum: string }

export const listBlocks = (db: ReadableDb, run: PredictionRunId): Block[] =>
  db.all<Block>(
    `SELECT first, count, checksum FROM prediction_blocks
     WHERE run = (SELECT seq FROM prediction_runs WHERE id = @run) ORDER BY first`,
    { run },
  )

export const insertBlock = (db: WritableDb, run: PredictionRunId, block: Block): void =>
  void db.run(
    `INSERT INTO prediction_blocks (run, first, count, checksum)
     SELECT seq, @first, @count, @checksum FROM prediction_runs WHERE id = @run`,
    { run, ...block },
  )

export const sealRun = (db: WritableDb, run: PredictionRunId, checksum: string, counts: readonly number[]): void =>
  void db.run('UPDATE prediction_runs SET checksum = @checksum, counts = @counts WHERE id = @run', {
    run,
    checksum,
    counts: JSON.stringify(counts),
  })

/** Which patches a run is of: the bits of its mask, or null for all of them. */
export function maskOfRun(db: ReadableDb, run: PredictionRunId): Uint8Array | null {
  const row = db.get<{ inside: Uint8Array | null }>(
    `SELECT masks.inside FROM prediction_runs LEFT JOIN masks ON masks.seq = prediction_runs.mask
     WHERE prediction_runs.id = @run`,
    { run },
  )
  return row?.inside ?? null
}
