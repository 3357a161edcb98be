/** Mistakes that once cost days, each with the test that would have found it. */
import { expect, test } from 'vitest'
import { onnxBackend } from '../../../src-main/nn/backendOnnx.ts'
import { decodeModel } from '../../../src-main/nn/graph/onnx.ts'
import { trainingGraph } from '../../../src-main/nn/graph/trainingGraph.ts'
import { referenceStep } from '../../../src-main/nn/reference/network.ts'
import { tensor } from '../../../src-main/nn/reference/tensor.ts'
import { network, randomBatch, randomWeights } from './randomNetworks.ts'

const BATCH = 4
const backend = onnxBackend(2)

/** Three batch norms in a row, so that each one's statistics are wanted long after the next has run. */
const deep = network(
  'three batch norms of one width',
  [3, 8, 8],
  [
    ...[1, 2, 3].flatMap(
      (at) =>
        [
          { kind: 'convolution', id: `c${at}`, filters: 6, kernel: 3, padding: 1, bias: false },
          { kind: 'batch-norm', id: `b${at}` },
          { kind: 'relu', id: `r${at}` },
        ] as const,
    ),
    { kind: 'global-average-pool', id: 'mean' },
    { kind: 'dense', id: 'classes', units: 2 },
  ],
)

test('batch norms do not overwrite each other’s statistics: gradients stay right, also in the second step', async () => {
  const weights = randomWeights(deep, 3)
  const trainer = await backend.createTrainer(deep, BATCH)
  const batch = randomBatch(deep, BATCH, [], 3)
  const truth = referenceStep(
    deep,
    {
      parameters: Float64Array.from(weights.parameters),
      mean: Float64Array.from(weights.mean),
      variance: Float64Array.from(weights.variance),
    },
    tensor([BATCH, ...deep.input], batch.patches),
    tensor([BATCH, 2], batch.target),
    new Map(),
  )
  const largest = Math.max(...truth.gradient.map(Math.abs))
  for (const step of [1, 2]) {
    const { gradient, mean, variance } = await trainer.step(weights, batch)
    for (const [place, value] of truth.gradient.entries())
      expect(Math.abs(gradient[place] - value) / largest, `step ${step}, number ${place}`).toBeLessThan(1e-5)
    for (const [place, value] of truth.mean.entries()) expect(mean[place]).toBeCloseTo(value, 5)
    for (const [place, value] of truth.variance.entries()) expect(variance[place]).toBeCloseTo(value, 5)
  }
  await trainer.dispose()
})

test('no two batch norms in training share a mean or variance input, and none of these is a constant', () => {
  const { graph } = decodeModel(trainingGraph(deep, BATCH).bytes)
  const given = graph.node
    .filter(({ opType }) => opType === 'BatchNormalization')
    .flatMap(({ input }) => input.slice(3))
  expect(given).toHaveLength(6)
  expect(new Set(given).size).toBe(6)
  const constants = new Set(graph.initializer.map(({ name }) => name))
  expect(given.filter((name) => constants.has(name))).toEqual([])
})

test.each([
  ['by the places the pool told', backend],
  ['by comparing values, as on graphics devices', onnxBackend(2, 'cpu', { operators: 'standard' })],
])('the white of a slide: of equal maxima one gets the gradient, not all, %s', async (_, backend) => {
  const pooled = network(
    'pool over white',
    [1, 4, 4],
    [
      { kind: 'convolution', id: 'c', filters: 1, kernel: 1 },
      { kind: 'max-pool', id: 'p', kernel: 2, stride: 2 },
      { kind: 'flatten', id: 'f' },
      { kind: 'dense', id: 'classes', units: 2 },
    ],
  )
  const weights = randomWeights(pooled, 4)
  const trainer = await backend.createTrainer(pooled, 1)
  const white = new Float32Array(16).fill(1)
  const target = Float32Array.of(1, 0)
  const { gradient } = await trainer.step(weights, { patches: white, target, masks: [] })
  await trainer.dispose()
  const truth = referenceStep(
    pooled,
    { parameters: Float64Array.from(weights.parameters), mean: new Float64Array(), variance: new Float64Array() },
    tensor([1, 1, 4, 4], white),
    tensor([1, 2], target),
    new Map(),
  )
  // Sent to every equal value, the gradients of the convolution's weight and bias would be four times as large.
  for (const [place, value] of truth.gradient.entries()) expect(gradient[place]).toBeCloseTo(value, 6)
})

test('the gradient of one step is not changed by the weights of the next', async () => {
  const weights = randomWeights(deep, 6)
  const trainer = await backend.createTrainer(deep, BATCH)
  const batch = randomBatch(deep, BATCH, [], 6)
  const first = (await trainer.step(weights, batch)).gradient.slice()
  const other = randomWeights(deep, 7)
  const between = (await trainer.step(other, batch)).gradient.slice()
  const again = (await trainer.step(weights, batch)).gradient.slice()
  await trainer.dispose()
  expect(between).not.toEqual(first)
  expect(again).toEqual(first)
})
