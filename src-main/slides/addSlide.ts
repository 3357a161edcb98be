/** One slide file becomes a slide of the project. */
import path from 'node:path'
import { v7 as uuidv7 } from 'uuid'
import { tesseraError } from '../../src-shared/errors.ts'
import { SlideId } from '../../src-shared/ids.ts'
import type { SlideHeader } from '../../src-shared/slides.ts'
import type { WritableDb } from '../store/database.ts'
import { firstFree, ownCase } from './cases.ts'
import { samplingOfFile } from './mpp.ts'
import { findFingerprint, insertSlide, isSlideName, markBack, pathsOf, updatePaths } from './rows.ts'

type FoundSlide = {
  file: string
  header: SlideHeader
  fingerprint: string
  /** Said wherever the slide is shown, e.g. that it is a mosaic; with its credit. */
  note: string | null
}

/**
 * Its name is that of the file, its case one of its own. A slide that was removed comes back with all it had.
 * @throws {TesseraError} SLIDE_ALREADY_ADDED
 */
export function addSlide(
  db: WritableDb,
  projectFolder: string,
  { file, header, fingerprint, note }: FoundSlide,
): SlideId {
  const { absolute, relative } = pathsOf(projectFolder, file)
  const known = findFingerprint(db, fingerprint)
  if (known && known.removed_at === null)
    throw tesseraError(
      'SLIDE_ALREADY_ADDED',
      `“${path.basename(file)}” is already in this project, as “${known.name}”: the content is the same.`,
      { file, slide: known.name },
    )
  if (known) {
    markBack(db, known.id)
    updatePaths(db, known.id, absolute, relative)
    return known.id
  }
  const name = firstFree(path.parse(file).name, (each) => isSlideName(db, each))
  const id = SlideId.parse(uuidv7())
  insertSlide(db, {
    id,
    caseSeq: ownCase(db, name).seq,
    name,
    absolute,
    relative,
    fingerprint,
    header,
    sampling: samplingOfFile(header.fileMpp),
    note,
  })
  return id
}
