/**
 * Nearest class mean (prototypes.ts) on rows that are neither centred nor made unit vectors first:
 *
 *   logit_c = −‖z − m_c‖² = −‖z‖² + 2 z·m_c − ‖m_c‖²        z·m_c = (x·m_c − μ·m_c) / ‖x − μ‖
 */
import { centredUnit, columnMeans, type Matrix } from '../../probes/matrix.ts'
import { classMeans } from '../../probes/prototypes.ts'
import { productsWithOne } from './productColumns.ts'

/** [row, class] */
export function prototypeRowLogits(
  rows: Matrix,
  training: { features: Matrix; classOf: Uint16Array; classes: number },
): Float64Array {
  const { columns } = rows
  const mean = columnMeans(training.features)
  const means = classMeans(centredUnit(training.features, mean), training.classOf, training.classes)
  const lengths = distancesTo(rows, mean)
  const logits = new Float64Array(rows.rows * training.classes)
  for (let c = 0; c < training.classes; c++) {
    const own = means.subarray(c * columns, (c + 1) * columns)
    let [square, atMean] = [0, 0]
    for (let j = 0; j < columns; j++) {
      square += own[j]! ** 2
      atMean += own[j]! * mean[j]!
    }
    const products = productsWithOne(rows, own)
    for (let row = 0; row < rows.rows; row++) {
      const length = lengths[row]!
      const product = length > 0 ? (products[row]! - atMean) / length : 0
      logits[row * training.classes + c] = 2 * product - square - (length > 0 ? 1 : 0)
    }
  }
  return logits
}

/** [row] ‖x − mean‖ */
function distancesTo({ values, rows, columns }: Matrix, mean: Float64Array): Float64Array {
  const distances = new Float64Array(rows)
  for (let row = 0, at = 0; row < rows; row++) {
    let sum = 0
    for (let j = 0; j < columns; j++, at++) {
      const apart = values[at]! - mean[j]!
      sum += apart * apart
    }
    distances[row] = Math.sqrt(sum)
  }
  return distances
}
