/** Encoders and feature sets in the database; features themselves lie in the project's features folder. */
import * as z from 'zod'
import type { EncoderCard } from '../../src-shared/encoders.ts'
import { Encoder, type EncoderOrigin, type FeatureElement, FeatureSet } from '../../src-shared/features.ts'
import type { EncoderId, FeatureSetId } from '../../src-shared/ids.ts'
import type { ReadableDb, WritableDb } from '../store/database.ts'

/** An encoder with the layer it was asked for. */
export type StoredEncoder = Encoder & { layer: string | null }

type EncoderRow = { id: string; origin: string; layer: string | null; card: string; createdAt: number }

const ENCODERS = 'SELECT id, origin, layer, card, created_at AS createdAt FROM encoders'

const encoderFromRow = ({ layer, ...row }: EncoderRow): StoredEncoder => ({
  ...Encoder.parse({ ...row, origin: JSON.parse(row.origin) as unknown, card: JSON.parse(row.card) as unknown }),
  layer,
})

/** In the order they were added. */
export const listEncoders = (db: ReadableDb): StoredEncoder[] =>
  db.all<EncoderRow>(`${ENCODERS} ORDER BY seq`).map(encoderFromRow)

export function findEncoder(db: ReadableDb, encoder: EncoderId): StoredEncoder | null {
  const row = db.get<EncoderRow>(`${ENCODERS} WHERE id = @encoder`, { encoder })
  return row ? encoderFromRow(row) : null
}

export const insertEncoder = (
  db: WritableDb,
  encoder: { id: EncoderId; origin: EncoderOrigin; layer: string | null; card: EncoderCard },
): void =>
  void db.run(
    'INSERT INTO encoders (id, origin, layer, card, created_at) VALUES (@id, @origin, @layer, @card, @createdAt)',
    {
      ...encoder,
      origin: JSON.stringify(encoder.origin),
      card: JSON.stringify(encoder.card),
      createdAt: Date.now(),
    },
  )

type SetRow = {
  id: string
  encoder: string
  source: string
  slide: string | null
  job: string | null
  element: string
  card: string
  rows: number
  total: number
  moved: number
  recoloured: number
  createdAt: number
}

const SETS = `
  SELECT feature_sets.id, encoders.id AS encoder, sources.id AS source, slides.id AS slide, jobs.id AS job,
    feature_sets.element, encoders.card, feature_sets.total, feature_sets.created_at AS createdAt,
    (SELECT coalesce(sum(length(patches)) / 4, 0) FROM feature_blocks WHERE feature_set = feature_sets.seq) AS rows,
    grids.source IS NOT NULL AND (slides.mpp_x IS NOT grids.slide_mpp_x OR slides.mpp_y IS NOT grids.slide_mpp_y) AS moved,
    json_extract(feature_sets.preprocessing, '$.channels') IS NOT slide_looks.channels AS recoloured
  FROM feature_sets
    JOIN encoders ON encoders.seq = feature_sets.encoder
    JOIN sources ON sources.seq = feature_sets.source
    LEFT JOIN jobs ON jobs.seq = feature_sets.job
    LEFT JOIN grids ON grids.source = feature_sets.source
    LEFT JOIN slides ON slides.seq = grids.slide
    LEFT JOIN slide_looks ON slide_looks.slide = slides.seq`

const CardDimensions = z.object({ dimensions: z.number() })

const setFromRow = ({ card, moved, recoloured, ...row }: SetRow): FeatureSet =>
  FeatureSet.parse({
    ...row,
    dimensions: CardDimensions.parse(JSON.parse(card)).dimensions,
    stale: staleText(moved === 1, recoloured === 1),
  })

function staleText(moved: boolean, recoloured: boolean): string | null {
  if (moved)
    return 'The µm/px of the slide was corrected after these features were extracted: the encoder saw patches of another size. Extract them again.'
  return recoloured
    ? 'The channels of the slide are put together in another way than when these features were extracted: the encoder saw other colours. Extract them again.'
    : null
}

/** Newest first. */
export const listSets = (db: ReadableDb): FeatureSet[] =>
  db.all<SetRow>(`${SETS} ORDER BY feature_sets.seq DESC`).map(setFromRow)

export function findSet(db: ReadableDb, set: FeatureSetId): FeatureSet | null {
  const row = db.get<SetRow>(`${SETS} WHERE feature_sets.id = @set`, { set })
  return row ? setFromRow(row) : null
}

export type NewSet = {
  id: FeatureSetId
  encoder: EncoderId
  source: number
  job: number | null
  element: FeatureElement
  preprocessing: unknown
  total: number
}

export const insertSet = (db: WritableDb, set: NewSet): void =>
  void db.run(
    `INSERT INTO feature_sets (id, encoder, source, job, element, preprocessing, total, created_at)
     VALUES (@id, (SELECT seq FROM encoders WHERE id = @encoder), @source, @job, @element, @preprocessing, @total, @createdAt)`,
    { ...set, preprocessing: JSON.stringify(set.preprocessing), createdAt: Date.now() },
  )

export const continueSet = (db: WritableDb, set: FeatureSetId, job: number, total: number): void =>
  void db.run('UPDATE feature_sets SET job = @job, total = @total WHERE id = @set', { set, job, total })

/** Patches that can not be read are not waited for. */
export const setTotal = (db: WritableDb, set: FeatureSetId, total: number): void =>
  void db.run('UPDATE feature_sets SET total = @total WHERE id = @set', { set, total })

/** Its blocks go with it. */
export const deleteSet = (db: WritableDb, set: FeatureSetId): void =>
  void db.run('DELETE FROM feature_sets WHERE id = @set', { set })

/** Rows `first` … of a set: patch[i] is the patch of row first + i. */
export type FeatureBlock = { first: number; patches: Uint32Array; checksum: string }

/** In the order of the rows. */
export const listFeatureBlocks = (db: ReadableDb, set: FeatureSetId): FeatureBlock[] =>
  db
    .all<{ first: number; patches: Uint8Array; checksum: string }>(
      `SELECT first, patches, checksum FROM feature_blocks
       WHERE feature_set = (SELECT seq FROM feature_sets WHERE id = @set) ORDER BY first`,
      { set },
    )
    .map((row) => ({ ...row, patches: new Uint32Array(Uint8Array.from(row.patches).buffer) }))

export const insertFeatureBlock = (
  db: WritableDb,
  set: FeatureSetId,
  { first, patches, checksum }: FeatureBlock,
): void =>
  void db.run(
    `INSERT INTO feature_blocks (feature_set, first, patches, checksum)
     SELECT seq, @first, @patches, @checksum FROM feature_sets WHERE id = @set`,
    {
      set,
      first,
      patches: new Uint8Array(patches.buffer, patches.byteOffset, patches.byteLength),
      checksum,
    },
  )
