/** Patch sets in the database. */
import { CaseId, type SourceId } from '../../src-shared/ids.ts'
import { PatchSet } from '../../src-shared/patches.ts'
import { ensureCase } from '../slides/cases.ts'
import type { ReadableDb, Row, WritableDb } from '../store/database.ts'
import { insertSource } from './sourceRows.ts'

type SetRow = Row & { id: string; casesKnown: number }

const SELECT = `SELECT sources.id, sources.created_at AS createdAt, patch_sets.name, origin, patches, width, height, channels,
                       mpp, cases_known AS casesKnown
                FROM patch_sets JOIN sources ON sources.seq = patch_sets.source`

const fromRow = (row: SetRow): PatchSet => PatchSet.parse({ ...row, kind: 'set', casesKnown: row.casesKnown === 1 })

export const listSets = (db: ReadableDb): PatchSet[] => db.all<SetRow>(`${SELECT} ORDER BY sources.seq`).map(fromRow)

/** @param seq sources.seq */
export function findSet(db: ReadableDb, seq: number): PatchSet | null {
  const row = db.get<SetRow>(`${SELECT} WHERE sources.seq = @seq`, { seq })
  return row ? fromRow(row) : null
}

/** One patch of a set that is about to be added. */
export type NewSetRow = {
  /** from the set's folder, with `/`; null in an IDX file */
  file: string | null
  label: string | null
  slide: string | null
  caseName: string | null
}

export type NewPatchSet = Omit<PatchSet, 'kind' | 'id' | 'createdAt' | 'patches'> & {
  /** absolute path of the folder, the CSV or the IDX images */
  location: string
  rows: readonly NewSetRow[]
}

export function insertSet(db: WritableDb, set: NewPatchSet): SourceId {
  const { seq, id } = insertSource(db, 'set')
  db.run(
    `INSERT INTO patch_sets (source, name, origin, location, patches, width, height, channels, mpp, cases_known)
     VALUES (@seq, @name, @origin, @location, @patches, @width, @height, @channels, @mpp, @casesKnown)`,
    {
      seq,
      name: set.name,
      origin: set.origin,
      location: set.location,
      patches: set.rows.length,
      width: set.width,
      height: set.height,
      channels: set.channels,
      mpp: set.mpp,
      casesKnown: Number(set.casesKnown),
    },
  )
  const cases = new Map<string, number>()
  const caseSeq = (name: string): number => {
    const known = cases.get(name) ?? ensureCase(db, name).seq
    cases.set(name, known)
    return known
  }
  function* rows() {
    for (const [patch, { file, label, slide, caseName }] of set.rows.entries())
      yield { seq, patch, file, label, slide, caseSeq: caseName === null ? null : caseSeq(caseName) }
  }
  db.runEach(
    `INSERT INTO patch_set_rows (source, patch, file, label, slide_name, case_seq)
     VALUES (@seq, @patch, @file, @label, @slide, @caseSeq)`,
    rows(),
  )
  return id
}

/**
 * The set that was already made of the same files with the same labels. A set that stood in a project twice would be
 * drawn from twice, and a copy of what is held out would be trained on.
 */
export function findSameSet(db: ReadableDb, set: NewPatchSet): SourceId | null {
  const candidates = db.all<{ seq: number; id: SourceId }>(
    `SELECT sources.seq, sources.id FROM patch_sets JOIN sources ON sources.seq = patch_sets.source
     WHERE origin = @origin AND location = @location AND patches = @patches AND mpp IS @mpp AND width = @width AND height = @height`,
    {
      origin: set.origin,
      location: set.location,
      patches: set.rows.length,
      mpp: set.mpp,
      width: set.width,
      height: set.height,
    },
  )
  const found = candidates.find(({ seq }) =>
    db
      .all<{ file: string | null; label: string | null; slide: string | null; caseName: string | null }>(
        `SELECT file, label, slide_name AS slide, cases.name AS caseName
         FROM patch_set_rows LEFT JOIN cases ON cases.seq = case_seq WHERE source = @seq ORDER BY patch`,
        { seq },
      )
      .every((row, patch) => {
        const { file, label, slide, caseName } = set.rows[patch]!
        return row.file === file && row.label === label && row.slide === slide && row.caseName === caseName
      }),
  )
  return found?.id ?? null
}

export const locationOf = (db: ReadableDb, seq: number): string =>
  db.get<{ location: string }>('SELECT location FROM patch_sets WHERE source = @seq', { seq })!.location

/** File of each patch, from the folder of the set's location; null in an IDX file: [patch] */
export const filesOf = (db: ReadableDb, seq: number): (string | null)[] =>
  db
    .all<{ file: string | null }>('SELECT file FROM patch_set_rows WHERE source = @seq ORDER BY patch', { seq })
    .map((row) => row.file)

/** What a set says of a patch: the class it names, and whose patch it is. */
export type SetPatch = { label: string | null; slide: string | null; case: { id: CaseId; name: string } | null }

/** @returns [patch] */
export const patchesOfSet = (db: ReadableDb, seq: number): SetPatch[] =>
  db
    .all<{ label: string | null; slide: string | null; id: string | null; name: string | null }>(
      `SELECT label, slide_name AS slide, cases.id, cases.name
       FROM patch_set_rows LEFT JOIN cases ON cases.seq = case_seq WHERE source = @seq ORDER BY patch`,
      { seq },
    )
    .map(({ label, slide, id, name }) => ({
      label,
      slide,
      case: id === null || name === null ? null : { id: CaseId.parse(id), name },
    }))
