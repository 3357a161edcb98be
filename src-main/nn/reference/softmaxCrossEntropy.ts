/**
 * Softmax turns scores (logits) into probabilities; cross-entropy says how surprised one is by the truth.
 *
 *   p[n, k] = exp(logits[n, k]) / Σ_j exp(logits[n, j])
 *   loss = −1/N · Σ_n Σ_k target[n, k] · log p[n, k]                       nats
 *   ∂loss/∂logits[n, k] = (p[n, k] · Σ_j target[n, j] − target[n, k]) / N
 *
 * The target of a patch is a distribution over the classes: 1 for its class, or a little for all with label smoothing. A
 * row of zeros is a patch without a label: it adds nothing.
 *
 * @see Bishop, Pattern Recognition and Machine Learning (2006), eqs 4.108–4.109;
 * Szegedy et al., Rethinking the Inception Architecture, CVPR (2016), section 7, for label smoothing
 */
import { rows, zeros, type Tensor } from './tensor.ts'

/** @param logits [batch, class] @returns [batch, class], rows add up to 1 */
export function softmax(logits: Tensor): Tensor {
  const { batch, features: classes } = rows(logits)
  const p = zeros(logits.dims)
  for (let n = 0; n < batch; n++) {
    const row = logits.data.subarray(n * classes, (n + 1) * classes)
    const largest = Math.max(...row) // subtracted, so that exp never overflows; the quotient is the same
    const powers = row.map((logit) => Math.exp(logit - largest))
    const sum = powers.reduce((sum, power) => sum + power, 0)
    p.data.set(
      powers.map((power) => power / sum),
      n * classes,
    )
  }
  return p
}

/** @param target [batch, class] @returns the mean loss, and its gradient [batch, class] */
export function softmaxCrossEntropy(logits: Tensor, target: Tensor): { loss: number; gradient: Tensor } {
  const { batch, features: classes } = rows(logits)
  const p = softmax(logits)
  const gradient = zeros(logits.dims)
  let loss = 0
  for (let n = 0; n < batch; n++) {
    const wanted = target.data.subarray(n * classes, (n + 1) * classes)
    const weight = wanted.reduce((sum, share) => sum + share, 0)
    for (const [k, share] of wanted.entries()) {
      const probability = p.data[n * classes + k]!
      if (share > 0) loss -= (share * Math.log(probability)) / batch
      gradient.data[n * classes + k] = (probability * weight - share) / batch
    }
  }
  return { loss, gradient }
}

/** One patch's target: `1 − smoothing` for its class, and `smoothing` spread evenly over all. */
export const smoothedTarget = (classes: number, of: number, smoothing: number): Float64Array =>
  new Float64Array(classes).map((_, k) => smoothing / classes + (k === of ? 1 - smoothing : 0))
