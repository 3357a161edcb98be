/**
 * Concatenate: for each patch the channels of x₁, then those of x₂, … Backward, each gets the gradient of its own channels.
 */
import { sizeOf } from '../../../src-shared/network/layerShape.ts'
import { zeros, type Tensor } from './tensor.ts'

/** @param parts [batch, channel, …]; only their channels may differ */
export function concatenate(parts: readonly Tensor[]): Tensor {
  const [first] = parts
  if (!first) throw new Error('There is nothing to concatenate.')
  const [batch = 1, , ...places] = first.dims
  const joined = zeros([batch, parts.reduce((sum, { dims }) => sum + (dims[1] ?? 0), 0), ...places])
  for (const { part, n, from, to } of blocks(parts)) joined.data.set(part.data.subarray(from, from + n), to)
  return joined
}

export function concatenateBackward(parts: readonly Tensor[], gradient: Tensor): Tensor[] {
  const given = parts.map(({ dims }) => zeros(dims))
  for (const { part, n, from, to } of blocks(given)) part.data.set(gradient.data.subarray(to, to + n), from)
  return given
}

/** The channels of one part and one patch: `n` numbers that lie at `from` in the part and at `to` in the whole. */
function* blocks(parts: readonly Tensor[]): Generator<{ part: Tensor; n: number; from: number; to: number }> {
  let to = 0
  for (let patch = 0; patch < (parts[0]?.dims[0] ?? 0); patch++)
    for (const part of parts) {
      const n = sizeOf(part.dims.slice(1))
      yield { part, n, from: patch * n, to }
      to += n
    }
}
