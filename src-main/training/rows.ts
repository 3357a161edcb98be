/** Training runs in the database: settings, the patches of each side, and the curve. */
import type { FaultRecord } from '../../src-shared/errors.ts'
import { JobId, ModelId, RunId, type SourceId } from '../../src-shared/ids.ts'
import type { SplitSummary } from '../../src-shared/models.ts'
import { type TrainingPoint, TrainingRun, TrainingSettings } from '../../src-shared/training.ts'
import type { ReadableDb, WritableDb } from '../store/database.ts'
import type { Side } from './split.ts'

type RunRow = {
  id: string
  job: string
  settings: string
  class_names: string
  split: string
  steps: number | null
  steps_per_epoch: number
  model: string | null
  held_out: number
  fault: string | null
  created_at: number
}

const SELECT = `
  SELECT runs.id, jobs.id AS job, runs.settings, runs.class_names, runs.split, runs.steps, runs.steps_per_epoch,
         models.id AS model, jobs.fault, runs.created_at,
         EXISTS (SELECT 1 FROM run_held_out WHERE run_held_out.run = runs.seq) AS held_out
  FROM runs JOIN jobs ON jobs.seq = runs.job LEFT JOIN models ON models.run = runs.seq`

const fromRow = (row: RunRow): TrainingRun =>
  TrainingRun.parse({
    id: RunId.parse(row.id),
    job: JobId.parse(row.job),
    settings: TrainingSettings.parse(JSON.parse(row.settings)),
    classNames: JSON.parse(row.class_names) as string[],
    split: JSON.parse(row.split) as SplitSummary,
    steps: row.steps,
    stepsPerEpoch: row.steps_per_epoch,
    model: row.model === null ? null : ModelId.parse(row.model),
    heldOutKept: row.held_out === 1,
    fault: row.fault === null ? null : (JSON.parse(row.fault) as FaultRecord),
    createdAt: row.created_at,
  })

export const listRuns = (db: ReadableDb): TrainingRun[] =>
  db.all<RunRow>(`${SELECT} ORDER BY runs.seq DESC`).map(fromRow)

export function findRun(db: ReadableDb, run: RunId): TrainingRun | null {
  const row = db.get<RunRow>(`${SELECT} WHERE runs.id = @run`, { run })
  return row ? fromRow(row) : null
}

export function insertRun(
  db: WritableDb,
  run: {
    id: RunId
    job: number
    settings: TrainingSettings
    classNames: string[]
    split: SplitSummary
    stepsPerEpoch: number
  },
): number {
  return db.run(
    `INSERT INTO runs (id, job, settings, class_names, split, steps, steps_per_epoch, created_at)
     VALUES (@id, @job, @settings, @classNames, @split, NULL, @stepsPerEpoch, @createdAt)`,
    {
      id: run.id,
      job: run.job,
      settings: JSON.stringify(run.settings),
      classNames: JSON.stringify(run.classNames),
      split: JSON.stringify(run.split),
      stepsPerEpoch: run.stepsPerEpoch,
      createdAt: Date.now(),
    },
  ).rowid
}

export const saveSteps = (db: WritableDb, run: RunId, steps: number, stepsPerEpoch: number): void =>
  void db.run('UPDATE runs SET steps = @steps, steps_per_epoch = @stepsPerEpoch WHERE id = @run', {
    run,
    steps,
    stepsPerEpoch,
  })

/** Patches of one side of a run that lie in one source, in the order of its pixel file. */
export type RunPatches = { source: SourceId; patch: Uint32Array; target: Uint16Array }

export function insertRunPatches(
  db: WritableDb,
  run: number,
  side: 'training' | 'validation',
  seqOf: (source: SourceId) => number,
  patches: readonly RunPatches[],
): void {
  for (const { source, patch, target } of patches)
    db.run('INSERT INTO run_patches (run, side, source, patch, target) VALUES (@run, @side, @seq, @patch, @target)', {
      run,
      side,
      seq: seqOf(source),
      patch: bytesOf(patch),
      target: bytesOf(target),
    })
}

/** What a training gets of fluorescence slides, kept so that a later change of their channels is known. */
export const insertRunChannels = (db: WritableDb, run: number): void =>
  void db.run(
    `INSERT INTO run_channels (run, slide, channels)
     SELECT DISTINCT run_patches.run, grids.slide, slide_looks.channels
     FROM run_patches JOIN grids ON grids.source = run_patches.source JOIN slide_looks ON slide_looks.slide = grids.slide
     WHERE run_patches.run = @run AND slide_looks.channels IS NOT NULL`,
    { run },
  )

export function runPatches(db: ReadableDb, run: RunId, side: 'training' | 'validation'): RunPatches[] {
  return db
    .all<{ source: string; patch: Uint8Array; target: Uint8Array }>(
      `SELECT sources.id AS source, run_patches.patch, run_patches.target
       FROM run_patches JOIN sources ON sources.seq = run_patches.source JOIN runs ON runs.seq = run_patches.run
       WHERE runs.id = @run AND run_patches.side = @side ORDER BY run_patches.source`,
      { run, side },
    )
    .map((row) => ({
      source: row.source as SourceId,
      patch: new Uint32Array(new Uint8Array(row.patch).buffer),
      target: new Uint16Array(new Uint8Array(row.target).buffer),
    }))
}

const RUN = '(SELECT seq FROM runs WHERE id = @run)'
const SOURCE = '(SELECT seq FROM sources WHERE id = @source)'

const bytesOf = (numbers: Uint32Array | Uint16Array): Uint8Array =>
  new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength)

/** Other patches of a side and source than before. */
export const savePatches = (
  db: WritableDb,
  run: RunId,
  side: 'training' | 'validation',
  { source, patch, target }: RunPatches,
): void =>
  void db.run(
    `UPDATE run_patches SET patch = @patch, target = @target WHERE run = ${RUN} AND side = @side AND source = ${SOURCE}`,
    { run, side, source, patch: bytesOf(patch), target: bytesOf(target) },
  )

export const saveSettings = (db: WritableDb, run: RunId, settings: TrainingSettings): void =>
  void db.run('UPDATE runs SET settings = @settings WHERE id = @run', { run, settings: JSON.stringify(settings) })

export const saveSplit = (db: WritableDb, run: RunId, split: SplitSummary, stepsPerEpoch: number): void =>
  void db.run('UPDATE runs SET split = @split, steps_per_epoch = @stepsPerEpoch WHERE id = @run', {
    run,
    split: JSON.stringify(split),
    stepsPerEpoch,
  })

/** As run_folds has them. */
export const SIDES: readonly Side[] = ['training', 'validation', 'left-out']

/** @param sides [fold][patch], in the order of `patches` put one after the other */
export function insertRunFolds(
  db: WritableDb,
  run: number,
  seqOf: (source: SourceId) => number,
  patches: readonly RunPatches[],
  sides: readonly (readonly Side[])[],
): void {
  for (const [fold, own] of sides.entries()) {
    let at = 0
    for (const { source, patch } of patches) {
      const side = Uint8Array.from(own.slice(at, at + patch.length), (each) => SIDES.indexOf(each))
      db.run('INSERT INTO run_folds (run, fold, source, side) VALUES (@run, @fold, @seq, @side)', {
        run,
        fold,
        seq: seqOf(source),
        side,
      })
      at += patch.length
    }
  }
}

/** [fold]: the side of each patch, as a place in SIDES, in the order of `runPatches` of the training side. */
export function runFolds(db: ReadableDb, run: RunId): Uint8Array[] {
  const rows = db.all<{ fold: number; side: Uint8Array }>(
    `SELECT run_folds.fold, run_folds.side FROM run_folds JOIN runs ON runs.seq = run_folds.run
     WHERE runs.id = @run ORDER BY run_folds.fold, run_folds.source`,
    { run },
  )
  return [...Map.groupBy(rows, ({ fold }) => fold).values()].map((parts) =>
    Uint8Array.from(parts.flatMap(({ side }) => [...side])),
  )
}

/** The sides of the training patches of one source, as `insertRunFolds` wrote them; none where the run has no folds. */
export const foldsOfSource = (db: ReadableDb, run: RunId, source: SourceId): { fold: number; side: Uint8Array }[] =>
  db.all(`SELECT fold, side FROM run_folds WHERE run = ${RUN} AND source = ${SOURCE}`, { run, source })

export const saveFolds = (db: WritableDb, run: RunId, fold: number, source: SourceId, side: Uint8Array): void =>
  void db.run(`UPDATE run_folds SET side = @side WHERE run = ${RUN} AND fold = @fold AND source = ${SOURCE}`, {
    run,
    fold,
    source,
    side,
  })

export const savePoint = (db: WritableDb, run: RunId, point: TrainingPoint): void =>
  void db.run(
    `INSERT OR REPLACE INTO run_points (run, step, kind, point)
     SELECT seq, @step, @kind, @point FROM runs WHERE id = @run`,
    { run, step: point.step, kind: point.kind, point: JSON.stringify(point) },
  )

/** Points after a step belong to a sitting that was lost; a resumed run makes them anew. */
export const forgetPointsAfter = (db: WritableDb, run: RunId, step: number): void =>
  void db.run('DELETE FROM run_points WHERE step > @step AND run = (SELECT seq FROM runs WHERE id = @run)', {
    run,
    step,
  })

export const listPoints = (db: ReadableDb, run: RunId): TrainingPoint[] =>
  db
    .all<{ point: string }>(
      `SELECT point FROM run_points WHERE run = (SELECT seq FROM runs WHERE id = @run) ORDER BY step, kind`,
      { run },
    )
    .map((row) => JSON.parse(row.point) as TrainingPoint)
