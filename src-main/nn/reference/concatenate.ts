/**
 * Concatenate: for each patch the channels of x₁, then those of x₂, … Backward, each gets the gradient of its own channels.
 */
import { maps, zeros, type Maps, type Tensor } from './tensor.ts'

/** @param parts [batch, channel, row, column]; only their channels may differ */
export function concatenate(parts: readonly Tensor[]): Tensor {
  const all = parts.map(maps)
  const [first] = all
  if (!first) throw new Error('There is nothing to concatenate.')
  const channels = all.reduce((sum, part) => sum + part.channels, 0)
  const joined = zeros([first.batch, channels, first.height, first.width])
  for (const { part, n, from, to } of blocks(all)) joined.data.set(part.data.subarray(from, from + n), to)
  return joined
}

export function concatenateBackward(parts: readonly Tensor[], gradient: Tensor): Tensor[] {
  const given = parts.map(({ dims }) => zeros(dims))
  for (const { part, n, from, to } of blocks(given.map(maps))) part.data.set(gradient.data.subarray(to, to + n), from)
  return given
}

/** The channels of one part and one patch: `n` numbers that lie at `from` in the part and at `to` in the whole. */
function* blocks(parts: readonly Maps[]): Generator<{ part: Maps; n: number; from: number; to: number }> {
  let to = 0
  for (let patch = 0; patch < (parts[0]?.batch ?? 0); patch++)
    for (const part of parts) {
      const n = part.channels * part.height * part.width
      yield { part, n, from: patch * n, to }
      to += n
    }
}
