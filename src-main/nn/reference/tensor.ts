/**
 * Numbers with axes, row by row: the last axis varies fastest. Maps are [batch, channel, row, column], features
 * [batch, feature]. In double precision: the reference is the truth that fast code is compared with.
 */
export type Tensor = { readonly dims: readonly number[]; readonly data: Float64Array }

/** Maps [batch, channel, row, column] with their lengths spelled out. */
export type Maps = { batch: number; channels: number; height: number; width: number; data: Float64Array }

export const zeros = (dims: readonly number[]): Tensor => ({
  dims,
  data: new Float64Array(dims.reduce((product, length) => product * length, 1)),
})

/** @throws {Error} when the numbers do not fill the axes */
export function tensor(dims: readonly number[], numbers: ArrayLike<number>): Tensor {
  const made = zeros(dims)
  if (numbers.length !== made.data.length)
    throw new Error(`[${dims.join(', ')}] needs ${made.data.length} numbers, but ${numbers.length} came.`)
  made.data.set(numbers)
  return made
}

/** @throws {Error} when the tensor has no rows and columns */
export function maps({ dims, data }: Tensor): Maps {
  const [batch, channels, height, width] = dims
  if (batch === undefined || channels === undefined || height === undefined || width === undefined)
    throw new Error(`Maps are [batch, channel, row, column]; this is [${dims.join(', ')}].`)
  return { batch, channels, height, width, data }
}

/** @throws {Error} when the tensor is not [batch, feature] */
export function rows({ dims, data }: Tensor): { batch: number; features: number; data: Float64Array } {
  const [batch, features, more] = dims
  if (batch === undefined || features === undefined || more !== undefined)
    throw new Error(`Features are [batch, feature]; this is [${dims.join(', ')}].`)
  return { batch, features, data }
}

/** Where in the data of some maps a value lies. */
export const placeIn = (of: Omit<Maps, 'data'>, n: number, channel: number, row: number, column: number): number =>
  ((n * of.channels + channel) * of.height + row) * of.width + column

export const isInside = (of: Omit<Maps, 'data'>, row: number, column: number): boolean =>
  row >= 0 && row < of.height && column >= 0 && column < of.width
