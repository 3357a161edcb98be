/** Patch sets in the database. */
import { CaseId, type SourceId } from '../../src-shared/ids.ts'
import { PatchSet, type SetContents } from '../../src-shared/patches.ts'
import { ensureCase } from '../slides/cases.ts'
import type { ReadableDb, Row, WritableDb } from '../store/database.ts'
import { insertSource } from './sourceRows.ts'

type SetRow = Row & { id: string; casesKnown: number; notes: string | null }

const SELECT = `SELECT sources.id, sources.created_at AS createdAt, patch_sets.name, origin, patches, width, height, channels,
                       mpp, cases_known AS casesKnown, patch_set_notes.notes
                FROM patch_sets JOIN sources ON sources.seq = patch_sets.source
                  LEFT JOIN patch_set_notes ON patch_set_notes.source = patch_sets.source`

const fromRow = (row: SetRow): PatchSet =>
  PatchSet.parse({
    ...row,
    kind: 'set',
    casesKnown: row.casesKnown === 1,
    notes: JSON.parse(row.notes ?? '{}') as unknown,
  })

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
  /** why networks do not get it; null = they do */
  unfit: string | null
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
  db.run('INSERT INTO patch_set_notes (source, notes) VALUES (@seq, @notes)', { seq, notes: JSON.stringify(set.notes) })
  function* unfit() {
    for (const [patch, { unfit: reason }] of set.rows.entries()) if (reason !== null) yield { seq, patch, reason }
  }
  db.runEach('INSERT INTO patch_set_unfit (source, patch, reason) VALUES (@seq, @patch, @reason)', unfit())
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

/** Where a set lies now. */
export const moveSet = (db: WritableDb, seq: number, location: string): void =>
  void db.run('UPDATE patch_sets SET location = @location WHERE source = @seq', { seq, location })

/** From this many patches on it is quicker to read all rows of a set than to look for each. */
const MANY = 2000

/** File of each of these patches, from the folder of the set's location; null in an IDX file. */
export function filesOf(db: ReadableDb, seq: number, patches: Uint32Array): (string | null)[] {
  if (patches.length < MANY) return Array.from(patches, (patch) => rowOf(db, seq, patch)!.file)
  const all = db.all<{ file: string | null }>('SELECT file FROM patch_set_rows WHERE source = @seq ORDER BY patch', {
    seq,
  })
  return Array.from(patches, (patch) => all[patch]!.file)
}

/** What a set says of one patch. */
export const rowOf = (db: ReadableDb, seq: number, patch: number) =>
  db.get<{ file: string | null; given: string | null; slide: string | null; case: string | null }>(
    `SELECT file, label AS given, slide_name AS slide, cases.name AS "case"
     FROM patch_set_rows LEFT JOIN cases ON cases.seq = case_seq WHERE source = @seq AND patch = @patch`,
    { seq, patch },
  )

/** Patches of a set that networks do not get, ascending. */
export const unfitOf = (db: ReadableDb, seq: number): { patch: number; reason: string }[] =>
  db.all<{ patch: number; reason: string }>(
    'SELECT patch, reason FROM patch_set_unfit WHERE source = @seq ORDER BY patch',
    { seq },
  )

/** What a set says of all its patches. */
export function contentsOf(db: ReadableDb, seq: number): Omit<SetContents, 'missing'> {
  const rows = db.all<{ label: string | null; slide: string | null }>(
    'SELECT label, slide_name AS slide FROM patch_set_rows WHERE source = @seq ORDER BY patch',
    { seq },
  )
  const names = indexed()
  const slides = indexed()
  const placeIn = (words: ReturnType<typeof indexed>, word: string | null): number =>
    word === null || word === '' ? 0 : 1 + words.indexOf(word)
  const given = Uint32Array.from(rows, ({ label }) => placeIn(names, label))
  const slideOf = Uint32Array.from(rows, ({ slide }) => placeIn(slides, slide))
  const unfit = unfitOf(db, seq)
  const reasons = indexed()
  return {
    names: names.all(),
    given,
    slides: slides.all().length,
    slideOf,
    unfit: Uint32Array.from(unfit, ({ patch }) => patch),
    unfitReason: Uint32Array.from(unfit, ({ reason }) => reasons.indexOf(reason)),
    reasons: reasons.all(),
  }
}

/** Words, each once, in the order they were first met. */
function indexed() {
  const places = new Map<string, number>()
  return {
    indexOf(word: string): number {
      const known = places.get(word) ?? places.size
      places.set(word, known)
      return known
    },
    all: () => [...places.keys()],
  }
}

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
