/** Class names of a file, turned into classes of the project. */
import { tesseraError } from '../../src-shared/errors.ts'
import type { WritableDb } from '../store/database.ts'
import { addClass } from './editClasses.ts'
import { listClasses } from './classRows.ts'
import type { ClassEffect } from './effects.ts'

export type NamedClasses = {
  /** name in the file, in lower case → class number; '' → 0 */
  numberOf: ReadonlyMap<string, number>
  /** the classes that are made with the import, in the same gesture */
  made: ClassEffect[]
}

/**
 * @param names as the file has them; '' stands for no label
 * @param map name in the file → name of a class, both compared without case
 * @throws {TesseraError} LABELS_CLASS_UNKNOWN naming every unknown name, unless `create`
 */
export function classesForNames(
  db: WritableDb,
  file: string,
  names: Iterable<string>,
  map: Readonly<Record<string, string>>,
  create: boolean,
): NamedClasses {
  const mapped = new Map(Object.entries(map).map(([from, to]) => [from.toLowerCase(), to]))
  const known = new Map(listClasses(db).map((each) => [each.name.toLowerCase(), each.number]))
  const numberOf = new Map<string, number>([['', 0]])
  const made: ClassEffect[] = []
  const unknown: string[] = []
  for (const name of new Set(names)) {
    const key = name.toLowerCase()
    if (numberOf.has(key)) continue
    const className = mapped.get(key) ?? name
    let number = known.get(className.toLowerCase())
    if (number === undefined && create) {
      number = makeClass(db, className, made)
      known.set(className.toLowerCase(), number)
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
