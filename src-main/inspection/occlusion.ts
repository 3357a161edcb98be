/**
 * Occlusion: a square of the patch is covered, and the answer compared with that for the whole patch.
 *
 *   value[px] = mean over the squares that cover it of (score of the whole patch − score with the square covered)
 *
 * Covered px have the mean colour of what the network learned from: 0 after normalisation. Squares lie `step` apart, the
 * last ones at the edge, so that every px is covered.
 * @see Zeiler, Fergus, Visualizing and Understanding Convolutional Networks, ECCV (2014), section 4.2
 */

/** Rows or columns at which squares begin: every `step`, and the last at the edge. */
export function placesAlong(length: number, square: number, step: number): number[] {
  const last = Math.max(0, length - square)
  const places = Array.from({ length: Math.floor(last / step) + 1 }, (_, i) => i * step)
  return places.at(-1) === last ? places : [...places, last]
}

/** Patches in one pass of the network. */
const AT_ONCE = 16

export type Occlusion = {
  /** [channel, height, width], prepared for the network */
  patch: Float32Array
  shape: readonly [channels: number, height: number, width: number]
  /** px */
  square: number
  step: number
  /** [count, …shape] → score of each */
  scores: (patches: Float32Array, count: number) => Promise<Float32Array>
}

export type Progress = { done: number; total: number }

/** Tells how far it is; at the end returns [row, column] of the whole patch and its score. */
export async function* occlusionMap({
  patch,
  shape,
  square,
  step,
  scores,
}: Occlusion): AsyncGenerator<Progress, { values: Float32Array; score: number }> {
  const [, height, width] = shape
  const [score = Number.NaN] = await scores(patch, 1)
  const squares = placesAlong(height, square, step).flatMap((top) =>
    placesAlong(width, square, step).map((left) => ({ top, left })),
  )
  const sums = new Float64Array(height * width)
  const covers = new Uint16Array(height * width)
  for (let first = 0; first < squares.length; first += AT_ONCE) {
    const now = squares.slice(first, first + AT_ONCE)
    const covered = new Float32Array(now.length * patch.length)
    for (const [i, place] of now.entries()) covered.set(withSquare(patch, shape, place, square), i * patch.length)
    const found = await scores(covered, now.length)
    for (const [i, { top, left }] of now.entries())
      for (let row = top; row < Math.min(height, top + square); row++)
        for (let column = left; column < Math.min(width, left + square); column++) {
          sums[row * width + column]! += score - found[i]!
          covers[row * width + column]!++
        }
    yield { done: first + now.length, total: squares.length }
  }
  return { values: Float32Array.from(sums, (sum, at) => sum / covers[at]!), score }
}

/** A copy of a patch with a square of it covered. */
export function withSquare(
  patch: Float32Array,
  [channels, height, width]: Occlusion['shape'],
  { top, left }: { top: number; left: number },
  square: number,
): Float32Array {
  const copy = patch.slice()
  for (let channel = 0; channel < channels; channel++)
    for (let row = top; row < Math.min(height, top + square); row++) {
      const at = (channel * height + row) * width
      copy.fill(0, at + left, at + Math.min(width, left + square))
    }
  return copy
}
