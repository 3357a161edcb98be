/** Trains a network for some steps and prints how much memory that took, in bytes: a process of its own, for a true peak. */
import { networkShapes } from '../../../src-shared/network/shapes.ts'
import { sizeOf } from '../../../src-shared/network/layerShape.ts'
import { NetworkDescription } from '../../../src-shared/networks.ts'
import { onnxBackend } from '../../../src-main/nn/backendOnnx.ts'
import { initialWeights } from '../../../src-main/nn/initialise.ts'
import { adamW, decayRanges } from '../../../src-main/nn/optimiser.ts'

const STEPS = 4
const network = NetworkDescription.parse(JSON.parse(process.argv[2] ?? ''))
const batch = Number(process.argv[3])
const { classes } = networkShapes(network)

/** The most this process has ever held; Node gives KiB. */
const peak = () => process.resourceUsage().maxRSS * 1024
const before = peak()
const trainer = await onnxBackend(2).createTrainer(network, batch)
const weights = initialWeights(trainer.layout, 1)
const input = {
  patches: new Float32Array(batch * sizeOf(network.input)).map((_, place) => Math.sin(place)),
  target: new Float32Array(batch * classes).fill(1 / classes),
  masks: trainer.masks.map(({ dims }) => new Float32Array(sizeOf(dims)).fill(1)),
}
const optimiser = adamW()
let state = optimiser.init(trainer.layout.length)
for (let step = 0; step < STEPS; step++) {
  const { gradient } = await trainer.step(weights, input)
  state = optimiser.update(weights.parameters, gradient, state, 1e-3, decayRanges(trainer.layout))
}
console.log(peak() - before)
