/**
 * Flat vectors in blocks of fixed length: what follows a step is done block by block, so that threads can share the blocks
 * out, what is added up is added in one order whoever adds it, and the vectors of a block stay in the cache while one thing
 * after the other is done to it.
 */

/** Numbers of a block: 64 kB a vector, of which an update reads five. */
export const BLOCK = 2 ** 14

/** Places of a flat vector from `start` to before `end`. */
export type Stretch = { start: number; end: number }

export const blocksIn = (length: number): number => Math.ceil(length / BLOCK)

/** The last block may be shorter. */
export const blockAt = (place: number, length: number): Stretch => ({
  start: place * BLOCK,
  end: Math.min((place + 1) * BLOCK, length),
})

/** Which blocks are whose: as evenly as whole blocks can be shared out. */
export const shareOfBlocks = (blocks: number, place: number, of: number): Stretch => ({
  start: Math.floor((blocks * place) / of),
  end: Math.floor((blocks * (place + 1)) / of),
})

export const overlap = (a: Stretch, b: Stretch): Stretch => ({
  start: Math.max(a.start, b.start),
  end: Math.min(a.end, b.end),
})
