/**
 * Random numbers that can be had again: the same seeds give the same numbers on every machine, and the state is four
 * words that can be kept and taken up later.
 *
 * @see sfc32 of C. Doty-Humphrey's PractRand; seeds are spread with the finaliser of MurmurHash3 (A. Appleby)
 */

/** Four unsigned 32-bit words. */
export type RandomState = readonly [number, number, number, number]

export interface Random {
  /** uniform in [0, 1), 32 bits fine */
  next(): number
  /** uniform whole number in [0, end) */
  below(end: number): number
  /** uniform in [low, high) */
  between(low: number, high: number): number
  /** normal with mean 0 and standard deviation 1, by Box and Muller (1958) */
  normal(): number
  state(): RandomState
}

/** A generator for one purpose: `seeded(run, step, patch)` gives every patch of every step numbers of its own. */
export function seeded(...seeds: number[]): Random {
  let hash = 0x9e3779b9
  const words = [0, 0, 0].map((_, place) => {
    for (const seed of [...seeds, place]) hash = spread(hash ^ spread(seed)) + 0x9e3779b9
    return hash >>> 0
  })
  const [a = 0, b = 0, c = 0] = words
  const random = continued([a, b, c, 1])
  // The first numbers of close seeds are alike; a dozen rounds mix all four words.
  for (let i = 0; i < 12; i++) random.next()
  return random
}

/** A generator that goes on where another was when its state was read. */
export function continued(state: RandomState): Random {
  let [a, b, c, counter] = state
  const next = (): number => {
    const sum = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (((c << 21) | (c >>> 11)) + sum) | 0
    return (sum >>> 0) / 0x1_0000_0000
  }
  return {
    next,
    below: (end) => Math.floor(next() * end),
    between: (low, high) => low + (high - low) * next(),
    normal: () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
    state: () => [a >>> 0, b >>> 0, c >>> 0, counter >>> 0],
  }
}

/** The numbers 0 … count − 1 in random order (Fisher and Yates, as in Knuth, TAOCP 2, algorithm P). */
export function shuffled(count: number, random: Random): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, place) => place)
  for (let last = count - 1; last > 0; last--) {
    const other = random.below(last + 1)
    const kept = order[last] ?? 0
    order[last] = order[other] ?? 0
    order[other] = kept
  }
  return order
}

function spread(word: number): number {
  let hash = word | 0
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return hash ^ (hash >>> 16)
}

/** Just the numbers in [0, 1), for code that needs nothing else. */
export const seededRandom = (seed: number): (() => number) => seeded(seed).next
