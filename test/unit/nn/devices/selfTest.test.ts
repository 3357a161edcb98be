/** The self-test against backends that are the processor with one thing changed. */
import { expect, test } from 'vitest'
import { Layer } from '../../../../src-shared/networks.ts'
import type { Backend, Trainer, TrainerStep } from '../../../../src-main/nn/backend.ts'
import { onnxBackend } from '../../../../src-main/nn/backendOnnx.ts'
import { forwardModel } from '../../../../src-main/nn/graph/forwardGraph.ts'
import { testPrediction, testTraining, TOLERANCE } from '../../../../src-main/nn/selfTest.ts'
import { randomBatch, randomWeights } from '../randomNetworks.ts'
import { everyLayer } from './networks.ts'

const cpu = onnxBackend(2)
const BATCH = 3

const testing = (device: Backend, timed = false) =>
  testTraining(
    { name: 'webgpu', device, cpu },
    {
      network: everyLayer,
      batch: BATCH,
      seed: 1,
      firstBatch: (masks) => randomBatch(everyLayer, BATCH, masks, 1),
    },
    timed,
  )

/** The processor, but for what `change` does to each step. */
const stepping = (change: (step: TrainerStep, trainer: Trainer) => TrainerStep): Backend => ({
  ...cpu,
  async createTrainer(network, batch) {
    const trainer = await cpu.createTrainer(network, batch)
    return { ...trainer, step: async (weights, input) => change(await trainer.step(weights, input), trainer) }
  },
})

test('the network compared has every kind of layer', () => {
  const kinds = new Set(everyLayer.layers.map(({ kind }) => kind))
  expect([...kinds].toSorted()).toEqual(Layer.options.map(({ shape }) => shape.kind.value).toSorted())
})

test('the processor equals itself, and is timed on both sides', async () => {
  const { fault, comparisons, seconds } = await testing(cpu, true)
  expect(fault).toBe(null)
  expect(comparisons.map(({ difference }) => difference)).toEqual([0, 0, 0, 0, 0])
  expect(seconds!.cpu).toBeGreaterThan(0)
  expect(seconds!.device / seconds!.cpu).toBeGreaterThan(0.01)
})

test('the same network in the operators of graphics devices is within the tolerances', async () => {
  const { fault } = await testing(onnxBackend(2, 'cpu', { operators: 'standard' }))
  expect(fault).toBe(null)
})

test.each([
  [
    'a loss off by a thousandth',
    (step: TrainerStep) => ({ ...step, loss: step.loss * 1.001 + 0.001 }),
    'the loss of the first batch',
  ],
  ['a loss that is no number', (step: TrainerStep) => ({ ...step, loss: Number.NaN }), 'the loss of the first batch'],
  [
    'a gradient of one parameter off by a hundredth',
    (step: TrainerStep, { layout }: Trainer) => {
      const { offset, length } = layout.parameters.find(({ name }) => name === 'many.weight')!
      const gradient = step.gradient.map((value, at) => (at >= offset && at < offset + length ? 1.01 * value : value))
      return { ...step, gradient }
    },
    'the gradient of many.weight',
  ],
  [
    'a gradient of zeros',
    (step: TrainerStep) => ({ ...step, gradient: step.gradient.map(() => 0) }),
    'the gradient of',
  ],
  [
    'batch statistics off by a hundredth',
    (step: TrainerStep) => ({ ...step, variance: step.variance.map((value) => 1.01 * value) }),
    'the batch’s variance',
  ],
] as const)('%s is found', async (_, change, what) => {
  const { fault, seconds } = await testing(stepping(change), true)
  expect(fault).toMatchObject({
    code: 'DEVICE_WRONG',
    message: expect.stringContaining(`WebGPU does not compute “every layer” as the CPU does: ${what}`),
    data: { device: 'webgpu', what: expect.stringContaining(what) },
  })
  expect(seconds).toBe(null)
})

test('the first layer that differs is named', async () => {
  const wrong: Backend = {
    ...stepping((step) => ({ ...step, loss: 2 * step.loss })),
    async layerOutputs(...asked) {
      const outputs = await cpu.layerOutputs(...asked)
      const from = everyLayer.layers.findIndex(({ id }) => id === 'overlapping')
      for (const { id } of everyLayer.layers.slice(from))
        outputs.set(
          id,
          outputs.get(id)!.map((value) => 2 * value + 1),
        )
      return outputs
    },
  }
  expect((await testing(wrong)).fault).toMatchObject({
    message: expect.stringContaining('the first layer that differs is “overlapping”'),
    data: { layer: 'overlapping' },
  })
})

test('probabilities of a model are compared, and one that is off is found', async () => {
  const model = { onnx: forwardModel(everyLayer, randomWeights(everyLayer, 2)), file: 'model.onnx' }
  const { patches } = randomBatch(everyLayer, BATCH, [], 2)
  const off = (by: number): Backend => ({
    ...cpu,
    async createPredictor(onnx, file) {
      const predictor = await cpu.createPredictor(onnx, file)
      return { ...predictor, run: async (...given) => (await predictor.run(...given)).map((value) => value + by) }
    },
  })
  const faultWith = async (by: number) =>
    (await testPrediction({ name: 'webgpu', device: off(by), cpu }, model, patches, BATCH, false)).fault
  expect(await faultWith(TOLERANCE.probabilities / 2)).toBe(null)
  expect(await faultWith(2 * TOLERANCE.probabilities)).toMatchObject({
    code: 'DEVICE_WRONG',
    data: { what: 'a probability' },
  })
  expect(await faultWith(Number.NaN)).toMatchObject({ code: 'DEVICE_WRONG' })
})
