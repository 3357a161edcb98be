/** 95 % intervals of a proportion and of resampled figures. */
import type { Interval } from '../../src-shared/evaluation.ts'

/** The normal distribution holds 95 % within this many standard deviations. */
export const Z95 = 1.959963984540054

/**
 * Wilson's score interval of a proportion: all p that a two-sided test at 5 % would not reject. Never leaves [0, 1] and is
 * of sensible width at 0 and 1.
 *
 *   (p̂ + z²/2n ± z √(p̂(1 − p̂)/n + z²/4n²)) / (1 + z²/n)
 *
 * @see Wilson, Probable inference, the law of succession, and statistical inference, JASA (1927)
 */
export function wilsonInterval(successes: number, n: number): Interval {
  const p = successes / n
  const z2 = Z95 * Z95
  const centre = p + z2 / (2 * n)
  const half = Z95 * Math.sqrt((p * (1 - p)) / n + z2 / (4 * n * n))
  return [Math.max(0, (centre - half) / (1 + z2 / n)), Math.min(1, (centre + half) / (1 + z2 / n))]
}

/** The middle 95 % of resampled figures, with linear interpolation between neighbours. */
export function percentileInterval(figures: Float64Array): Interval {
  const sorted = figures.toSorted()
  return [quantile(sorted, 0.025), quantile(sorted, 0.975)]
}

function quantile(sorted: Float64Array, share: number): number {
  const place = share * (sorted.length - 1)
  const below = Math.floor(place)
  const low = sorted[below] ?? Number.NaN
  const high = sorted[Math.min(below + 1, sorted.length - 1)] ?? Number.NaN
  return low + (place - below) * (high - low)
}
