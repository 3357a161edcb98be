/** A backend against the readable reference, as figures: what is compared, how far apart, how far it may be. */
import type { DeviceComparison } from '../../../src-shared/devices.ts'
import type { NetworkDescription } from '../../../src-shared/networks.ts'
import type { Backend } from '../../../src-main/nn/backend.ts'
import { forwardModel } from '../../../src-main/nn/graph/forwardGraph.ts'
import type { Weights } from '../../../src-main/nn/graph/parameters.ts'
import { referencePredict, referenceStep } from '../../../src-main/nn/reference/network.ts'
import { tensor } from '../../../src-main/nn/reference/tensor.ts'
import { randomBatch, randomWeights } from './randomNetworks.ts'

const BATCH = 3

const inDouble = ({ parameters, mean, variance }: Weights) => ({
  parameters: Float64Array.from(parameters),
  mean: Float64Array.from(mean),
  variance: Float64Array.from(variance),
})

const norm = (vector: ArrayLike<number>): number => Math.hypot(...Array.from(vector))

/** Distance of two vectors, as a share of the length of the true one, or of `least` where that is longer. */
function relativeError(found: ArrayLike<number>, truth: ArrayLike<number>, least = 0): number {
  if (found.length !== truth.length) throw new Error(`${found.length} numbers where there should be ${truth.length}.`)
  return norm(Array.from(truth, (value, place) => found[place] - value)) / Math.max(norm(truth), least, 1e-12)
}

/**
 * Loss, every gradient and batch statistics of one step, and probabilities in use.
 *
 * @param seed of weights and batch
 * @param within how far a gradient may be off, as a share of its length
 */
export async function againstReference(
  backend: Backend,
  network: NetworkDescription,
  seed: number,
  within = 2e-5,
): Promise<DeviceComparison[]> {
  const weights = randomWeights(network, seed)
  const trainer = await backend.createTrainer(network, BATCH)
  const batch = randomBatch(network, BATCH, trainer.masks, seed)
  const found = await trainer.step(weights, batch)
  const masks = trainer.masks.map(({ layer, dims }, place) => [layer, tensor(dims, batch.masks[place])] as const)
  const patches = tensor([BATCH, ...network.input], batch.patches)
  const target = tensor([BATCH, batch.target.length / BATCH], batch.target)
  const truth = referenceStep(network, inDouble(weights), patches, target, new Map(masks))
  // The bias before a batch norm changes nothing: its true gradient is 0, and all of the found one is rounding in a sum
  // of many numbers that cancel. So no part is measured by less than a tenth of the whole gradient.
  const least = norm(truth.gradient) / 10
  const gradients = trainer.layout.parameters.map(({ name, offset, length }) => ({
    what: `gradient of ${name}`,
    difference: relativeError(
      found.gradient.subarray(offset, offset + length),
      truth.gradient.subarray(offset, offset + length),
      least,
    ),
    tolerance: within,
  }))
  const step = [
    { what: 'loss', difference: Math.abs(found.loss - truth.loss) / Math.max(1, truth.loss), tolerance: 1e-5 },
    ...gradients,
    { what: 'mean of the batch', difference: relativeError(found.mean, truth.mean), tolerance: 1e-5 },
    { what: 'variance of the batch', difference: relativeError(found.variance, truth.variance), tolerance: 1e-5 },
  ]
  await trainer.dispose()

  const predictor = await backend.createPredictor(forwardModel(network, weights), network.name)
  const probabilities = await predictor.run(batch.patches, BATCH)
  await predictor.dispose()
  const expected = referencePredict(network, inDouble(weights), patches).data
  return [
    ...step,
    {
      what: 'probabilities in use, with running averages',
      difference: relativeError(probabilities, expected),
      tolerance: 1e-5,
    },
  ]
}
