/** Every family of presets through the real engine: what can be described can also be trained. */
import { expect, test } from 'vitest'
import { presetNetwork } from '../../../src-main/models/presets.ts'
import { onnxBackend } from '../../../src-main/nn/backendOnnx.ts'
import { forwardModel } from '../../../src-main/nn/graph/forwardGraph.ts'
import { parameterLayout } from '../../../src-main/nn/graph/parameters.ts'
import { initialWeights } from '../../../src-main/nn/initialise.ts'
import { adamW, decayRanges } from '../../../src-main/nn/optimiser.ts'
import { seededRandom } from '../../../src-main/nn/random.ts'
import { sizeOf } from '../../../src-shared/network/layerShape.ts'
import { networkShapes } from '../../../src-shared/network/shapes.ts'
import type { PresetName } from '../../../src-shared/networks.ts'

const BATCH = 2
const SEED = 1
/** Small enough for VGG, which has no norms: at 0.001 its second loss is hundreds. */
const RATE = 1e-5

/** The smallest of each family, at the smallest patch it is made for. */
const families: [PresetName, number][] = [
  ['tessera-s', 16],
  ['small-vgg', 16],
  ['small-inception', 16],
  ['digits-7', 28],
  ['mlp', 16],
  ['lenet-5', 28],
  ['vgg-11', 32],
  ['googlenet', 32],
  ['resnet-18', 32],
  ['resnet-50', 32],
  ['densenet-121', 32],
  ['mobilenet-v2', 32],
  ['p4m-densenet', 16],
]

test.each(families)(
  `two steps of %s, %i px, change every parameter a gradient reaches, and the loss stays finite (seed ${SEED})`,
  { timeout: 30_000 },
  async (preset, edge) => {
    const trainer = await onnxBackend(2).createTrainer(presetNetwork(preset, 3, edge, 2), BATCH)
    const random = seededRandom(SEED)
    const weights = initialWeights(trainer.layout, SEED)
    const before = weights.parameters.slice()
    const input = {
      patches: Float32Array.from({ length: BATCH * 3 * edge * edge }, () => 2 * random() - 1),
      target: Float32Array.of(1, 0, 0, 1),
      masks: trainer.masks.map(({ dims }) => new Float32Array(sizeOf(dims)).fill(1)),
    }
    const optimiser = adamW()
    let state = optimiser.init(trainer.layout.length)
    for (let step = 0; step < 2; step++) {
      const { loss, gradient } = await trainer.step(weights, input)
      expect(loss).toBeGreaterThan(0)
      expect(loss).toBeLessThan(Infinity)
      expect(gradient.every(Number.isFinite)).toBe(true)
      state = optimiser.update(weights.parameters, gradient, state, RATE, decayRanges(trainer.layout))
    }
    await trainer.dispose()
    for (const { name, offset, length } of trainer.layout.parameters) {
      const moved = weights.parameters
        .subarray(offset, offset + length)
        .some((value, at) => value !== before[offset + at])
      expect(moved, name).toBe(true)
    }
  },
)

test(`P4M-DenseNet gives a patch of 32 px the same answer turned and mirrored, and ResNet-18 does not (seed ${SEED})`, async () => {
  const edge = 32
  const random = seededRandom(SEED)
  const patch = Float32Array.from({ length: 3 * edge * edge }, () => 2 * random() - 1)
  /** the patch read from (y, x) → (x, edge − 1 − y) and (y, edge − 1 − x): a quarter turn, and a mirror image */
  const seenAs = (from: (y: number, x: number) => [number, number]) =>
    patch.map((_, at) => {
      const [channel, y, x] = [Math.floor(at / edge ** 2), Math.floor(at / edge) % edge, at % edge]
      const [row, column] = from(y, x)
      return patch[(channel * edge + row) * edge + column]!
    })
  const views = [patch, seenAs((y, x) => [x, edge - 1 - y]), seenAs((y, x) => [y, edge - 1 - x])]
  const batch = new Float32Array(views.length * patch.length)
  for (const [place, view] of views.entries()) batch.set(view, place * patch.length)

  /** largest difference between the first probability of the patch and of its views */
  async function spread(preset: PresetName): Promise<number> {
    const network = presetNetwork(preset, 3, edge, 2)
    const weights = initialWeights(parameterLayout(networkShapes(network)), SEED)
    const predictor = await onnxBackend(2).createPredictor(forwardModel(network, weights), preset)
    const probabilities = await predictor.run(batch, views.length)
    await predictor.dispose()
    const first = views.map((_, place) => probabilities[2 * place]!)
    return Math.max(...first) - Math.min(...first)
  }
  expect(await spread('p4m-densenet')).toBeLessThan(1e-5)
  expect(await spread('resnet-18')).toBeGreaterThan(1e-3)
})
