/**
 * The length of a gradient over all parameters that are trained, and its shortening when it is too long:
 *
 *   norm = √(Σ g²)        g ← g · min(1, longest / (norm + 10⁻⁶))
 *
 * One batch with a very steep loss would else throw the weights far away.
 *
 * Squares are added in double precision, in one order whatever the threads: of each block in four sums side by side, and
 * then block after block.
 * @see Pascanu, Mikolov, Bengio, On the difficulty of training recurrent neural networks, ICML (2013), algorithm 1
 */
import { overlap, type Stretch } from './blocks.ts'
import type { DecayRange } from './optimiser.ts'

/** As PyTorch has it, so that a gradient of 0 is not divided by 0. */
const SOFTENING = 1e-6

/** Σ g² over the numbers of a block that are trained; NaN or infinite when any of them is. */
export function squares(gradient: Float32Array, ranges: readonly DecayRange[], block: Stretch): number {
  let sum = 0
  for (const range of ranges) if (range.rate !== 0) sum += squaresWithin(gradient, overlap(range, block))
  return sum
}

/** Four sums, because one would wait for each addition before the next. */
function squaresWithin(gradient: Float32Array, { start, end }: Stretch): number {
  let a = 0
  let b = 0
  let c = 0
  let d = 0
  let i = start
  for (; i + 3 < end; i += 4) {
    a += gradient[i]! * gradient[i]!
    b += gradient[i + 1]! * gradient[i + 1]!
    c += gradient[i + 2]! * gradient[i + 2]!
    d += gradient[i + 3]! * gradient[i + 3]!
  }
  for (; i < end; i++) a += gradient[i]! * gradient[i]!
  return a + b + (c + d)
}

/** @param ofBlocks squares of each block */
export const normOf = (ofBlocks: Float64Array): number => Math.sqrt(ofBlocks.reduce((sum, block) => sum + block, 0))

/** What a gradient of length `norm` is multiplied with. @param longest null = it may be as long as it is */
export const shortening = (norm: number, longest: number | null): number =>
  longest === null ? 1 : Math.min(1, longest / (norm + SOFTENING))

/** Shortens the gradient in place. */
export function shorten(gradient: Float32Array, factor: number, { start, end }: Stretch): void {
  if (factor === 1) return
  for (let i = start; i < end; i++) gradient[i]! *= factor
}
