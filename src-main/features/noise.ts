/**
 * Gaussian noise on the values of a patch, as of a camera in little light.
 *
 * The numbers are taken from a table of 65,536 normal ones, entered at a random place, with a random sign: a patch of 96 px
 * needs 27,648 of them, and drawing each anew would take five times as long as all other changes.
 */
import type { Normalisation } from '../../src-shared/models.ts'
import { type Random, seeded } from '../nn/random.ts'
import { channelNormalisation } from './networkInput.ts'

const LENGTH = 1 << 16
const MASK = LENGTH - 1
let table: Float32Array | null = null

const normals = (): Float32Array => (table ??= Float32Array.from({ length: LENGTH }, seeded(0x6e6f6973).normal))

/**
 * @param values [channel, position] of one patch from `at` on, normalised; changed in place, and kept within what a pixel
 * can be
 * @param sigma share of the range of values
 */
export function addNoise(
  values: Float32Array,
  at: number,
  channels: number,
  positions: number,
  sigma: number,
  normalisation: Normalisation,
  random: Random,
): void {
  const numbers = normals()
  let place = random.below(LENGTH)
  const sign = random.next() < 0.5 ? -1 : 1
  for (let channel = 0; channel < channels; channel++) {
    const { mean, std } = channelNormalisation(normalisation, channel)
    const [least, most, spread] = [-mean / std, (1 - mean) / std, (sign * sigma) / std]
    const start = at + channel * positions
    for (let i = start; i < start + positions; i++) {
      const value = values[i]! + spread * numbers[place]!
      values[i] = value < least ? least : value > most ? most : value
      place = (place + 1) & MASK
    }
  }
}
