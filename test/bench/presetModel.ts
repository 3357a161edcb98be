/** The presets as they are trained and run, with fresh weights: numbers do not change the speed. */
import { presetNetwork } from '../../src-main/models/presets.ts'
import { onnxBackend } from '../../src-main/nn/backendOnnx.ts'
import { ENGINE_THREADS } from '../../src-main/nn/engineFacts.ts'
import { forwardModel } from '../../src-main/nn/graph/forwardGraph.ts'
import { parameterLayout } from '../../src-main/nn/graph/parameters.ts'
import { networkShapes } from '../../src-shared/network/shapes.ts'
import { initialWeights } from '../../src-main/nn/initialise.ts'
import { adamW, decayRanges } from '../../src-main/nn/optimiser.ts'
import type { NetworkDescription, PresetName } from '../../src-shared/networks.ts'

const CLASSES = 2

export function presetModel(preset: PresetName, edge: number): { network: NetworkDescription; onnx: Uint8Array } {
  const network = presetNetwork(preset, 3, edge, CLASSES)
  return { network, onnx: forwardModel(network, initialWeights(parameterLayout(networkShapes(network)), 1)) }
}

/** A training of the preset: `step` is forward, backward and AdamW on one batch that stays the same. */
export async function presetTraining(preset: PresetName, edge: number, batch: number) {
  const network = presetNetwork(preset, 3, edge, CLASSES)
  const trainer = await onnxBackend(ENGINE_THREADS).createTrainer(network, batch)
  const weights = initialWeights(trainer.layout, 1)
  const optimiser = adamW()
  const ranges = decayRanges(trainer.layout)
  let state = optimiser.init(weights.parameters.length)
  const input = {
    patches: Float32Array.from({ length: batch * 3 * edge * edge }, (_, i) => Math.sin(i)),
    target: Float32Array.from({ length: batch * CLASSES }, (_, i) => ((i >> 1) + i) % 2),
    masks: trainer.masks.map((mask) =>
      new Float32Array(mask.dims.reduce((product, each) => product * each, 1)).fill(1),
    ),
  }
  return {
    network,
    async step(): Promise<void> {
      const { gradient } = await trainer.step(weights, input)
      state = optimiser.update(weights.parameters, gradient, state, 1e-3, ranges)
    },
    dispose: () => trainer.dispose(),
  }
}
