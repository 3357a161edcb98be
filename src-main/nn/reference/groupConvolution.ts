/**
 * Group convolution: a filter that finds a pattern finds it in every orientation. The filter is shown turned (p4) or
 * turned and mirrored (p4m), all with the same weights, and each orientation has a channel of its own in the output.
 *
 *   lifting, from an ordinary map x[n, c]:     y[n, (o, s)] = b[o] + Σ_c        s·w[o, c] ⋆ x[n, c]
 *   from oriented maps x[n, (c, t)]:           y[n, (o, s)] = b[o] + Σ_c Σ_t    s·w[o, c, s⁻¹t] ⋆ x[n, (c, t)]
 *
 * where s·w is the filter as orientation s shows it and ⋆ a convolution. Turning the input by s turns the output and moves
 * its orientations: y'[(o, t)] = s·y[(o, s⁻¹t)], as long as windows lie symmetrically on the map (with a stride, where
 * height + 2 · padding − kernel is a multiple of it).
 *
 * Backward, that of the plain convolution with all these filters; each shared weight gets the sum over its copies, each
 * turned back.
 *
 * @see Cohen, Welling, Group Equivariant Convolutional Networks, ICML (2016); Veeling et al., Rotation Equivariant CNNs
 * for Digital Pathology, MICCAI (2018)
 */
import type { SymmetryGroup } from '../../../src-shared/networks.ts'
import { convolution, convolutionBackward } from './convolution.ts'
import { after, orientationsIn, shownAs, undone } from './orientations.ts'
import { zeros, type Tensor } from './tensor.ts'
import type { Window } from './windows.ts'

/**
 * @param x [batch, channel, row, column]
 * @param weight [field, channel, i, j] to lift an ordinary map, else [field, field read, orientation, i, j]
 * @param bias [field], or null for none
 * @returns [batch, field · orientation, row, column]
 */
export function groupConvolution(
  x: Tensor,
  weight: Tensor,
  bias: Tensor | null,
  group: SymmetryGroup,
  window: Window,
): Tensor {
  const orientations = orientationsIn(group)
  const spread = bias === null ? null : [...bias.data].flatMap((value) => orientations.map(() => value))
  const ofAll = spread === null ? null : { dims: [spread.length], data: Float64Array.from(spread) }
  return convolution(x, inAllOrientations(weight, group), ofAll, window)
}

export function groupConvolutionBackward(
  x: Tensor,
  weight: Tensor,
  group: SymmetryGroup,
  window: Window,
  gradient: Tensor,
): { x: Tensor; weight: Tensor; bias: Tensor } {
  const plain = convolutionBackward(x, inAllOrientations(weight, group), window, gradient)
  const toWeight = zeros(weight.dims)
  for (const { from, to, s, area } of squares(weight, group)) {
    const turnedBack = shownAs(undone(s), [...plain.weight.data.subarray(to, to + area)])
    for (const [at, part] of turnedBack.entries()) toWeight.data[from + at]! += part
  }
  const toBias = zeros([weight.dims[0]!])
  const { length } = orientationsIn(group)
  for (const [channel, part] of plain.bias.data.entries()) toBias.data[Math.floor(channel / length)]! += part
  return { x: plain.x, weight: toWeight, bias: toBias }
}

/** [field · orientation, channel, i, j]: the filters of a plain convolution. */
function inAllOrientations(weight: Tensor, group: SymmetryGroup): Tensor {
  const { fields, channels, kernel } = lengths(weight)
  const all = zeros([fields * orientationsIn(group).length, channels, kernel, kernel])
  for (const { from, to, s, area } of squares(weight, group))
    all.data.set(shownAs(s, [...weight.data.subarray(from, from + area)]), to)
  return all
}

/** Each square of the shared weights and each of its copies: where they start, and what shows one as the other. */
function* squares(weight: Tensor, group: SymmetryGroup) {
  const { fields, read, orientationsRead, area } = lengths(weight)
  const orientations = orientationsIn(group)
  for (let field = 0; field < fields; field++)
    for (const s of orientations)
      for (let c = 0; c < read; c++)
        for (let t = 0; t < orientationsRead; t++) {
          const shared = orientationsRead === 1 ? 0 : after(undone(s), t)
          const from = ((field * read + c) * orientationsRead + shared) * area
          const to = (((field * orientations.length + s) * read + c) * orientationsRead + t) * area
          yield { from, to, s, area }
        }
}

function lengths({ dims }: Tensor) {
  const [fields = 1, read = 1] = dims
  const kernel = dims.at(-1)!
  const orientationsRead = dims.length === 5 ? dims[2]! : 1
  return { fields, read, orientationsRead, channels: read * orientationsRead, kernel, area: kernel ** 2 }
}
