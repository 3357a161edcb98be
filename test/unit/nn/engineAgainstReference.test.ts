/** The fast engine against the slow truth: loss, logits, batch statistics and every gradient of every kind of layer. */
import { describe, expect, test } from 'vitest'
import { Layer, type NetworkDescription } from '../../../src-shared/networks.ts'
import { onnxBackend } from '../../../src-main/nn/backendOnnx.ts'
import { forwardModel } from '../../../src-main/nn/graph/forwardGraph.ts'
import type { Weights } from '../../../src-main/nn/graph/parameters.ts'
import { referencePredict, referenceStep } from '../../../src-main/nn/reference/network.ts'
import { tensor } from '../../../src-main/nn/reference/tensor.ts'
import { networksOfEachKind, randomBatch, randomNetwork, randomWeights } from './randomNetworks.ts'

const BATCH = 3
const backend = onnxBackend(2)

const inDouble = ({ parameters, mean, variance }: Weights) => ({
  parameters: Float64Array.from(parameters),
  mean: Float64Array.from(mean),
  variance: Float64Array.from(variance),
})

const norm = (vector: ArrayLike<number>): number => Math.hypot(...Array.from(vector))

/** Distance of two vectors, as a share of the length of the true one, or of `least` where that is longer. */
function relativeError(found: ArrayLike<number>, truth: ArrayLike<number>, least = 0): number {
  expect(found.length).toBe(truth.length)
  return norm(Array.from(truth, (value, place) => found[place] - value)) / Math.max(norm(truth), least, 1e-12)
}

/** @param within how far a gradient may be off, as a share of its length */
async function compare(network: NetworkDescription, seed: number, within: number): Promise<void> {
  const weights = randomWeights(network, seed)
  const trainer = await backend.createTrainer(network, BATCH)
  const batch = randomBatch(network, BATCH, trainer.masks, seed)
  const found = await trainer.step(weights, batch)
  const masks = trainer.masks.map(({ layer, dims }, place) => [layer, tensor(dims, batch.masks[place])] as const)
  const patches = tensor([BATCH, ...network.input], batch.patches)
  const truth = referenceStep(
    network,
    inDouble(weights),
    patches,
    tensor([BATCH, batch.target.length / BATCH], batch.target),
    new Map(masks),
  )

  expect(Math.abs(found.loss - truth.loss) / Math.max(1, truth.loss)).toBeLessThan(1e-5)
  for (const { name, offset, length } of trainer.layout.parameters) {
    const part = [offset, offset + length] as const
    // The bias before a batch norm changes nothing: its true gradient is 0, and all of the found one is rounding in a sum
    // of many numbers that cancel. So no part is measured by less than a tenth of the whole gradient.
    const least = norm(truth.gradient) / 10
    const error = relativeError(found.gradient.subarray(...part), truth.gradient.subarray(...part), least)
    expect(error, `gradient of ${name}`).toBeLessThan(within)
  }
  expect(relativeError(found.mean, truth.mean), 'mean of the batch').toBeLessThan(1e-5)
  expect(relativeError(found.variance, truth.variance), 'variance of the batch').toBeLessThan(1e-5)
  await trainer.dispose()

  const predictor = await backend.createPredictor(forwardModel(network, weights), network.name)
  const probabilities = await predictor.run(batch.patches, BATCH)
  await predictor.dispose()
  expect(
    relativeError(probabilities, referencePredict(network, inDouble(weights), patches).data),
    'probabilities in use, with running averages',
  ).toBeLessThan(1e-5)
}

describe('loss, gradients and predictions equal the reference', () => {
  test.each(networksOfEachKind)('$name', (network) => compare(network, 1, 2e-5))

  // A norm over a few nearly equal values, as after a softmax, makes rounding errors larger: up to 3e-4 in 300 networks.
  test.each(Array.from({ length: 40 }, (_, place) => place + 1))('a random network (seed %i)', (seed) =>
    compare(randomNetwork(seed), seed, 5e-4),
  )

  test('the random networks have every kind of layer', () => {
    const kinds = Array.from({ length: 40 }, (_, place) =>
      randomNetwork(place + 1).layers.map(({ kind }) => kind),
    ).flat()
    expect([...new Set(kinds)].toSorted()).toEqual(Layer.options.map(({ shape }) => shape.kind.value).toSorted())
  })
})
