import { expect, test } from 'vitest'
import { onnxBackend } from '../../../src-main/nn/backendOnnx.ts'
import { forwardModel } from '../../../src-main/nn/graph/forwardGraph.ts'
import { trainingGraph } from '../../../src-main/nn/graph/trainingGraph.ts'
import { randomBatch, randomNetwork, randomWeights } from './randomNetworks.ts'

const network = randomNetwork(2)
const backend = onnxBackend(2)

test('patches that do not fill the batch are an error of the engine, told in its own words', async () => {
  const trainer = await backend.createTrainer(network, 2)
  const batch = randomBatch(network, 1, [], 1)
  const step = trainer.step(randomWeights(network, 1), { ...batch, target: new Float32Array(6) })
  await expect(step).rejects.toMatchObject({
    code: 'ENGINE_FAILED',
    message: expect.stringContaining('a smaller batch needs less'),
  })
  await trainer.dispose()
})

test('an ONNX file that is no classifier of patches is refused with what is missing', async () => {
  await expect(backend.createPredictor(trainingGraph(network, 1).bytes, 'step.onnx')).rejects.toMatchObject({
    code: 'MODEL_FILE_BROKEN',
    data: { file: 'step.onnx', reason: 'it has no single input named “input”' },
  })
})

test('a model file cut short is refused', async () => {
  const bytes = forwardModel(network, randomWeights(network, 1))
  await expect(backend.createPredictor(bytes.subarray(0, bytes.length - 9), 'half.onnx')).rejects.toMatchObject({
    code: 'MODEL_FILE_BROKEN',
    data: { file: 'half.onnx' },
  })
})

test('a network that can not be built is refused before the engine sees it', async () => {
  const { layers } = network
  const headless = { ...network, layers: layers.slice(0, -1) }
  await expect(backend.createTrainer(headless, 2)).rejects.toMatchObject({ code: 'NETWORK_INVALID' })
})

test('correct counts the patches whose largest score is at their class', async () => {
  const trainer = await backend.createTrainer(network, 3)
  const weights = randomWeights(network, 1)
  const batch = randomBatch(network, 3, trainer.masks, 1)
  const counts = []
  for (const of of [0, 1, 2]) {
    const target = Float32Array.from({ length: 9 }, (_, place) => Number(place % 3 === of))
    counts.push((await trainer.step(weights, { ...batch, target })).correct)
  }
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(3)
  await trainer.dispose()
})
