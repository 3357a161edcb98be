/**
 * Multinomial logistic regression as labels come: fitted on features standardised by the labelled patches (logistic.ts),
 * from the weights of the last fit, and folded so that every row is classified without being standardised.
 *
 *   logit_c = W_c·((x − mean) ⊙ scale) + b_c = V_c·x + a_c        V_c = W_c ⊙ scale,  a_c = b_c − V_c·mean
 *
 * The loss has one minimum, so where the search begins changes how long it takes and not where it ends.
 */
import { fitLogistic } from '../../probes/logistic.ts'
import type { MinimiseOptions } from '../../probes/lbfgs.ts'
import { type Matrix, standardisationOf, standardised } from '../../probes/matrix.ts'

/** `weights` [class, feature] on raw features, `biases` [class] */
export type FoldedLinear = { weights: Float64Array; biases: Float64Array; columns: number; classes: number }

export type LinearFit = FoldedLinear & { iterations: number; gradientNorm: number; converged: boolean }

/** Nearer to the minimum than any figure on the screen can tell. */
export const LIVE_EXACTNESS: MinimiseOptions = { gradientNorm: 1e-5, mostIterations: 2000 }

/** @param before of other labels, with the same classes; null = from 0 */
export function fitFolded(
  features: Matrix,
  classOf: ArrayLike<number>,
  classes: number,
  l2: number,
  before: FoldedLinear | null,
  options: MinimiseOptions = LIVE_EXACTNESS,
): LinearFit {
  const { columns } = features
  const scaling = standardisationOf(features)
  const { mean, scale } = scaling
  const width = columns + 1
  const from = new Float64Array(classes * width)
  if (before?.classes === classes && before.columns === columns) {
    let biases = 0
    for (let c = 0; c < classes; c++) {
      let bias = before.biases[c]!
      for (let j = 0; j < columns; j++) {
        const raw = before.weights[c * columns + j]!
        from[c * width + j] = scale[j]! > 0 ? raw / scale[j]! : 0
        bias += raw * mean[j]!
      }
      from[c * width + columns] = bias
      biases += bias
    }
    // The minimum that is looked for is the one whose biases add up to 0.
    for (let c = 0; c < classes; c++) from[c * width + columns]! -= biases / classes
  }
  const fitted = fitLogistic(standardised(features, scaling), classOf, classes, l2, options, from)
  const weights = new Float64Array(classes * columns)
  const biases = new Float64Array(classes)
  for (let c = 0; c < classes; c++) {
    let bias = fitted.at[c * width + columns]!
    for (let j = 0; j < columns; j++) {
      const raw = fitted.at[c * width + j]! * scale[j]!
      weights[c * columns + j] = raw
      bias -= raw * mean[j]!
    }
    biases[c] = bias
  }
  const { iterations, gradientNorm, converged } = fitted
  return { weights, biases, columns, classes, iterations, gradientNorm, converged }
}
