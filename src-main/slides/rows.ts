/** Slides in the database. */
import path from 'node:path'
import { CaseId, SlideId } from '../../src-shared/ids.ts'
import { ChannelMapping } from '../../src-shared/channels.ts'
import { SlideLook } from '../../src-shared/look.ts'
import { MppSource, SlideHeader } from '../../src-shared/slides.ts'
import { type MicronPerPx, micronPerPx } from '../../src-shared/units.ts'
import type { ReadableDb, WritableDb } from '../store/database.ts'

/** Sampling in force, µm per level-0 px, and who said so. */
export type Sampling = { mppX: MicronPerPx; mppY: MicronPerPx; source: MppSource }

export type StoredSlide = {
  seq: number
  id: SlideId
  name: string
  caseId: CaseId
  caseName: string
  absolutePath: string
  /** from the project's folder; null on another drive */
  relativePath: string | null
  fingerprint: string
  header: SlideHeader
  sampling: Sampling | null
  note: string | null
  look: SlideLook
  /** null = as the file says */
  channels: ChannelMapping | null
  addedAt: number
}

type SlideRow = {
  seq: number
  id: string
  name: string
  case_id: string
  case_name: string
  absolute_path: string
  relative_path: string | null
  fingerprint: string
  header: string
  mpp_x: number | null
  mpp_y: number | null
  mpp_source: string | null
  note: string | null
  look: string | null
  channels: string | null
  added_at: number
}

const SELECT = `SELECT slides.*, cases.id AS case_id, cases.name AS case_name, slide_looks.look, slide_looks.channels
                FROM slides JOIN cases ON cases.seq = slides.case_seq LEFT JOIN slide_looks ON slide_looks.slide = slides.seq`

const fromRow = (row: SlideRow): StoredSlide => ({
  seq: row.seq,
  id: SlideId.parse(row.id),
  name: row.name,
  caseId: CaseId.parse(row.case_id),
  caseName: row.case_name,
  absolutePath: row.absolute_path,
  relativePath: row.relative_path,
  fingerprint: row.fingerprint,
  header: SlideHeader.parse(JSON.parse(row.header)),
  sampling:
    row.mpp_x === null || row.mpp_y === null || row.mpp_source === null
      ? null
      : {
          mppX: micronPerPx(row.mpp_x),
          mppY: micronPerPx(row.mpp_y),
          source: MppSource.parse(JSON.parse(row.mpp_source)),
        },
  note: row.note,
  look: SlideLook.parse(JSON.parse(row.look ?? '{}')),
  channels: row.channels === null ? null : ChannelMapping.parse(JSON.parse(row.channels)),
  addedAt: row.added_at,
})

/** Slides that were not removed, in the order they were added. */
export const listSlides = (db: ReadableDb): StoredSlide[] =>
  db.all<SlideRow>(`${SELECT} WHERE removed_at IS NULL ORDER BY slides.seq`).map(fromRow)

export function findSlide(db: ReadableDb, slide: SlideId): StoredSlide | null {
  const row = db.get<SlideRow>(`${SELECT} WHERE slides.id = @slide AND removed_at IS NULL`, { slide })
  return row ? fromRow(row) : null
}

/** A slide of this content, also one that was removed. */
export const findFingerprint = (db: ReadableDb, fingerprint: string) =>
  db.get<{ id: SlideId; name: string; removed_at: number | null }>(
    'SELECT id, name, removed_at FROM slides WHERE fingerprint = @fingerprint',
    { fingerprint },
  )

export const isSlideName = (db: ReadableDb, name: string): boolean =>
  db.get('SELECT 1 FROM slides WHERE name = @name AND removed_at IS NULL', { name }) !== undefined

/** The paths a slide is stored with; Windows has none between two drives. */
export function pathsOf(projectFolder: string, file: string): { absolute: string; relative: string | null } {
  const absolute = path.resolve(file)
  const relative = path.relative(projectFolder, absolute)
  return { absolute, relative: path.isAbsolute(relative) ? null : relative.split(path.sep).join('/') }
}

type NewSlide = {
  id: SlideId
  caseSeq: number
  name: string
  absolute: string
  relative: string | null
  fingerprint: string
  header: SlideHeader
  sampling: Sampling | null
  note: string | null
}

export function insertSlide(db: WritableDb, slide: NewSlide): void {
  db.run(
    `INSERT INTO slides (id, case_seq, name, absolute_path, relative_path, fingerprint, header, mpp_x, mpp_y, mpp_source, note, added_at)
     VALUES (@id, @caseSeq, @name, @absolute, @relative, @fingerprint, @header, @mppX, @mppY, @mppSource, @note, @at)`,
    {
      id: slide.id,
      caseSeq: slide.caseSeq,
      name: slide.name,
      absolute: slide.absolute,
      relative: slide.relative,
      fingerprint: slide.fingerprint,
      header: JSON.stringify(slide.header),
      ...samplingColumns(slide.sampling),
      note: slide.note,
      at: Date.now(),
    },
  )
}

const samplingColumns = (sampling: Sampling | null) => ({
  mppX: sampling?.mppX ?? null,
  mppY: sampling?.mppY ?? null,
  mppSource: sampling && JSON.stringify(sampling.source),
})

export const updatePaths = (db: WritableDb, slide: SlideId, absolute: string, relative: string | null): void =>
  void db.run('UPDATE slides SET absolute_path = @absolute, relative_path = @relative WHERE id = @slide', {
    slide,
    absolute,
    relative,
  })

export const updateSampling = (db: WritableDb, slide: SlideId, sampling: Sampling): void =>
  void db.run('UPDATE slides SET mpp_x = @mppX, mpp_y = @mppY, mpp_source = @mppSource WHERE id = @slide', {
    slide,
    ...samplingColumns(sampling),
  })

export const updateLook = (db: WritableDb, slide: SlideId, look: SlideLook): void =>
  void db.run(
    `INSERT INTO slide_looks (slide, look) VALUES ((SELECT seq FROM slides WHERE id = @slide), @look)
     ON CONFLICT (slide) DO UPDATE SET look = @look`,
    { slide, look: JSON.stringify(look) },
  )

export const updateChannels = (db: WritableDb, slide: SlideId, channels: ChannelMapping | null): void =>
  void db.run(
    `INSERT INTO slide_looks (slide, look, channels) VALUES ((SELECT seq FROM slides WHERE id = @slide), '{}', @channels)
     ON CONFLICT (slide) DO UPDATE SET channels = @channels`,
    { slide, channels: channels && JSON.stringify(channels) },
  )

export const updateCase = (db: WritableDb, slide: SlideId, caseSeq: number): void =>
  void db.run('UPDATE slides SET case_seq = @caseSeq WHERE id = @slide', { slide, caseSeq })

/** The row stays, because the log of gestures names it. */
export const markRemoved = (db: WritableDb, slide: SlideId): void =>
  void db.run('UPDATE slides SET removed_at = @at WHERE id = @slide', { slide, at: Date.now() })

export const markBack = (db: WritableDb, slide: SlideId): void =>
  void db.run('UPDATE slides SET removed_at = NULL WHERE id = @slide', { slide })

/** How many patches of a slide carry a label, on whichever grid. */
export const countLabels = (db: ReadableDb, slide: SlideId): number =>
  db.get<{ labels: number }>(
    `SELECT count(*) AS labels FROM labels
     WHERE source IN (SELECT source FROM grids WHERE slide = (SELECT seq FROM slides WHERE id = @slide))`,
    { slide },
  )!.labels
