/** UMAPs in the database; their points lie in the project's features folder. */
import * as z from 'zod'
import { FeatureSetId, type MapId, SourceId } from '../../../src-shared/ids.ts'
import { EmbeddingMap, type UmapParams } from '../../../src-shared/map.ts'
import type { ReadableDb, WritableDb } from '../../store/database.ts'

/** The features of one source as a map was made of them; `content` is the sha256 of the checksums of their blocks. */
export const MapContent = z.object({
  set: FeatureSetId,
  source: SourceId,
  rows: z.number().int(),
  content: z.string(),
})
export type MapContent = z.infer<typeof MapContent>

/** A map without what only the features of today say. */
export type StoredMap = Omit<EmbeddingMap, 'sources' | 'complete' | 'points' | 'stale'> & {
  contents: MapContent[]
  /** sha256 of its file; null = not made yet */
  checksum: string | null
}

type Row = {
  id: string
  encoder: string
  job: string
  contents: string
  params: string
  laidOut: number
  checksum: string | null
  createdAt: number
}

const SELECT = `
  SELECT maps.id, encoders.id AS encoder, jobs.id AS job, maps.contents, maps.params, maps.laid_out AS laidOut,
    maps.checksum, maps.created_at AS createdAt
  FROM maps JOIN encoders ON encoders.seq = maps.encoder JOIN jobs ON jobs.seq = maps.job`

const Stored = EmbeddingMap.omit({ sources: true, complete: true, points: true, stale: true }).extend({
  contents: z.array(MapContent),
  checksum: z.string().nullable(),
})

const fromRow = (row: Row): StoredMap =>
  Stored.parse({ ...row, contents: JSON.parse(row.contents) as unknown, params: JSON.parse(row.params) as unknown })

/** Newest first. */
export const listMaps = (db: ReadableDb): StoredMap[] => db.all<Row>(`${SELECT} ORDER BY maps.seq DESC`).map(fromRow)

export function findMap(db: ReadableDb, map: MapId): StoredMap | null {
  const row = db.get<Row>(`${SELECT} WHERE maps.id = @map`, { map })
  return row ? fromRow(row) : null
}

export const insertMap = (
  db: WritableDb,
  map: { id: MapId; encoder: string; job: number; contents: readonly MapContent[]; params: UmapParams },
): void =>
  void db.run(
    `INSERT INTO maps (id, encoder, job, contents, params, laid_out, created_at)
     VALUES (@id, (SELECT seq FROM encoders WHERE id = @encoder), @job, @contents, @params, 0, @createdAt)`,
    { ...map, contents: JSON.stringify(map.contents), params: JSON.stringify(map.params), createdAt: Date.now() },
  )

export const finishMap = (
  db: WritableDb,
  map: MapId,
  { contents, laidOut, checksum }: { contents: readonly MapContent[]; laidOut: number; checksum: string },
): void =>
  void db.run('UPDATE maps SET contents = @contents, laid_out = @laidOut, checksum = @checksum WHERE id = @map', {
    map,
    contents: JSON.stringify(contents),
    laidOut,
    checksum,
  })

export const deleteMap = (db: WritableDb, map: MapId): void => void db.run('DELETE FROM maps WHERE id = @map', { map })
