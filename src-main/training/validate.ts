/** Held-out patches through the network as it would be saved now: running averages, no dropout, no augmentation. */
import { evaluate } from '../evaluation/evaluate.ts'
import { normalisationTables, toNetworkInput } from '../features/networkInput.ts'
import { patchBytes } from '../features/patchShape.ts'
import { symmetriesOf } from '../features/symmetries.ts'
import type { PatchPixels } from '../features/pixelFile.ts'
import type { Evaluation } from '../../src-shared/evaluation.ts'
import type { Normalisation } from '../../src-shared/models.ts'
import type { NetworkDescription } from '../../src-shared/networks.ts'
import type { TestTime } from '../../src-shared/recipe.ts'
import { tesseraError } from '../../src-shared/errors.ts'
import type { Backend, Predictor } from '../nn/backend.ts'
import { forwardModel } from '../nn/graph/forwardGraph.ts'
import type { Weights } from '../nn/graph/parameters.ts'
import type { LabelledPixels } from './batches.ts'

/** Patches that go through a network at once; more are not faster. */
export const BLOCK = 64

export type HowToLook = { normalisation: Normalisation; testTime: TestTime }

/**
 * With test-time augmentation D4 the probabilities are the mean over the eight symmetries of the square:
 *
 *   p(x) = 1/8 · Σ p(g · x) over g in D4
 *
 * @returns probabilities [count, class] of patches first … first + count − 1
 */
export async function predictPixels(
  predictor: Predictor,
  pixels: PatchPixels,
  { normalisation, testTime }: HowToLook,
  first: number,
  count: number,
): Promise<Float32Array<ArrayBuffer>> {
  const { shape } = pixels
  const tables = normalisationTables(normalisation, shape.channels)
  const views = testTime === 'd4' ? symmetriesOf(shape) : symmetriesOf(shape).slice(0, 1)
  const length = patchBytes(shape)
  const { classes } = predictor
  const probabilities = new Float32Array(count * classes)
  for (let done = 0; done < count; done += BLOCK) {
    const now = Math.min(BLOCK, count - done)
    const block = pixels.range(first + done, now)
    const part = probabilities.subarray(done * classes, (done + now) * classes)
    for (const walk of views) {
      const input = new Float32Array(now * length)
      toNetworkInput(block, now, shape, tables, walk, input)
      const found = await predictor.run(input, now)
      for (let i = 0; i < part.length; i++) part[i]! += found[i]! / views.length
    }
  }
  return probabilities
}

/**
 * The file of a model whose weights are no numbers can still be read; what it says must not be.
 * @param numberOf what the patch of a row is called
 * @throws {TesseraError} MODEL_OUTPUT_INVALID with the first patch whose probabilities are none
 */
export function checkProbabilities(
  probabilities: Float32Array,
  classes: number,
  model: string,
  numberOf: (row: number) => number,
): void {
  const place = probabilities.findIndex((each) => !Number.isFinite(each))
  if (place < 0) return
  const patch = numberOf(Math.floor(place / classes))
  throw tesseraError(
    'MODEL_OUTPUT_INVALID',
    `“${model}” gives no probabilities for patch ${patch}: its output is ${probabilities[place]}. Its weights are damaged, or it did not learn; train it again with a smaller learning rate.`,
    { model, patch },
  )
}

/** `evaluation` is null when the loss is no number: there is nothing to count then. `probabilities`: [patch, class] */
export type Validated = { loss: number; evaluation: Evaluation | null; probabilities: Float32Array }

export async function validate(
  backend: Backend,
  network: NetworkDescription,
  weights: Weights,
  data: LabelledPixels,
  classes: readonly string[],
  how: HowToLook,
): Promise<Validated> {
  const predictor = await backend.createPredictor(forwardModel(network, weights), network.name)
  try {
    const { pixels, classOf } = data
    const probabilities = await predictPixels(predictor, pixels, how, 0, pixels.count)
    const loss = meanLoss(probabilities, classOf, classes.length)
    const evaluation = Number.isNaN(loss) ? null : evaluate(probabilities, classOf, classes)
    return { loss, evaluation, probabilities }
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
