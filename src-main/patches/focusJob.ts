/**
 * How sharp the patches of a grid are, measured by a job because it takes the pixels at full resolution. What is measured
 * is kept with the grid, so that thresholds can be moved without reading the slide again, and nothing is measured twice.
 */
import * as z from 'zod'
import { SourceId } from '../../src-shared/ids.ts'
import type { Job } from '../../src-shared/jobs.ts'
import { MaskParams } from '../../src-shared/masks.ts'
import { type Grid, patchCount } from '../../src-shared/patches.ts'
import type { JobControl, Jobs } from '../jobs/queue.ts'
import type { SlideReader } from '../slides/reader.ts'
import type { SlidesRoom } from '../slides/slidesRoom.ts'
import type { ReadableDb, Store, WritableDb } from '../store/database.ts'
import { measureGrid } from './tissueMask.ts'

const Params = z.object({ grid: SourceId, params: MaskParams })

/** A patch is read at this scale where its slide is that fine, else at the slide's own, µm/px. */
const FINEST = 0.5
/** Patches of one request to the slide process, and px of the edge a patch is read at. */
const AT_ONCE = 256
const EDGE = { least: 8, most: 2048 }

/** The database is written after so many patches, ms. */
const SAVE_MS = 5000

/** f32 [patch], NaN = not measured; null when nothing is. @param source sources.seq of the grid */
export function sharpnessOf(db: ReadableDb, source: number): Float32Array | null {
  const row = db.get<{ sharpness: Uint8Array }>('SELECT sharpness FROM grid_sharpness WHERE source = @source', {
    source,
  })
  return row ? new Float32Array(new Uint8Array(row.sharpness).buffer) : null
}

const saveSharpness = (db: WritableDb, source: number, sharpness: Float32Array): void =>
  void db.run(
    `INSERT INTO grid_sharpness (source, sharpness) VALUES (@source, @bytes)
     ON CONFLICT (source) DO UPDATE SET sharpness = @bytes`,
    { source, bytes: new Uint8Array(sharpness.buffer, sharpness.byteOffset, sharpness.byteLength) },
  )

type Dependencies = {
  store: Store
  jobs: Jobs
  slides: SlidesRoom
  batch: SlideReader
  gridOf: (source: SourceId) => Grid
  seqOf: (source: SourceId) => number
}

/** px a patch is read at, the same for all patches of a grid. */
const edgeOf = ({ edgeX, slideMppX, slideMppY }: Grid): number =>
  Math.min(EDGE.most, Math.max(EDGE.least, Math.round((edgeX * slideMppX) / Math.max(FINEST, slideMppX, slideMppY))))

/** @returns what begins to measure the tissue of a grid, as some settings find it */
export function createFocus({
  store,
  jobs,
  slides,
  batch,
  gridOf,
  seqOf,
}: Dependencies): (grid: Grid, params: MaskParams) => Job {
  /** NaN for patches on a damaged tile. */
  const measured = async (grid: Grid, patches: Uint32Array, signal: AbortSignal): Promise<Float32Array> =>
    batch.ask(
      slides.subjectOf(grid.slide),
      'patches.sharpness',
      { ...(await slides.fileOf(grid.slide)), grid, patches, edgePx: edgeOf(grid) },
      signal,
    )

  const run = async (given: unknown, { signal, report, log }: JobControl): Promise<void> => {
    const { grid: id, params } = Params.parse(given)
    const grid = gridOf(id)
    const source = seqOf(id)
    report({ phase: 'Looking for tissue' })
    const { share } = await measureGrid(slides, batch, grid, params, signal)
    const sharpness = sharpnessOf(store.read, source) ?? new Float32Array(patchCount(grid)).fill(Number.NaN)
    const wanted = Uint32Array.from(
      [...share.keys()].filter((patch) => share[patch]! >= params.minimumShare && Number.isNaN(sharpness[patch]!)),
    )
    report({ total: wanted.length, done: 0, phase: 'Measuring the focus' })
    const save = () => store.transaction('patches.focus', (db) => saveSharpness(db, source, sharpness))
    let savedAt = performance.now()
    let broken = 0
    try {
      for (let from = 0; from < wanted.length && !signal.aborted; from += AT_ONCE) {
        const patches = wanted.slice(from, from + AT_ONCE)
        const found = await measured(grid, patches, signal)
        for (const [i, patch] of patches.entries()) sharpness[patch] = found[i]!
        broken += found.reduce((sum, each) => sum + Number(Number.isNaN(each)), 0)
        report({ done: from + patches.length })
        if (performance.now() - savedAt < SAVE_MS) continue
        save()
        savedAt = performance.now()
      }
    } finally {
      save() // also of a job that is stopped: it goes on from there
    }
    if (broken > 0) log(`${broken} of ${wanted.length} patches lie where the file is damaged, and were not measured.`)
  }

  jobs.register('focus', { unit: 'patches', canPause: true, heavy: false, run })

  return (grid, params) => {
    const job = store.transaction('patches.measureFocus', (db) =>
      jobs.create(db, {
        kind: 'focus',
        title: `Measure the focus of “${slides.byId(grid.slide).name}”`,
        params: { grid: grid.id, params },
        total: null,
      }),
    )
    jobs.launch(job)
    return jobs.get(job)
  }
}
