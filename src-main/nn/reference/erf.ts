/**
 * The error function, erf(x) = 2/√π · ∫₀ˣ exp(−t²) dt, to about 15 digits.
 *
 *   |x| < 3   2/√π · exp(−x²) · Σ_n 2ⁿ x²ⁿ⁺¹ / (1 · 3 · 5 … (2n + 1))       all terms of one sign: nothing cancels
 *   |x| ≥ 3   1 − exp(−x²)/√π · 1/(x + ½/(x + 1/(x + 3/2/(x + 2/(x + …)))))
 *
 * @see Abramowitz, Stegun, Handbook of Mathematical Functions (1964), 7.1.6 and 7.1.14
 */
const TERMS = 80
const FRACTIONS = 60

export function erf(x: number): number {
  const size = Math.abs(x)
  const value = size < 3 ? bySeries(size) : 1 - byFraction(size)
  return x < 0 ? -value : value
}

function bySeries(x: number): number {
  let term = x
  let sum = x
  for (let n = 1; n < TERMS; n++) {
    term *= (2 * x * x) / (2 * n + 1)
    sum += term
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum
}

function byFraction(x: number): number {
  let below = x
  for (let n = FRACTIONS; n > 0; n--) below = x + n / 2 / below
  return Math.exp(-x * x) / (Math.sqrt(Math.PI) * below)
}
