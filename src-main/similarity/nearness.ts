/**
 * How near rows of features are to a vector of features: products of centred unit vectors, by plain loops over rows that lie in
 * several tables.
 *
 *   u = (q − μ) / ‖q − μ‖      product [row] = (x − μ)·u / ‖x − μ‖ = (x·u − μ·u) / ‖x − μ‖      distance = √(2 − 2 product)
 *
 * In float64. A row that equals the mean has no direction: its products are 0, as in probes/matrix.ts.
 */

/** Some rows of a table of features, [row, feature]. */
export type Rows = {
  features: Float32Array
  dimensions: number
  /** which, in the order they are counted in */
  rows: Uint32Array
}

/** What centring and dividing by length needs. */
export type Centre = {
  mean: Float64Array
  /** [row] 1 / ‖x − mean‖; 0 where that is 0 */
  inverseLength: Float64Array
}

export const countRows = (parts: readonly Rows[]): number => parts.reduce((sum, { rows }) => sum + rows.length, 0)

/** The mean of all rows, and how far each is from it. */
export function centreOf(parts: readonly Rows[], dimensions: number): Centre {
  const mean = new Float64Array(dimensions)
  const count = countRows(parts)
  for (const { features, rows } of parts)
    for (const row of rows) {
      const start = row * dimensions
      for (let j = 0; j < dimensions; j++) mean[j]! += features[start + j]!
    }
  for (let j = 0; j < dimensions; j++) mean[j]! /= count
  const inverseLength = new Float64Array(count)
  let at = 0
  for (const { features, rows } of parts)
    for (const row of rows) {
      const start = row * dimensions
      let squares = 0
      for (let j = 0; j < dimensions; j++) squares += (features[start + j]! - mean[j]!) ** 2
      inverseLength[at++] = squares > 0 ? 1 / Math.sqrt(squares) : 0
    }
  return { mean, inverseLength }
}

/**
 * The product of each row with a vector of features.
 * @param query [feature], not centred
 * @returns [row]
 */
export function productsWith(
  parts: readonly Rows[],
  { mean, inverseLength }: Centre,
  query: Float32Array,
): Float64Array {
  const dimensions = mean.length
  const unit = Float64Array.from(query, (each, j) => each - mean[j]!)
  let squares = 0
  for (const each of unit) squares += each ** 2
  const scale = squares > 0 ? 1 / Math.sqrt(squares) : 0
  let offset = 0
  for (let j = 0; j < dimensions; j++) {
    unit[j]! *= scale
    offset += unit[j]! * mean[j]!
  }
  const products = new Float64Array(inverseLength.length)
  let at = 0
  for (const { features, rows } of parts)
    for (const row of rows) {
      products[at] = (dot(features, row * dimensions, unit) - offset) * inverseLength[at]!
      at++
    }
  return products
}

/** Four sums side by side: one would wait for each addition before the next. */
function dot(features: Float32Array, start: number, unit: Float64Array): number {
  const { length } = unit
  const whole = length - (length % 4)
  let [a, b, c, d] = [0, 0, 0, 0]
  for (let j = 0; j < whole; j += 4) {
    a += features[start + j]! * unit[j]!
    b += features[start + j + 1]! * unit[j + 1]!
    c += features[start + j + 2]! * unit[j + 2]!
    d += features[start + j + 3]! * unit[j + 3]!
  }
  for (let j = whole; j < length; j++) a += features[start + j]! * unit[j]!
  return a + b + c + d
}

export const distanceOf = (product: number): number => Math.sqrt(Math.max(0, 2 - 2 * product))

/**
 * Rows from the largest product on, of equal ones the earlier: found one by one, so that whoever asks can leave some out
 * and stop when it has enough.
 */
export function* largestFirst(products: Float64Array): Generator<number> {
  const heap = Uint32Array.from(products.keys())
  let size = heap.length
  const before = (a: number, b: number): boolean => {
    const ahead = products[a]! - products[b]!
    return ahead > 0 || (ahead === 0 && a < b)
  }
  const sink = (from: number): void => {
    const row = heap[from]!
    let at = from
    for (;;) {
      let child = 2 * at + 1
      if (child >= size) break
      if (child + 1 < size && before(heap[child + 1]!, heap[child]!)) child++
      if (!before(heap[child]!, row)) break
      heap[at] = heap[child]!
      at = child
    }
    heap[at] = row
  }
  for (let at = (size >> 1) - 1; at >= 0; at--) sink(at)
  while (size > 0) {
    yield heap[0]!
    size--
    heap[0] = heap[size]!
    if (size > 0) sink(0)
  }
}
