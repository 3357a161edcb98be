/** Networks as they are trained and run, with fresh weights: numbers do not change the speed. */
import { presetNetwork } from '../../src-main/models/presets.ts'
import { onnxBackend } from '../../src-main/nn/backendOnnx.ts'
import { ENGINE_THREADS } from '../../src-main/nn/engineFacts.ts'
import { forwardModel } from '../../src-main/nn/graph/forwardGraph.ts'
import { parameterLayout } from '../../src-main/nn/graph/parameters.ts'
import { initialWeights } from '../../src-main/nn/initialise.ts'
import { decayRanges, optimiserOf } from '../../src-main/nn/optimiser.ts'
import { trainStep, type Learned } from '../../src-main/training/step.ts'
import { Recipe } from '../../src-shared/recipe.ts'
import { sizeOf } from '../../src-shared/network/layerShape.ts'
import { networkShapes } from '../../src-shared/network/shapes.ts'
import type { NetworkDescription, PresetName } from '../../src-shared/networks.ts'

const CLASSES = 2

export const presetForTissue = (preset: PresetName, edge: number): NetworkDescription =>
  presetNetwork(preset, 3, edge, CLASSES)

export const modelOf = (network: NetworkDescription): Uint8Array =>
  forwardModel(network, initialWeights(parameterLayout(networkShapes(network)), 1))

/** A training: `step` is forward, backward, the gradient's norm and AdamW on one batch that stays the same. */
export async function trainingOf(network: NetworkDescription, batch: number) {
  const trainer = await onnxBackend(ENGINE_THREADS).createTrainer(network, batch)
  const recipe = Recipe.parse({ clipNorm: null, averageDecay: null })
  const learned: Learned = {
    weights: initialWeights(trainer.layout, 1),
    optimiser: optimiserOf(recipe.optimiser).init(trainer.layout.length),
    average: null,
  }
  const { classes } = trainer
  const input = {
    patches: Float32Array.from({ length: batch * sizeOf(network.input) }, (_, i) => Math.sin(i)),
    target: Float32Array.from({ length: batch * classes }, (_, i) =>
      i % classes === Math.floor(i / classes) % classes ? 1 : 0,
    ),
    masks: trainer.masks.map((mask) => new Float32Array(sizeOf(mask.dims)).fill(1)),
  }
  const run = { order: { recipe }, trainer, batches: { of: () => input }, ranges: decayRanges(trainer.layout) }
  let done = 0
  return {
    async step(): Promise<void> {
      await trainStep(run, learned, done++, 1e-3)
    },
    dispose: () => trainer.dispose(),
  }
}
