/** Made-up ids of the right shape, the same in every run: a counter in the last digits of a UUIDv7. */
let next = 1

export function newId<Id extends string>(): Id {
  return `01900000-0000-7000-8000-${String(next++).padStart(12, '0')}` as Id
}

/** 0 … 1, the same for the same whole numbers. */
export function chance(...of: number[]): number {
  let hash = 0x811c9dc5
  for (const each of of) {
    hash = Math.imul(hash ^ (each | 0), 0x01000193)
    hash ^= hash >>> 15
    hash = Math.imul(hash, 0x85ebca6b)
    hash ^= hash >>> 13
  }
  return (hash >>> 0) / 2 ** 32
}

export const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms)
  })
