/** Held-out patches through the network as it would be saved now: running averages, no dropout, no augmentation. */
import { evaluate } from '../evaluation/evaluate.ts'
import { normalisationTables, toNetworkInput } from '../features/networkInput.ts'
import { patchBytes } from '../features/patchShape.ts'
import type { PatchPixels } from '../features/pixelFile.ts'
import type { Evaluation } from '../../src-shared/evaluation.ts'
import type { Normalisation } from '../../src-shared/models.ts'
import type { NetworkDescription } from '../../src-shared/networks.ts'
import type { Backend, Predictor } from '../nn/backend.ts'
import { forwardModel } from '../nn/graph/forwardGraph.ts'
import type { Weights } from '../nn/graph/parameters.ts'
import type { LabelledPixels } from './batches.ts'

/** Patches that go through a network at once; more are not faster. */
const BLOCK = 64

/** @returns probabilities [count, class] of patches first … first + count − 1 */
export async function predictPixels(
  predictor: Predictor,
  pixels: PatchPixels,
  normalisation: Normalisation,
  first: number,
  count: number,
): Promise<Float32Array<ArrayBuffer>> {
  const tables = normalisationTables(normalisation, pixels.shape.channels)
  const length = patchBytes(pixels.shape)
  const probabilities = new Float32Array(count * predictor.classes)
  for (let done = 0; done < count; done += BLOCK) {
    const now = Math.min(BLOCK, count - done)
    const input = new Float32Array(now * length)
    toNetworkInput(pixels.range(first + done, now), now, pixels.shape, tables, input)
    probabilities.set(await predictor.run(input, now), done * predictor.classes)
  }
  return probabilities
}

/** `evaluation` is null when the loss is no number: there is nothing to count then. */
export type Validated = { loss: number; evaluation: Evaluation | null }

export async function validate(
  backend: Backend,
  network: NetworkDescription,
  weights: Weights,
  data: LabelledPixels,
  classes: readonly string[],
  normalisation: Normalisation,
): Promise<Validated> {
  const predictor = await backend.createPredictor(forwardModel(network, weights), network.name)
  try {
    const { pixels, classOf } = data
    const probabilities = await predictPixels(predictor, pixels, normalisation, 0, pixels.count)
    return {
      loss: meanLoss(probabilities, classOf, classes.length),
      evaluation: evaluate(probabilities, classOf, classes),
    }
  } finally {
    await predictor.dispose()
  }
}

/** A probability that float32 rounded to 0 counts as this. */
const LEAST_PROBABILITY = 1e-7

/** Mean cross-entropy, nats; the targets are not smoothed. */
function meanLoss(probabilities: Float32Array, classOf: Uint16Array, classes: number): number {
  let sum = 0
  for (const [patch, of] of classOf.entries())
    sum -= Math.log(Math.max(LEAST_PROBABILITY, probabilities[patch * classes + of]!))
  return sum / classOf.length
}
