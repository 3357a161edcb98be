/** Every family of presets through the real engine: what can be described can also be trained. */
import { expect, test } from 'vitest'
import { presetNetwork } from '../../../src-main/models/presets.ts'
import { onnxBackend } from '../../../src-main/nn/backendOnnx.ts'
import { initialWeights } from '../../../src-main/nn/initialise.ts'
import { adamW, decayRanges } from '../../../src-main/nn/optimiser.ts'
import { seededRandom } from '../../../src-main/nn/random.ts'
import { sizeOf } from '../../../src-shared/network/layerShape.ts'
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
