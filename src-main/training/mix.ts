/**
 * Mixup and cutmix: each patch of a batch is mixed with another one of it, and what the network should say is mixed in the
 * same proportion. λ and the partners follow from the random numbers given.
 *
 *   mixup    patch = λ · a + (1 − λ) · b                  λ ~ Beta(α, α)
 *   cutmix   a, with a rectangle of b, 1 − λ of the area, at a random place; what is cut off at an edge counts for a
 *   target = λ · target(a) + (1 − λ) · target(b)
 *
 * @see Zhang, Cisse, Dauphin, Lopez-Paz, mixup, ICLR (2018); Yun et al., CutMix, ICCV (2019), section 3.1
 */
import type { MixChoice } from '../../src-shared/recipe.ts'
import type { PatchShape } from '../features/patchShape.ts'
import { type Random, shuffled } from '../nn/random.ts'

/** Mixes a batch in place. @param patches [batch, channel, height, width] @param target [batch, class] */
export type Mix = (patches: Float32Array, target: Float32Array, random: Random) => void

export function mixing(choice: MixChoice, batch: number, shape: PatchShape): Mix | null {
  if (choice.kind === 'none') return null
  let before = new Float32Array()
  let wanted = new Float32Array()
  return (patches, target, random) => {
    if (before.length === 0) [before, wanted] = [new Float32Array(patches.length), new Float32Array(target.length)]
    before.set(patches)
    wanted.set(target)
    const partners = shuffled(batch, random)
    const drawn = beta(choice.alpha, random)
    const share = choice.kind === 'mixup' ? drawn : cutShare(patches, before, partners, shape, drawn, random)
    if (choice.kind === 'mixup') blend(patches, before, partners, share)
    blend(target, wanted, partners, share)
  }
}

/** values[n] = share · before[n] + (1 − share) · before[partner of n] */
function blend(values: Float32Array, before: Float32Array, partners: Uint32Array, share: number): void {
  const length = values.length / partners.length
  for (const [place, partner] of partners.entries()) {
    const own = place * length
    const other = partner * length
    for (let i = 0; i < length; i++) values[own + i] = share * before[own + i]! + (1 - share) * before[other + i]!
  }
}

/** Puts the same rectangle of each partner into each patch. @returns the share of the area that stayed */
function cutShare(
  patches: Float32Array,
  before: Float32Array,
  partners: Uint32Array,
  { channels, height, width }: PatchShape,
  drawn: number,
  random: Random,
): number {
  const edge = Math.sqrt(1 - drawn)
  const side = (length: number): [number, number] => {
    const centre = random.below(length)
    const half = Math.round(edge * length) / 2
    return [Math.max(0, Math.floor(centre - half)), Math.min(length, Math.floor(centre + half))]
  }
  const [top, bottom] = side(height)
  const [left, right] = side(width)
  for (const [place, partner] of partners.entries())
    for (let channel = 0; channel < channels; channel++)
      for (let row = top; row < bottom; row++) {
        const from = ((partner * channels + channel) * height + row) * width
        const to = ((place * channels + channel) * height + row) * width
        patches.set(before.subarray(from + left, from + right), to + left)
      }
  return 1 - ((bottom - top) * (right - left)) / (height * width)
}

/** Beta(α, α) as X / (X + Y), both Gamma(α). */
export function beta(alpha: number, random: Random): number {
  const x = gamma(alpha, random)
  const y = gamma(alpha, random)
  // With a small α both can be too small for a number: one of the two ends then, as the limit has it.
  return x + y > 0 ? x / (x + y) : Math.round(random.next())
}

/** @see Marsaglia, Tsang, A Simple Method for Generating Gamma Variables, ACM TOMS (2000) */
function gamma(shape: number, random: Random): number {
  if (shape < 1) return gamma(shape + 1, random) * (1 - random.next()) ** (1 / shape)
  const d = shape - 1 / 3
  const c = 1 / Math.sqrt(9 * d)
  for (;;) {
    const x = random.normal()
    const v = (1 + c * x) ** 3
    if (v > 0 && Math.log(1 - random.next()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v
  }
}
