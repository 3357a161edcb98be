/** Grids: made once, never changed; a change of size makes a new one. One of each slide is active, which is shown. */
import { isTesseraError } from '../../src-shared/errors.ts'
import { MaskId, SlideId, SourceId } from '../../src-shared/ids.ts'
import { Grid, gridGeometry, type GridParams } from '../../src-shared/patches.ts'
import { micronPerPx } from '../../src-shared/units.ts'
import type { ReadableDb, Row, WritableDb } from '../store/database.ts'
import { samplingOf } from '../slides/mpp.ts'
import type { StoredSlide } from '../slides/rows.ts'
import { insertSource } from './sourceRows.ts'

type GridRow = Row & { source_id: string; slide_id: string; mask_id: string | null; mpp_x: number; mpp_y: number }

const SELECT = `SELECT grids.*, sources.id AS source_id, sources.created_at, slides.id AS slide_id, slides.mpp_x, slides.mpp_y,
                       masks.id AS mask_id
                FROM grids JOIN sources ON sources.seq = grids.source JOIN slides ON slides.seq = grids.slide
                  LEFT JOIN masks ON masks.seq = grids.mask
                WHERE slides.removed_at IS NULL`

const fromRow = (row: GridRow): Grid =>
  Grid.parse({
    kind: 'grid',
    id: SourceId.parse(row.source_id),
    slide: SlideId.parse(row.slide_id),
    params: {
      edgePx: row['edge_px'],
      mpp: row['mpp'],
      stridePx: row['stride_px'],
      offsetXPx: row['offset_x_px'],
      offsetYPx: row['offset_y_px'],
    },
    slideMppX: row['slide_mpp_x'],
    slideMppY: row['slide_mpp_y'],
    edgeX: row['edge_x'],
    edgeY: row['edge_y'],
    strideX: row['stride_x'],
    strideY: row['stride_y'],
    offsetX: row['offset_x'],
    offsetY: row['offset_y'],
    columns: row['columns'],
    rows: row['rows'],
    mask: row.mask_id === null ? null : MaskId.parse(row.mask_id),
    active: row['active'] === 1,
    stale: staleText(row),
    createdAt: row['created_at'],
  })

/** The µm of a grid are true as long as its slide has the sampling it was made with. */
function staleText({ slide_mpp_x: x, slide_mpp_y: y, mpp_x: nowX, mpp_y: nowY }: GridRow): string | null {
  if (x === nowX && y === nowY) return null
  const pair = (a: unknown, b: unknown) => (a === b ? String(a) : `${String(a)} × ${String(b)}`)
  return `Made when the slide was believed to have ${pair(x, y)} µm/px; it has ${pair(nowX, nowY)}. Its patches stay where they are, but their size in µm is another one than was asked for.`
}

export const listGrids = (db: ReadableDb): Grid[] => db.all<GridRow>(`${SELECT} ORDER BY grids.source`).map(fromRow)

/** @param seq sources.seq */
export function findGrid(db: ReadableDb, seq: number): Grid | null {
  const row = db.get<GridRow>(`${SELECT} AND grids.source = @seq`, { seq })
  return row ? fromRow(row) : null
}

export const gridsOf = (db: ReadableDb, slide: SlideId): Grid[] =>
  db.all<GridRow>(`${SELECT} AND slides.id = @slide ORDER BY grids.source`, { slide }).map(fromRow)

/**
 * The grid with these numbers on a slide, made if there is none, and shown from now on.
 *
 * @returns sources.seq
 * @throws {TesseraError} SLIDE_MPP_NEEDED, GRID_EMPTY, GRID_TOO_LARGE
 */
export function ensureGrid(db: WritableDb, slide: StoredSlide, params: GridParams): number {
  const { mppX, mppY } = samplingOf(slide)
  const geometry = gridGeometry(slide.name, slide.header, mppX, mppY, params)
  const numbers = {
    slide: slide.seq,
    edgePx: params.edgePx,
    mpp: params.mpp,
    stridePx: params.stridePx,
    offsetXPx: params.offsetXPx,
    offsetYPx: params.offsetYPx,
    mppX,
    mppY,
  }
  const known = db.get<{ source: number }>(
    `SELECT source FROM grids WHERE slide = @slide AND edge_px = @edgePx AND mpp = @mpp AND stride_px = @stridePx
       AND offset_x_px = @offsetXPx AND offset_y_px = @offsetYPx AND slide_mpp_x = @mppX AND slide_mpp_y = @mppY`,
    numbers,
  )
  if (known) {
    activateGrid(db, known.source)
    return known.source
  }
  const { seq } = insertSource(db, 'grid')
  db.run(
    `INSERT INTO grids (source, slide, edge_px, mpp, stride_px, offset_x_px, offset_y_px, slide_mpp_x, slide_mpp_y,
       edge_x, edge_y, stride_x, stride_y, offset_x, offset_y, columns, rows, active)
     VALUES (@seq, @slide, @edgePx, @mpp, @stridePx, @offsetXPx, @offsetYPx, @mppX, @mppY,
       @edgeX, @edgeY, @strideX, @strideY, @offsetX, @offsetY, @columns, @rows, 0)`,
    { seq, ...numbers, ...geometry },
  )
  activateGrid(db, seq)
  return seq
}

/** Shows a grid on its slide, instead of the one shown before. */
export function activateGrid(db: WritableDb, seq: number): void {
  db.run(
    `UPDATE grids SET active = (source = @seq)
     WHERE slide = (SELECT slide FROM grids WHERE source = @seq) AND active <> (source = @seq)`,
    { seq },
  )
}

/**
 * The grid a slide begins with, so that one can label at once: 224 px at 0.5 µm/px, what most published networks take,
 * where the slide is that fine; else 96 px at the slide's own sampling, as in PatchCamelyon.
 */
export function defaultGrid({ mppX, mppY }: { mppX: number; mppY: number }): GridParams {
  const own = Number(((mppX + mppY) / 2).toPrecision(3))
  const [edgePx, mpp] = own < 0.6 ? [224, 0.5] : [96, own]
  return { edgePx, mpp: micronPerPx(mpp), stridePx: edgePx, offsetXPx: 0, offsetYPx: 0 }
}

/** Gives a slide its first grid. A slide too small for one patch of it stays without; a person chooses a smaller one. */
export function beginGrid(db: WritableDb, slide: StoredSlide): void {
  if (db.get('SELECT 1 FROM grids WHERE slide = @slide LIMIT 1', { slide: slide.seq })) return
  try {
    ensureGrid(db, slide, defaultGrid(samplingOf(slide)))
  } catch (error) {
    if (!isTesseraError(error, 'GRID_EMPTY') && !isTesseraError(error, 'GRID_TOO_LARGE')) throw error
  }
}
