/**
 * The length of a gradient over all parameters that are trained, and its shortening when it is too long:
 *
 *   norm = √(Σ g²)        g ← g · min(1, longest / (norm + 10⁻⁶))
 *
 * One batch with a very steep loss would else throw the weights far away.
 * @see Pascanu, Mikolov, Bengio, On the difficulty of training recurrent neural networks, ICML (2013), algorithm 1
 */
import type { DecayRange } from './optimiser.ts'

/** As PyTorch has it, so that a gradient of 0 is not divided by 0. */
const SOFTENING = 1e-6

/** NaN or infinite when any of them is. */
export function gradientNorm(gradient: Float32Array, ranges: readonly DecayRange[]): number {
  let sum = 0
  for (const { start, end, rate } of ranges) {
    if (rate === 0) continue
    for (let i = start; i < end; i++) sum += gradient[i]! * gradient[i]!
  }
  return Math.sqrt(sum)
}

/** Shortens a gradient of length `norm` in place. */
export function clipGradient(gradient: Float32Array, norm: number, longest: number): void {
  const factor = longest / (norm + SOFTENING)
  if (factor >= 1) return
  for (let i = 0; i < gradient.length; i++) gradient[i]! *= factor
}
