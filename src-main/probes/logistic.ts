/**
 * Linear probe: multinomial logistic regression on standardised features.
 *
 *   logits = W x + b      loss = 1/n · Σ −log softmax(logits)[class] + λ/2 ‖W‖²      (biases are not pulled to 0)
 *   ∂loss/∂W_c = 1/n · Σ (softmax(logits)_c − [c = class]) x + λ W_c
 *
 * The loss is convex: there is one best W, and b is the one whose classes add up to 0, because the search begins at 0.
 *
 * @see Bishop, Pattern Recognition and Machine Learning (2006), eqs 4.108–4.109
 */
import { type Minimum, type MinimiseOptions, minimise, type Objective } from './lbfgs.ts'
import type { Matrix } from './matrix.ts'

/** [class, column + 1]: the weights of a class, then its bias */
export type LinearParameters = Float64Array

/** @returns the loss as a function of the parameters, with its gradient */
export function logisticLoss(
  { values, rows, columns }: Matrix,
  classOf: ArrayLike<number>,
  classes: number,
  lambda: number,
): Objective {
  const width = columns + 1
  const residual = new Float64Array(classes)
  return (parameters, gradient) => {
    gradient.fill(0)
    let loss = 0
    for (let row = 0; row < rows; row++) {
      const start = row * columns
      let largest = -Infinity
      for (let c = 0; c < classes; c++) {
        const logit = logitOf(values, start, columns, parameters, c * width)
        residual[c] = logit
        if (logit > largest) largest = logit
      }
      const truth = classOf[row]!
      const own = residual[truth]! - largest
      let sum = 0
      for (let c = 0; c < classes; c++) sum += residual[c] = Math.exp(residual[c]! - largest)
      loss += Math.log(sum) - own
      for (let c = 0; c < classes; c++) {
        const share = residual[c]! / sum - (c === truth ? 1 : 0)
        const to = c * width
        for (let j = 0; j < columns; j++) gradient[to + j]! += share * values[start + j]!
        gradient[to + columns]! += share
      }
    }
    for (let i = 0; i < gradient.length; i++) gradient[i]! /= rows
    loss /= rows
    for (let c = 0; c < classes; c++)
      for (let i = c * width; i < c * width + columns; i++) {
        loss += (lambda / 2) * parameters[i]! ** 2
        gradient[i]! += lambda * parameters[i]!
      }
    return loss
  }
}

/** Four sums, so that the processor need not wait for the last product before it begins the next. */
function logitOf(
  values: Float32Array,
  start: number,
  columns: number,
  parameters: LinearParameters,
  weights: number,
): number {
  let [a, b, c, d] = [0, 0, 0, 0]
  const whole = columns - (columns % 4)
  for (let j = 0; j < whole; j += 4) {
    a += values[start + j]! * parameters[weights + j]!
    b += values[start + j + 1]! * parameters[weights + j + 1]!
    c += values[start + j + 2]! * parameters[weights + j + 2]!
    d += values[start + j + 3]! * parameters[weights + j + 3]!
  }
  for (let j = whole; j < columns; j++) a += values[start + j]! * parameters[weights + j]!
  return a + b + c + d + parameters[weights + columns]!
}

/** @param from parameters to begin with; absent: 0 */
export function fitLogistic(
  features: Matrix,
  classOf: ArrayLike<number>,
  classes: number,
  lambda: number,
  options: MinimiseOptions,
  from: LinearParameters = new Float64Array(classes * (features.columns + 1)),
): Minimum {
  return minimise(logisticLoss(features, classOf, classes, lambda), from, options)
}

/** [row, class] */
export function linearLogits(
  { values, rows, columns }: Matrix,
  parameters: LinearParameters,
  classes: number,
): Float64Array {
  const logits = new Float64Array(rows * classes)
  for (let row = 0; row < rows; row++)
    for (let c = 0; c < classes; c++)
      logits[row * classes + c] = logitOf(values, row * columns, columns, parameters, c * (columns + 1))
  return logits
}
