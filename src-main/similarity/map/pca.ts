/**
 * Principal components: the two directions along which the features of all patches differ most.
 *
 *   position[patch] = (x − mean) · [v₁ v₂]        C v = λ v,  C the covariance of the features
 *
 * The sign of each direction is the one that makes its largest loading positive.
 *
 * @see Jolliffe, Principal Component Analysis (2002), chapter 1
 */
import { covarianceOf } from '../../nn/backendCovariance.ts'
import { columnMeans, type Matrix } from '../../probes/matrix.ts'
import { largestEigen } from './eigen.ts'

export type Principal = {
  /** [row, 2] */
  positions: Float32Array
  /** Share of all variance that each direction has. */
  explained: [number, number]
}

/** @param matrix at least 2 rows */
export async function principalPositions(matrix: Matrix, threads: number): Promise<Principal> {
  const { values, rows, columns } = matrix
  const mean = columnMeans(matrix)
  const covariance = await covarianceOf(matrix, mean, threads)
  let all = 0
  for (let j = 0; j < columns; j++) all += covariance[j * columns + j]!
  const wanted = Math.min(2, columns)
  const { values: variances, vectors } = largestEigen(covariance, columns, wanted)
  const positions = new Float32Array(rows * 2)
  for (let row = 0; row < rows; row++)
    for (let component = 0; component < wanted; component++) {
      let sum = 0
      for (let j = 0; j < columns; j++)
        sum += (values[row * columns + j]! - mean[j]!) * vectors[component * columns + j]!
      positions[row * 2 + component] = sum
    }
  const share = (component: number) => (all > 0 ? Math.max(0, variances[component] ?? 0) / all : 0)
  return { positions, explained: [share(0), share(1)] }
}
