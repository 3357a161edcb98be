/**
 * Folds of the training patches, each held out once: to choose by and to calibrate on. Patches of one group (slide or
 * patient) stay together where groups are known; else each class is dealt out evenly at random.
 */
import { tesseraError } from '../../src-shared/errors.ts'
import type { FoldRule } from '../../src-shared/probes.ts'
import { seeded, shuffled } from '../nn/random.ts'

export type Folds = { rule: FoldRule; folds: number; foldOf: Uint8Array }

const MOST_FOLDS = 5

/**
 * @param groupOf null = not known. Groups that would leave a class out of what is fitted on are not kept together, and the
 * rule says so
 * @throws {TesseraError} PROBE_NOT_POSSIBLE when a class has fewer than two patches
 */
export function probeFolds(
  classOf: ArrayLike<number>,
  groupOf: ArrayLike<number> | null,
  classes: readonly string[],
  seed: number,
): Folds {
  const counts = new Array<number>(classes.length).fill(0)
  for (let row = 0; row < classOf.length; row++) counts[classOf[row]!]!++
  const short = classes.filter((_, c) => counts[c]! < 2)
  if (short.length > 0) {
    const found = short.map((name) => `${counts[classes.indexOf(name)]} of “${name}”`).join(', ')
    throw tesseraError(
      'PROBE_NOT_POSSIBLE',
      `Every class needs at least two training patches, so that one can be held out; there are ${found}.`,
      { reason: `${found}, at least 2 expected` },
    )
  }
  return (
    (groupOf && groupFolds(classOf, groupOf, classes.length)) ??
    stratifiedFolds(classOf, counts, Math.min(MOST_FOLDS, ...counts), seed)
  )
}

function stratifiedFolds(classOf: ArrayLike<number>, counts: readonly number[], folds: number, seed: number): Folds {
  const foldOf = new Uint8Array(classOf.length)
  // One dealing after the other, so that not every class begins with the first fold.
  let next = 0
  for (const c of counts.keys()) {
    const members = rowsWhere(classOf, c)
    for (const place of shuffled(members.length, seeded(seed, c))) foldOf[members[place]!] = next++ % folds
  }
  return { rule: 'stratified', folds, foldOf }
}

/**
 * Groups from the largest to the smallest, each into the fold where the counts of the classes then differ least from even.
 * @returns null when there are not two groups, or a class would be missing where it is fitted
 */
function groupFolds(classOf: ArrayLike<number>, groupOf: ArrayLike<number>, classes: number): Folds | null {
  const groups = new Map<number, number[]>()
  for (let row = 0; row < classOf.length; row++) {
    const group = groups.get(groupOf[row]!)
    if (group) group.push(row)
    else groups.set(groupOf[row]!, [row])
  }
  const folds = Math.min(MOST_FOLDS, groups.size)
  if (folds < 2) return null
  const held = Array.from({ length: folds }, () => new Array<number>(classes).fill(0))
  const foldOf = new Uint8Array(classOf.length)
  const bySize = [...groups.entries()].toSorted(([a, as], [b, bs]) => bs.length - as.length || a - b)
  for (const [, rows] of bySize) {
    const counts = new Array<number>(classes).fill(0)
    for (const row of rows) counts[classOf[row]!]!++
    const cost = held.map((fold) => fold.reduce((sum, count, c) => sum + (count + counts[c]!) ** 2 - count ** 2, 0))
    const fold = cost.indexOf(Math.min(...cost))
    for (const row of rows) foldOf[row] = fold
    for (const [c, count] of counts.entries()) held[fold]![c]! += count
  }
  for (let c = 0; c < classes; c++) {
    const all = held.reduce((sum, fold) => sum + fold[c]!, 0)
    if (held.some((fold) => fold[c] === all)) return null
  }
  return { rule: 'group', folds, foldOf }
}

const rowsWhere = (numbers: ArrayLike<number>, wanted: number): number[] => {
  const rows = []
  for (let row = 0; row < numbers.length; row++) if (numbers[row] === wanted) rows.push(row)
  return rows
}

/** The rows of a fold, and all others. */
export function sidesOf({ foldOf }: Folds, fold: number): { held: Uint32Array; fitted: Uint32Array } {
  const held: number[] = []
  const fitted: number[] = []
  for (const [row, of] of foldOf.entries()) (of === fold ? held : fitted).push(row)
  return { held: Uint32Array.from(held), fitted: Uint32Array.from(fitted) }
}
