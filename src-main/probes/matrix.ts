/** Features of patches as rows of one flat array, and what is done to them before anything is fitted. */

/** values [row, column], row-major */
export type Matrix = { values: Float32Array; rows: number; columns: number }

export const rowsOf = ({ values, columns }: Matrix, rows: ArrayLike<number>): Matrix => {
  const chosen = new Float32Array(rows.length * columns)
  for (let i = 0; i < rows.length; i++)
    chosen.set(values.subarray(rows[i]! * columns, (rows[i]! + 1) * columns), i * columns)
  return { values: chosen, rows: rows.length, columns }
}

/** Mean of each column, in float64. */
export function columnMeans({ values, rows, columns }: Matrix): Float64Array {
  const means = new Float64Array(columns)
  for (let row = 0, at = 0; row < rows; row++) for (let j = 0; j < columns; j++, at++) means[j]! += values[at]!
  for (let j = 0; j < columns; j++) means[j]! /= rows
  return means
}

/**
 * Each row less the mean, then divided by its length. A row that equals the mean has no direction: it stays 0.
 *
 *   z = (x − mean) / ‖x − mean‖₂
 *
 * @see Wang, Chao, Weinberger, van der Maaten, SimpleShot, arXiv:1911.04623 (2019), “CL2N”
 */
export function centredUnit({ values, rows, columns }: Matrix, mean: Float64Array): Matrix {
  const out = new Float32Array(rows * columns)
  for (let row = 0; row < rows; row++) {
    const start = row * columns
    let squares = 0
    for (let j = 0; j < columns; j++) squares += (values[start + j]! - mean[j]!) ** 2
    const scale = squares > 0 ? 1 / Math.sqrt(squares) : 0
    for (let j = 0; j < columns; j++) out[start + j] = (values[start + j]! - mean[j]!) * scale
  }
  return { values: out, rows, columns }
}

export type Standardisation = { mean: Float64Array; scale: Float64Array }

/** Mean and 1 / deviation of each column; a column that never changes says nothing and becomes 0. */
export function standardisationOf(matrix: Matrix): Standardisation {
  const { values, rows, columns } = matrix
  const mean = columnMeans(matrix)
  const squares = new Float64Array(columns)
  for (let row = 0, at = 0; row < rows; row++)
    for (let j = 0; j < columns; j++, at++) squares[j]! += (values[at]! - mean[j]!) ** 2
  const scale = squares.map((sum, j) => {
    const deviation = Math.sqrt(sum / rows)
    // What rounding leaves of a constant is not a deviation.
    return deviation > 1e-6 * Math.abs(mean[j]!) && deviation > 0 ? 1 / deviation : 0
  })
  return { mean, scale }
}

export function standardised({ values, rows, columns }: Matrix, { mean, scale }: Standardisation): Matrix {
  const out = new Float32Array(rows * columns)
  for (let row = 0, at = 0; row < rows; row++)
    for (let j = 0; j < columns; j++, at++) out[at] = (values[at]! - mean[j]!) * scale[j]!
  return { values: out, rows, columns }
}

/** logits [row, class] → probabilities softmax(logits / temperature), in place of a copy. */
export function softmaxRows(logits: Float64Array, classes: number, temperature = 1): Float64Array {
  const out = new Float64Array(logits.length)
  for (let start = 0; start < logits.length; start += classes) {
    let largest = -Infinity
    for (let k = 0; k < classes; k++) largest = Math.max(largest, logits[start + k]!)
    let sum = 0
    for (let k = 0; k < classes; k++) sum += out[start + k] = Math.exp((logits[start + k]! - largest) / temperature)
    for (let k = 0; k < classes; k++) out[start + k]! /= sum
  }
  return out
}

/** Mean of −log softmax(logits / temperature) at the true class, nats. */
export function crossEntropy(
  logits: Float64Array,
  classOf: ArrayLike<number>,
  classes: number,
  temperature = 1,
): number {
  let loss = 0
  for (let row = 0; row < classOf.length; row++) {
    const start = row * classes
    let largest = -Infinity
    for (let k = 0; k < classes; k++) largest = Math.max(largest, logits[start + k]!)
    let sum = 0
    for (let k = 0; k < classes; k++) sum += Math.exp((logits[start + k]! - largest) / temperature)
    loss += Math.log(sum) - (logits[start + classOf[row]!]! - largest) / temperature
  }
  return loss / classOf.length
}
