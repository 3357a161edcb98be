/**
 * Small network on features: one hidden layer of ReLU, trained by the engine as any network is.
 *
 *   logits = W₂ · relu(W₁ x + b₁) + b₂, softmax cross-entropy, AdamW, cosine rate with warm-up; x standardised
 *
 * How long to train is found on held-out patches; then it begins anew on all patches and stops there.
 */
import { NetworkDescription } from '../../src-shared/networks.ts'
import { networkShapes } from '../../src-shared/network/shapes.ts'
import type { Backend, Predictor } from '../nn/backend.ts'
import { forwardModel } from '../nn/graph/forwardGraph.ts'
import type { Weights } from '../nn/graph/parameters.ts'
import { initialWeights } from '../nn/initialise.ts'
import { adamW, decayRanges } from '../nn/optimiser.ts'
import { seeded, shuffled } from '../nn/random.ts'
import { scheduleOf } from '../nn/schedule.ts'
import type { Matrix } from './matrix.ts'

export const MLP = {
  hidden: 128,
  /** A training is looked at after each round: once through the patches, and with few patches several times. */
  rounds: 20,
  fewestSteps: 25,
  batch: 64,
  learningRate: 0.003,
  weightDecay: 0.05,
} as const

export type MlpSettings = { classes: number; seed: number }

/** A multilayer perceptron while it is trained. */
export interface MlpTraining {
  /** steps of a round */
  readonly steps: number
  round(): Promise<void>
  /** What it says now, [row, class]. */
  logits(features: Matrix): Promise<Float64Array>
  dispose(): Promise<void>
}

export const mlpNetwork = (columns: number, classes: number): NetworkDescription =>
  NetworkDescription.parse({
    name: 'features to classes',
    input: [columns, 1, 1],
    layers: [
      { kind: 'flatten', id: 'features' },
      { kind: 'dense', id: 'hidden', units: MLP.hidden },
      { kind: 'relu', id: 'hidden_relu' },
      { kind: 'dense', id: 'classes', units: classes },
    ],
  })

/**
 * @param features standardised
 * The rate is that of a training of all rounds; one may stop after fewer.
 */
export async function trainMlp(
  backend: Backend,
  features: Matrix,
  classOf: ArrayLike<number>,
  { classes, seed }: MlpSettings,
): Promise<MlpTraining> {
  const { values, rows, columns } = features
  const network = mlpNetwork(columns, classes)
  const batch = Math.min(MLP.batch, rows)
  const trainer = await backend.createTrainer(network, batch)
  const weights = initialWeights(trainer.layout, seed)
  const optimiser = adamW({ weightDecay: MLP.weightDecay })
  const ranges = decayRanges(trainer.layout)
  const steps = Math.max(MLP.fewestSteps, Math.floor(rows / batch))
  const rate = scheduleOf({ kind: 'cosine', warmUp: 0.1 }, MLP.learningRate, MLP.rounds * steps)
  let state = optimiser.init(trainer.layout.length)
  let step = 0
  const patches = new Float32Array(batch * columns)
  const target = new Float32Array(batch * classes)
  // Every patch once in each pass; what does not fill a last batch is left for another pass.
  let [order, next] = [new Uint32Array(), 0]
  const nextBatch = (): Uint32Array => {
    if (next + batch > order.length) [order, next] = [Uint32Array.from(shuffled(rows, seeded(seed, step))), 0]
    next += batch
    return order.subarray(next - batch, next)
  }
  return {
    steps,
    async round() {
      for (let done = 0; done < steps; done++) {
        target.fill(0)
        for (const [i, row] of nextBatch().entries()) {
          patches.set(values.subarray(row * columns, (row + 1) * columns), i * columns)
          target[i * classes + classOf[row]!] = 1
        }
        const { gradient } = await trainer.step(weights, { patches, target, masks: [] })
        state = optimiser.update(weights.parameters, gradient, state, rate(step), ranges)
        step++
      }
    },
    logits: (some) => logitsOf(backend, network, weights, some),
    dispose: () => trainer.dispose(),
  }
}

/** Rows that go through the network at once. */
const BLOCK = 4096
/** A probability that float32 rounded to 0. */
const LEAST = 1e-30

/** Logits up to a constant for each row: the logarithm of the probabilities. */
async function logitsOf(
  backend: Backend,
  network: NetworkDescription,
  weights: Weights,
  { values, rows, columns }: Matrix,
): Promise<Float64Array> {
  const { classes } = networkShapes(network)
  const logits = new Float64Array(rows * classes)
  const predictor: Predictor = await backend.createPredictor(forwardModel(network, weights), network.name)
  try {
    for (let first = 0; first < rows; first += BLOCK) {
      const now = Math.min(BLOCK, rows - first)
      const found = await predictor.run(values.slice(first * columns, (first + now) * columns), now)
      for (const [i, each] of found.entries()) logits[first * classes + i] = Math.log(Math.max(LEAST, each))
    }
    return logits
  } finally {
    await predictor.dispose()
  }
}
