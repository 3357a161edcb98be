/**
 * Mean softmax cross-entropy of a batch against target distributions t [batch, class], and its gradient:
 *
 *   loss = −1/N · Σ_n Σ_k t[n,k] · log softmax(logits[n])[k]
 *   ∂loss/∂logits[n,k] = (softmax(logits[n])[k] · Σ_j t[n,j] − t[n,k]) / N
 *
 * Rows of t add up to 1; label smoothing is in them. A row of zeros adds nothing to loss or gradient.
 * @see Bishop, Pattern Recognition and Machine Learning (2006), eqs 4.108–4.109
 */
import type { GraphWriter } from '../graphWriter.ts'
import { intAttribute } from '../onnx.ts'
import { DROP_AXES, KEEP_AXES } from './backward.ts'

export function softmaxCrossEntropy(
  graph: GraphWriter,
  batch: number,
  logits: string,
  target: string,
): { loss: string; gradient: string } {
  const logProbabilities = graph.op('LogSoftmax', [logits], [intAttribute('axis', 1)])
  const agreement = graph.op(
    'ReduceSum',
    [graph.op('Mul', [logProbabilities, target]), graph.integers([0, 1])],
    [DROP_AXES],
  )
  const weight = graph.op('ReduceSum', [target, graph.integers([1])], [KEEP_AXES])
  const predicted = graph.op('Mul', [graph.op('Exp', [logProbabilities]), weight])
  return {
    loss: graph.op('Mul', [agreement, graph.scalar(-1 / batch)]),
    gradient: graph.op('Mul', [graph.op('Sub', [predicted, target]), graph.scalar(1 / batch)]),
  }
}
