/** The inside of networks, as the engine tells it, against the reference, PyTorch, and slopes. */
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { describedLayers } from '../../../src-shared/network/describedLayers.ts'
import { networkShapes } from '../../../src-shared/network/shapes.ts'
import { windowSteps } from '../../../src-shared/network/windowSum.ts'
import { NetworkDescription } from '../../../src-shared/networks.ts'
import { gradCam } from '../../../src-main/inspection/saliency.ts'
import { openInspection } from '../../../src-main/nn/backendInspection.ts'
import { onnxBackend } from '../../../src-main/nn/backendOnnx.ts'
import { ensembleModel } from '../../../src-main/nn/ensemble.ts'
import { forwardModel } from '../../../src-main/nn/graph/forwardGraph.ts'
import { graphWriter } from '../../../src-main/nn/graph/graphWriter.ts'
import { encodeModel, intsAttribute } from '../../../src-main/nn/graph/onnx.ts'
import type { Weights } from '../../../src-main/nn/graph/parameters.ts'
import type { InspectionOrder } from '../../../src-main/nn/inspectionContract.ts'
import { seeded } from '../../../src-main/nn/random.ts'
import { referenceValues } from '../../../src-main/nn/reference/network.ts'
import { tensor } from '../../../src-main/nn/reference/tensor.ts'
import { temporaryFolder } from '../../fixtures/temporary.ts'
import { network, networksOfEachKind, randomNetwork, randomWeights } from './randomNetworks.ts'

const plain = { mean: [0, 0, 0], std: [1, 1, 1] }

const fileOf = (onnx: Uint8Array): string => {
  const file = path.join(temporaryFolder(), 'model.onnx')
  writeFileSync(file, onnx)
  return file
}

async function opened(onnx: Uint8Array, order: Pick<InspectionOrder, 'description' | 'input'>, member = 0) {
  const found = await openInspection({ file: fileOf(onnx), member, normalisation: plain, answer: null, ...order }, 1)
  onTestFinished(() => found.dispose())
  return found
}
const openedOwn = (of: NetworkDescription, weights: Weights) =>
  opened(forwardModel(of, weights), { description: of, input: of.input })

const patchOf = ({ input }: NetworkDescription, seed: number) =>
  Float32Array.from({ length: input.reduce((a, b) => a * b, 1) }, seeded(seed, 4).normal)
const inDouble = (weights: Weights) => ({
  parameters: Float64Array.from(weights.parameters),
  mean: Float64Array.from(weights.mean),
  variance: Float64Array.from(weights.variance),
})
/** Distance as a share of the length of the true one. */
function distance(found: ArrayLike<number>, truth: ArrayLike<number>): number {
  expect(found.length).toBe(truth.length)
  const norm = (of: number[]) => Math.hypot(...of)
  return norm(Array.from(truth, (value, at) => found[at] - value)) / Math.max(1e-6, norm(Array.from(truth)))
}

const seeds = Array.from({ length: 12 }, (_, at) => at + 1)
const some = [...networksOfEachKind, ...seeds.map((seed) => ({ ...randomNetwork(seed), name: `random, seed ${seed}` }))]

describe('what layers make of a patch equals the reference', () => {
  test.each(some)('$name', async (of) => {
    const weights = randomWeights(of, 3)
    const patch = patchOf(of, 3)
    const truth = referenceValues(of, inDouble(weights), tensor([1, ...of.input], patch))
    const inside = await openedOwn(of, weights)
    for (const { layer, shape } of networkShapes(of).layers) {
      const found = await inside.layer(layer.id, patch, 1)
      expect(found.shape, layer.id).toEqual([...shape])
      expect(distance(found.data, truth.get(layer.id)!.data), layer.id).toBeLessThan(2e-4)
    }
  })
})

describe('the gradient of a class at the patch is its slope', () => {
  test.each(some)('$name', async (of) => {
    const weights = randomWeights(of, 5)
    const double = inDouble(weights)
    const patch = patchOf(of, 5)
    const last = of.layers.at(-1)!.id
    const logit = (values: Float64Array) =>
      referenceValues(of, double, tensor([1, ...of.input], values)).get(last)!.data[1]
    const inside = await openedOwn(of, weights)
    const { gradient, logits } = await inside.gradient('input', 1, patch)
    expect(logits[1]).toBeCloseTo(logit(Float64Array.from(patch)), 3)
    const random = seeded(8)
    const places = Array.from({ length: 10 }, () => random.below(patch.length))
    const slopes = places.map((at) => {
      const [up, down] = [Float64Array.from(patch), Float64Array.from(patch)]
      up[at] += 1e-6
      down[at] -= 1e-6
      return (logit(up) - logit(down)) / 2e-6
    })
    const scale = Math.max(...gradient.data.map(Math.abs), 1e-6)
    for (const [i, at] of places.entries())
      expect(Math.abs(gradient.data[at] - slopes[i]) / scale, `place ${at}`).toBeLessThan(2e-3)
  })
})

type Golden = {
  name: string
  seed: number
  layer: string
  chosen: number
  logits: number[]
  maps: number[]
  at_maps: number[]
  at_patch: number[]
  grad_cam: number[]
}
type GoldenNetwork = {
  network: unknown
  parameters: number[]
  patches: number[]
  running: { mean: number[]; variance: number[] }
}
const golden = <Case>(name: string): Case[] =>
  (
    JSON.parse(readFileSync(new URL(`../../golden/nn/${name}`, import.meta.url), 'utf8')) as {
      cases: Case[]
    }
  ).cases

describe('maps, gradients and Grad-CAM equal PyTorch', () => {
  test.each(golden<Golden>('inside.json'))('$name (torch seed $seed)', async ({ name, layer, chosen, ...truth }) => {
    const stored = golden<GoldenNetwork>('networks.json').find(
      ({ network: of }) => NetworkDescription.parse(of).name === name,
    )!
    const of = NetworkDescription.parse(stored.network)
    const inside = await openedOwn(of, {
      parameters: Float32Array.from(stored.parameters),
      mean: Float32Array.from(stored.running.mean),
      variance: Float32Array.from(stored.running.variance),
    })
    const patch = Float32Array.from(
      stored.patches.slice(
        0,
        of.input.reduce((a, b) => a * b, 1),
      ),
    )
    const at = await inside.gradient(layer, chosen, patch)
    expect(distance(at.logits, truth.logits)).toBeLessThan(1e-5)
    expect(distance(at.output.data, truth.maps)).toBeLessThan(1e-5)
    expect(distance(at.gradient.data, truth.at_maps)).toBeLessThan(1e-5)
    expect(distance(gradCam(at.output, at.gradient), truth.grad_cam)).toBeLessThan(1e-5)
    expect(distance((await inside.gradient('input', chosen, patch)).gradient.data, truth.at_patch)).toBeLessThan(1e-5)
    expect(distance((await inside.layer(layer, patch, 1)).data, truth.maps)).toBeLessThan(1e-5)
  })
})

describe('the numbers of one window', () => {
  const windowed = some.filter(({ layers }) =>
    layers.some(({ kind }) => ['convolution', 'group-convolution', 'max-pool', 'average-pool'].includes(kind)),
  )
  test.each(windowed)('step by step give what the engine gives: $name', async (of) => {
    const weights = randomWeights(of, 2)
    const patch = patchOf(of, 2)
    const inside = await openedOwn(of, weights)
    const random = seeded(6)
    for (const { name, kind, shape } of inside.layers) {
      if (!['convolution', 'group-convolution', 'max-pool', 'average-pool'].includes(kind)) continue
      const corner = [shape[0] - 1, shape[1] - 1, shape[2] - 1] as const
      const anywhere = shape.map((length) => random.below(length)) as unknown as readonly [number, number, number]
      for (const place of [[0, 0, 0] as const, corner, anywhere]) {
        const numbers = await inside.window(name, place, patch)
        const { result } = windowSteps(numbers)
        const scale = Math.max(1, Math.abs(numbers.output))
        expect(Math.abs(result - numbers.output) / scale, `${name} at ${place.join()}`).toBeLessThan(1e-4)
        const [, height, width] = shape
        const maps = await inside.layer(name, patch, 1)
        expect(numbers.output).toBe(maps.data[(place[0] * height + place[1]) * width + place[2]])
      }
    }
  })

  test('go on through the batch norm and the activation that follow', async () => {
    const of = network(
      'followed',
      [3, 8, 8],
      [
        { kind: 'convolution', id: 'c', filters: 4, kernel: 3, padding: 1 },
        { kind: 'batch-norm', id: 'n' },
        { kind: 'relu', id: 'r' },
        { kind: 'global-average-pool', id: 'mean' },
        { kind: 'dense', id: 'classes', units: 2 },
      ],
    )
    const inside = await openedOwn(of, randomWeights(of, 1))
    const { output, following } = await inside.window('c', [2, 3, 4], patchOf(of, 1))
    expect(following.map(({ name }) => name)).toEqual(['n', 'r'])
    const { mean, variance, epsilon, scale, shift } = following[0].norm!
    const normal = ((output - mean) / Math.sqrt(variance + epsilon)) * scale + shift
    expect(following[0].value).toBeCloseTo(normal, 4)
    expect(following[1].value).toBeCloseTo(Math.max(0, normal), 4)
  })

  test('of a place or a layer that has none are refused', async () => {
    const of = networksOfEachKind.find(({ layers }) => layers.some(({ kind }) => kind === 'max-pool'))!
    const inside = await openedOwn(of, randomWeights(of, 1))
    const patch = patchOf(of, 1)
    await expect(inside.window('before', [0, 99, 0], patch)).rejects.toMatchObject({ code: 'LAYER_PLACE_UNKNOWN' })
    await expect(inside.window('flat', [0, 0, 0], patch)).rejects.toMatchObject({ code: 'LAYER_PLACE_UNKNOWN' })
    await expect(inside.window('nothing', [0, 0, 0], patch)).rejects.toMatchObject({
      code: 'LAYER_UNKNOWN',
      message: expect.stringContaining('before'),
    })
  })
})

describe('the networks of an ensemble', () => {
  const small = network(
    'small',
    [3, 10, 10],
    [
      { kind: 'convolution', id: 'c', filters: 6, kernel: 3, padding: 1 },
      { kind: 'relu', id: 'r' },
      { kind: 'global-average-pool', id: 'mean' },
      { kind: 'dense', id: 'classes', units: 2 },
    ],
  )
  const normalisations = [
    { mean: [0.7, 0.5, 0.6], std: [0.2, 0.3, 0.25] },
    { mean: [0.65, 0.55, 0.6], std: [0.22, 0.26, 0.2] },
    plain,
  ]
  const members = normalisations.map((normalisation, i) => ({
    onnx: forwardModel(small, randomWeights(small, i + 1)),
    file: `${i}.onnx`,
    normalisation,
  }))
  const values = Float32Array.from({ length: 300 }, seeded(3).next)
  const inputOf = ({ mean, std }: typeof plain) =>
    values.map((value, i) => (value - mean[Math.floor(i / 100) % 3]) / std[Math.floor(i / 100) % 3])

  test.each([0, 1, 2])('are looked into one by one, each given what it expects (network %i)', async (member) => {
    const inside = await opened(ensembleModel(members, 'three'), { description: small, input: small.input }, member)
    expect(inside.members).toBe(3)
    const alone = await onnxBackend(1).createPredictor(members[member].onnx, 'alone')
    const truth = (await alone.run(inputOf(normalisations[member]), 1)).slice()
    await alone.dispose()
    const patch = inside.prepared(inputOf(normalisations[0]))
    expect(distance(await inside.answer(patch, 1), truth)).toBeLessThan(1e-5)
    const { logits } = await inside.gradient('r', 0, patch)
    const odds = Math.exp(logits[1] - logits[0])
    expect(truth[1]).toBeCloseTo(odds / (1 + odds), 5)
  })

  test('of an ensemble of ensembles are all there', async () => {
    const inner = { onnx: ensembleModel(members.slice(1), 'two'), file: 'two.onnx', normalisation: normalisations[1] }
    const whole = ensembleModel([members[0], inner], 'nested')
    const answers = []
    for (const member of [0, 1, 2]) {
      const inside = await opened(whole, { description: small, input: small.input }, member)
      expect(inside.members).toBe(3)
      answers.push((await inside.answer(inside.prepared(inputOf(normalisations[0])), 1)).slice())
    }
    const together = await onnxBackend(1).createPredictor(whole, 'nested')
    const truth = (await together.run(inputOf(normalisations[0]), 1)).slice()
    await together.dispose()
    expect(distance([0.5 * answers[0][0] + 0.25 * (answers[1][0] + answers[2][0])], [truth[0]])).toBeLessThan(1e-5)
    await expect(opened(whole, { description: small, input: small.input }, 3)).rejects.toMatchObject({
      code: 'MODEL_UNKNOWN',
    })
  })
})

describe('a network of another program', () => {
  /** A convolution with stride, an activation, a mean, a matrix; and a shape worked out on the way, which is no layer. */
  function stranger(): Uint8Array {
    const random = seeded(12)
    const floats = (length: number) => Float32Array.from({ length }, random.normal)
    const writer = graphWriter('stranger')
    writer.input('pixels', ['n', 3, 9, 9])
    const weight = writer.constant([4, 3, 3, 3], floats(108), 'w')
    const bias = writer.constant([4], floats(4), 'b')
    const conv = writer.op(
      'Conv',
      ['pixels', weight, bias],
      [intsAttribute('strides', [2, 2]), intsAttribute('pads', [1, 1, 1, 1])],
      'maps',
    )
    const relu = writer.op('Relu', [conv], [], 'positive')
    writer.op('Shape', [relu], [], 'numbers_of_places')
    const means = writer.op('Flatten', [writer.op('GlobalAveragePool', [relu], [], 'means')], [], 'row')
    const head = writer.op('MatMul', [means, writer.constant([4, 2], floats(8), 'head')], [], 'scores')
    writer.output('probabilities', writer.op('Softmax', [head], [], 'shares'), ['n', 2])
    return new Uint8Array(Buffer.from(encodeModel(writer.graph(), { text: '' })))
  }
  const input = [3, 9, 9] as [number, number, number]

  test('has the layers of its graph, with the shapes of a trial run', async () => {
    const inside = await opened(stranger(), { description: null, input })
    const of = (name: string) => inside.layers.find((layer) => layer.name === name)
    expect(of('maps')).toMatchObject({
      kind: 'Conv',
      inputs: ['input'],
      shape: [4, 5, 5],
      window: { kernel: [3, 3], stride: [2, 2], padding: [1, 1] },
      parameters: 112,
      multiplyAdds: 108 * 25,
      receptiveField: { size: 3, jump: 2 },
      fullyConnected: 243 * 100 + 100,
    })
    expect(of('scores')).toMatchObject({ shape: [2], parameters: 8, multiplyAdds: 8 })
    expect(of('numbers_of_places')).toBeUndefined()
    expect(inside.firstFilters).toMatchObject({ layer: 'maps', filters: 4, channels: 3, height: 3, width: 3 })
  })

  test('shows its maps and windows, and says why it has no gradients', async () => {
    const inside = await opened(stranger(), { description: null, input })
    const patch = Float32Array.from({ length: 243 }, seeded(1).normal)
    const numbers = await inside.window('maps', [1, 2, 3], patch)
    expect(windowSteps(numbers).result).toBeCloseTo(numbers.output, 4)
    expect((await inside.layer('positive', patch, 1)).data[25 + 13]).toBeCloseTo(Math.max(0, numbers.output), 5)
    await expect(inside.gradient('maps', 0, patch)).rejects.toMatchObject({
      code: 'GRADIENTS_NOT_POSSIBLE',
      data: { reason: expect.stringContaining('another program') },
    })
  })

  test('that is no network is refused', async () => {
    await expect(opened(new Uint8Array([1, 2, 3]), { description: null, input })).rejects.toMatchObject({
      code: 'MODEL_FILE_BROKEN',
    })
  })
})

test('a convolution is set beside the dense layer it spares: 200 × 200 px in colour and 1,000 units are 120 million weights', () => {
  const of = network(
    'lecture',
    [3, 200, 200],
    [
      { kind: 'convolution', id: 'c', filters: 1000, kernel: 200, bias: false },
      { kind: 'flatten', id: 'f' },
      { kind: 'dense', id: 'classes', units: 2 },
    ],
  )
  expect(describedLayers(of)[0]!.fullyConnected).toBe(120_000_000)
})
