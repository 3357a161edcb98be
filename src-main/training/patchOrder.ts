/**
 * Which patch is trained on when: an endless row of places, each with a patch, of which every batch takes the next few.
 *
 * Plain: every patch once in random order, then all again in another order, and so on. Balanced: the classes in turn, and
 * within a class every patch once before any comes twice. A batch may reach from one round into the next, so no patch is
 * dropped and a batch may be larger than the data. The order follows from seed and place alone: a run that is resumed asks
 * for the next place and needs nothing else.
 */
import { seeded, shuffled } from '../nn/random.ts'

export interface PatchOrder {
  /** @param place 0, 1, 2 … without end */
  patchAt(place: number): number
}

/** @param classOf class of each patch; must not be empty */
export function patchOrder(classOf: Uint16Array, balanced: boolean, seed: number): PatchOrder {
  const groups = balanced ? byClass(classOf) : [Uint32Array.from(classOf, (_, patch) => patch)]
  const rounds = groups.map((_, group) => rememberedRounds(groups[group] ?? new Uint32Array(), seed, group))
  return {
    patchAt(place) {
      const group = place % groups.length
      return rounds[group]?.(Math.floor(place / groups.length)) ?? 0
    },
  }
}

/** The patches of each class that has any. */
function byClass(classOf: Uint16Array): Uint32Array[] {
  const patches = new Map<number, number[]>()
  for (const [patch, of] of classOf.entries()) {
    const group = patches.get(of)
    if (group) group.push(patch)
    else patches.set(of, [patch])
  }
  return [...patches].toSorted(([a], [b]) => a - b).map(([, group]) => Uint32Array.from(group))
}

/** The order of the round last asked for is kept: places are asked for one after the other. */
function rememberedRounds(patches: Uint32Array, seed: number, group: number): (place: number) => number {
  let round = -1
  let order: Uint32Array = new Uint32Array()
  return (place) => {
    const wanted = Math.floor(place / patches.length)
    if (wanted !== round) {
      round = wanted
      order = shuffled(patches.length, seeded(seed, group, round))
    }
    return patches[order[place % patches.length]!]!
  }
}
