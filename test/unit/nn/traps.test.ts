/** Mistakes that once cost days, each with the test that would have found it. */
import { expect, test } from 'vitest'
import type { LayerInput } from '../../../src-shared/networks.ts'
import { onnxBackend } from '../../../src-main/nn/backendOnnx.ts'
import { forwardModel } from '../../../src-main/nn/graph/forwardGraph.ts'
import { decodeModel } from '../../../src-main/nn/graph/onnx.ts'
import { trainingGraph } from '../../../src-main/nn/graph/trainingGraph.ts'
import { orientationsIn, shownMaps } from '../../../src-main/nn/reference/orientations.ts'
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

/** One layer between the patch, whose values reach it as they are, and the classes. */
const directly = (layer: LayerInput, ...more: readonly LayerInput[]) =>
  network(
    layer.kind,
    [2, 2, 2],
    [
      { kind: 'convolution', id: 'as_it_is', filters: 2, kernel: 1, groups: 2, bias: false },
      layer,
      ...more,
      { kind: 'flatten', id: 'f' },
      { kind: 'dense', id: 'classes', units: 2 },
    ],
  )

test.each(['gelu', 'silu', 'sigmoid', 'tanh', 'softmax', 'leaky-relu'] as const)(
  'values as far out as float32 goes make no NaN in %s, neither forward nor backward',
  async (kind) => {
    const extreme = directly({ kind, id: 'it' }, { kind: 'relu', id: 'capped', ceiling: 6 })
    const { parameters, mean, variance } = randomWeights(extreme, 8)
    parameters.set([1, 1]) // the convolution's two weights
    const patches = Float32Array.of(-3e38, -1e6, -90, -20, 20, 90, 1e6, 3e38)
    const trainer = await backend.createTrainer(extreme, 1)
    const step = await trainer.step(
      { parameters, mean, variance },
      { patches, target: Float32Array.of(1, 0), masks: [] },
    )
    await trainer.dispose()
    expect(Number.isFinite(step.loss)).toBe(true)
    // What the slope at 3e38 is multiplied with can be infinite in the convolution's own gradient, but never NaN.
    expect(step.gradient.filter(Number.isNaN)).toHaveLength(0)

    const predictor = await backend.createPredictor(forwardModel(extreme, { parameters, mean, variance }), kind)
    const probabilities = await predictor.run(patches, 1)
    await predictor.dispose()
    expect(probabilities.filter(Number.isNaN)).toHaveLength(0)
  },
)

test.each([
  [directly({ kind: 'global-max-pool', id: 'it' })],
  [
    directly(
      { kind: 'group-convolution', id: 'l', group: 'p4m', filters: 1, kernel: 1 },
      { kind: 'orientation-pool', id: 'it', take: 'max' },
    ),
  ],
])('of equal values one gets the gradient, not all: $layers.1.kind', async (pooled) => {
  const weights = randomWeights(pooled, 9)
  const trainer = await backend.createTrainer(pooled, 1)
  const white = new Float32Array(8).fill(1)
  const target = Float32Array.of(1, 0)
  const { gradient } = await trainer.step(weights, { patches: white, target, masks: [] })
  await trainer.dispose()
  const truth = referenceStep(
    pooled,
    { parameters: Float64Array.from(weights.parameters), mean: new Float64Array(), variance: new Float64Array() },
    tensor([1, 2, 2, 2], white),
    tensor([1, 2], target),
    new Map(),
  )
  for (const [place, value] of truth.gradient.entries()) expect(gradient[place]).toBeCloseTo(value, 6)
})

test.each(['p4', 'p4m'] as const)(
  'an exported network over %s says the same of a patch however it lies',
  async (group) => {
    const orientations = group === 'p4' ? 4 : 8
    const turning = network(
      `turning over ${group}`,
      [3, 9, 9],
      [
        { kind: 'group-convolution', id: 'lift', group, filters: 3, kernel: 3, padding: 1, bias: false },
        { kind: 'batch-norm', id: 'n1', orientations },
        { kind: 'relu', id: 'r1' },
        { kind: 'group-convolution', id: 'turn', group, filters: 4, kernel: 3, stride: 2, padding: 1 },
        { kind: 'batch-norm', id: 'n2', orientations },
        { kind: 'silu', id: 'r2' },
        { kind: 'max-pool', id: 'm', kernel: 3, stride: 1 },
        { kind: 'orientation-pool', id: 'pool', take: 'max' },
        { kind: 'global-average-pool', id: 'mean' },
        { kind: 'dense', id: 'classes', units: 3 },
      ],
    )
    const predictor = await backend.createPredictor(forwardModel(turning, randomWeights(turning, 10)), 'turning')
    const patch = randomBatch(turning, 1, [], 10).patches
    const upright = await predictor.run(patch, 1)
    for (const s of orientationsIn(group)) {
      const shown = shownMaps(s, tensor([1, 3, 9, 9], patch))
      for (const [k, value] of (await predictor.run(Float32Array.from(shown.data), 1)).entries())
        expect(value, `class ${k}, orientation ${s}`).toBeCloseTo(upright[k], 5)
    }
    await predictor.dispose()
  },
)
