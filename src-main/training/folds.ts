/**
 * k-fold: the labelled patches in k parts, each of which is held out once. Patches of one group (case, slide or block)
 * stay together, as in split.ts, and every class is on the training side of every fold.
 *
 * @see Kohavi, A Study of Cross-Validation and Bootstrap for Accuracy Estimation, IJCAI (1995)
 */
import { groupsBy, leaveGap, type Side, type Split, type SplitItem, shuffled } from './split.ts'

export type Folds = {
  rule: Split['rule']
  /** [fold][item] */
  sides: Side[][]
}

/** Draws that are tried; the one with the classes spread most evenly is taken. */
const TRIES = 16
const MOST_WORK = 200_000

/**
 * @param random uniform in [0, 1), seeded
 * @returns null when there are fewer groups than folds, or a class would be missing from a training side
 */
export function foldsBy(
  rule: Split['rule'],
  items: readonly SplitItem[],
  classes: number,
  count: number,
  random: () => number,
): Folds | null {
  const groups = groupsBy(rule, items)
  if (groups.length < count) return null
  const tries = Math.max(2, Math.min(TRIES, Math.floor(MOST_WORK / items.length)))
  let best: { sides: Side[][]; distance: number } | null = null
  for (let draw = 0; draw < tries; draw++) {
    const { foldOf, distance } = drawFolds(groups, items, classes, count, random)
    const sides = Array.from({ length: count }, (_, fold) => {
      const own = items.map((_, i): Side => (foldOf[i] === fold ? 'validation' : 'training'))
      if (rule === 'blocks') leaveGap(items, own)
      return own
    })
    if ((best === null || distance < best.distance) && sides.every((own) => isComplete(items, own, classes)))
      best = { sides, distance }
  }
  return best && { rule, sides: best.sides }
}

/** The first rule of case, slide, blocks that works; null when none does. */
export function foldsAuto(
  items: readonly SplitItem[],
  classes: number,
  count: number,
  random: () => number,
): Folds | null {
  for (const rule of ['case', 'slide', 'blocks'] as const) {
    const folds = foldsBy(rule, items, classes, count, random)
    if (folds) return folds
  }
  return null
}

/** Large groups first, each into the fold where it brings the counts of all classes nearest to an equal share. */
function drawFolds(
  groups: readonly number[][],
  items: readonly SplitItem[],
  classes: number,
  count: number,
  random: () => number,
): { foldOf: Uint8Array; distance: number } {
  const wanted = new Array<number>(classes).fill(0)
  for (const { target } of items) wanted[target]! += 1 / count
  const held = Array.from({ length: count }, () => new Array<number>(classes).fill(0))
  const away = (counts: readonly number[]) =>
    counts.reduce((sum, found, k) => sum + Math.abs(found - wanted[k]!) / Math.max(wanted[k]!, 1e-9), 0)
  const foldOf = new Uint8Array(items.length)
  for (const group of shuffled(groups, random).toSorted((a, b) => b.length - a.length)) {
    const more = new Array<number>(classes).fill(0)
    for (const i of group) more[items[i]!.target]!++
    const gains = held.map((counts) => away(counts.map((found, k) => found + more[k]!)) - away(counts))
    const fold = gains.indexOf(Math.min(...gains))
    for (const [k, found] of more.entries()) held[fold]![k]! += found
    for (const i of group) foldOf[i] = fold
  }
  return { foldOf, distance: held.reduce((sum, counts) => sum + away(counts), 0) }
}

/** Something is held out, and every class is left to train on. */
function isComplete(items: readonly SplitItem[], sides: readonly Side[], classes: number): boolean {
  const trained = new Set(items.filter((_, i) => sides[i] === 'training').map(({ target }) => target))
  return trained.size === classes && sides.includes('validation')
}
