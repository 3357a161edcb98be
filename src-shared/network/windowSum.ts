/**
 * One number of a convolution or a pool, step by step, from the numbers of its window: what the window shows to students
 * is worked out here, and held to what the engine made of it.
 *
 *   convolution   Σ_channel Σ_tap input · weight + bias
 *   max pool      the largest of the window; padding never wins
 *   average pool  the mean over what lies on the map
 */
import type { WindowNumbers } from '../inspection.ts'

export type WindowSteps = {
  /** [channel, row, column] input · weight; of a pool what each value counts for */
  products: Float64Array
  /** [channel] of a convolution */
  sums: Float64Array
  /** of all channels, without the bias */
  sum: number
  /** with the bias; of a pool its answer */
  result: number
  /** of a max pool: the tap that won, the first of equals */
  winner: number | null
}

export function windowSteps(numbers: WindowNumbers): WindowSteps {
  return numbers.kind === 'convolution' ? convolved(numbers) : pooled(numbers)
}

function convolved({ input, weights, channels, bias }: WindowNumbers): WindowSteps {
  const products = Float64Array.from(input, (value, at) => value * weights[at]!)
  const taps = products.length / channels.length
  const sums = Float64Array.from(channels, (_, channel) =>
    total(products.subarray(channel * taps, (channel + 1) * taps)),
  )
  const sum = total(sums)
  return { products, sums, sum, result: sum + (bias ?? 0), winner: null }
}

function pooled({ kind, input, inside }: WindowNumbers): WindowSteps {
  const there = [...inside.keys()].filter((tap) => inside[tap] === 1)
  if (kind === 'max-pool') {
    const winner = there.reduce((best, tap) => (input[tap]! > input[best]! ? tap : best), there[0] ?? 0)
    const products = Float64Array.from(input, (value, tap) => (tap === winner ? value : 0))
    return { products, sums: Float64Array.of(input[winner]!), sum: input[winner]!, result: input[winner]!, winner }
  }
  const products = Float64Array.from(input, (value, tap) => (inside[tap] === 1 ? value / there.length : 0))
  const mean = total(products)
  return { products, sums: Float64Array.of(mean), sum: mean, result: mean, winner: null }
}

const total = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0)
