/**
 * Random counts of a binomial distribution, exact, by looking uniform numbers up in its distribution function.
 *
 * Resampling a class's patches with replacement and counting the found ones is a draw from Binomial(patches, recall): so a
 * bootstrap of recalls needs one look-up for each class and resample, not one for each patch.
 */
import type { Random } from '../nn/random.ts'

/** @returns a function that draws one count of n trials that succeed with chance p */
export function binomial(n: number, p: number): (random: Random) => number {
  if (p <= 0) return () => 0
  if (p >= 1) return () => n
  const chances = new Float64Array(n + 1)
  const mode = Math.min(n, Math.floor((n + 1) * p))
  const odds = p / (1 - p)
  // From the mode outwards, because the tails may be too small for a number: chance(k + 1) = chance(k) · (n − k)/(k + 1) · odds.
  chances[mode] = 1
  for (let k = mode; k < n; k++) chances[k + 1] = (chances[k]! * (n - k) * odds) / (k + 1)
  for (let k = mode; k > 0; k--) chances[k - 1] = (chances[k]! * k) / ((n - k + 1) * odds)
  let sum = 0
  for (let k = 0; k <= n; k++) chances[k] = sum += chances[k]!
  return (random) => {
    const wanted = random.next() * sum
    let low = 0
    let high = n
    while (low < high) {
      const middle = (low + high) >> 1
      if (chances[middle]! > wanted) high = middle
      else low = middle + 1
    }
    return low
  }
}
