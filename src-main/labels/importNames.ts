/** Class names of a file, turned into classes of the project. */
import { tesseraError } from '../../src-shared/errors.ts'
import { PatchClass } from '../../src-shared/labels.ts'
import type { WritableDb } from '../store/database.ts'
import { addClass } from './editClasses.ts'
import { listClasses } from './classRows.ts'
import type { ClassEffect } from './effects.ts'

/**
 * What two spellings of one name have in common: upper and lower case do not matter, nor how an umlaut is composed (a
 * folder from a Mac spells it as two characters).
 */
export const nameKey = (name: string): string => name.normalize('NFC').toLowerCase()

/** “2” before “10”, the same on every machine. */
const inNaturalOrder = new Intl.Collator('en', { numeric: true }).compare

export type NamedClasses = {
  /** nameKey of a name in the file → class number; '' → 0 */
  numberOf: ReadonlyMap<string, number>
  /** the classes that are made with the import, in the same gesture */
  made: ClassEffect[]
}

/**
 * New classes are made in the order of their names, so that the digits of an IDX file come as 0, 1, 2 …
 *
 * @param names as the file has them; '' stands for no label
 * @param map name in the file → name of a class, both compared without case
 * @throws {TesseraError} LABELS_CLASS_UNKNOWN naming every unknown name, unless `create`; LABELS_FILE_INVALID for a name
 * no class can have
 */
export function classesForNames(
  db: WritableDb,
  file: string,
  names: Iterable<string>,
  map: Readonly<Record<string, string>>,
  create: boolean,
): NamedClasses {
  const mapped = new Map(Object.entries(map).map(([from, to]) => [nameKey(from), to]))
  const known = new Map(listClasses(db).map((each) => [nameKey(each.name), each.number]))
  const numberOf = new Map<string, number>([['', 0]])
  const made: ClassEffect[] = []
  const unknown: string[] = []
  for (const name of [...new Set(names)].toSorted(inNaturalOrder)) {
    const key = nameKey(name)
    if (numberOf.has(key)) continue
    const className = mapped.get(key) ?? name
    let number = known.get(nameKey(className))
    if (number === undefined && create) {
      number = makeClass(db, possibleName(className, file), made)
      known.set(nameKey(className), number)
    }
    if (number === undefined) unknown.push(name)
    else numberOf.set(key, number)
  }
  if (unknown.length > 0)
    throw tesseraError(
      'LABELS_CLASS_UNKNOWN',
      `“${file}” names classes this project does not have: ${unknown.map((name) => `“${name}”`).join(', ')}. Nothing was imported. Create them, let the import create them, or map each to a class of the project.`,
      { file, names: unknown },
    )
  return { numberOf, made }
}

function possibleName(name: string, file: string): string {
  const parsed = PatchClass.shape.name.safeParse(name.normalize('NFC'))
  if (parsed.success) return parsed.data
  const reason = `“${name.slice(0, 40)}${name.length > 40 ? '…' : ''}” (${name.length} characters) can not be the name of a class, which has 1 to 80`
  throw tesseraError('LABELS_FILE_INVALID', `“${file}” could not be imported: ${reason}. Nothing was imported.`, {
    file,
    line: null,
    reason,
  })
}

/** The row is written at once, so that the next new class gets the next number; the gesture then logs it. */
function makeClass(db: WritableDb, name: string, made: ClassEffect[]): number {
  const { number, effects } = addClass(db, { name, colour: null, key: null })
  const effect = effects.classes[0]!
  db.run(
    'INSERT INTO classes (number, id, name, colour, key, deleted) VALUES (@number, @id, @name, @colour, @key, 0)',
    { number, ...effect.after! },
  )
  made.push(effect)
  return number
}
