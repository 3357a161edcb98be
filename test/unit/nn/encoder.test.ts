/** Networks as encoders: one of their inner values for each patch, and files that can not be used refused by name. */
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { networkShapes } from '../../../src-shared/network/shapes.ts'
import { onnxBackend } from '../../../src-main/nn/backendOnnx.ts'
import { openEncoder } from '../../../src-main/nn/backendEncoder.ts'
import type { EncoderOrder } from '../../../src-main/nn/encoderContract.ts'
import { ensembleModel } from '../../../src-main/nn/ensemble.ts'
import { forwardModel } from '../../../src-main/nn/graph/forwardGraph.ts'
import { graphWriter } from '../../../src-main/nn/graph/graphWriter.ts'
import { decodeModel, encodeModel, intsAttribute } from '../../../src-main/nn/graph/onnx.ts'
import { parameterLayout, parameterView } from '../../../src-main/nn/graph/parameters.ts'
import { initialWeights } from '../../../src-main/nn/initialise.ts'
import { seeded } from '../../../src-main/nn/random.ts'
import { temporaryFolder } from '../../fixtures/temporary.ts'
import { EDGE, smallNetwork } from '../training/trainingBench.ts'

const layout = parameterLayout(networkShapes(smallNetwork))
const length = 3 * EDGE * EDGE
const plain = { mean: [0, 0, 0], std: [1, 1, 1] }
const patchesOf = (count: number, seed: number) => Float32Array.from({ length: count * length }, seeded(seed).normal)

const fileOf = (onnx: Uint8Array, name = 'a model.onnx'): string => {
  const file = path.join(temporaryFolder(), name)
  writeFileSync(file, onnx)
  return file
}
const own = (seed: number) => forwardModel(smallNetwork, initialWeights(layout, seed))

const orderOf = (file: string, layer: string | null = null): EncoderOrder => ({
  file,
  input: { edgePx: EDGE, channels: 3 },
  normalisation: plain,
  layer,
})

async function featuresOf(order: EncoderOrder, patches: Float32Array, count: number) {
  const { predictor, ...facts } = await openEncoder(order, 1)
  try {
    return { ...facts, features: (await predictor.run(patches, count)).slice() }
  } finally {
    await predictor.dispose()
  }
}

describe('a model of Tessera’s own', () => {
  test('gives what its last dense layer reads: put through that layer they are its probabilities', async () => {
    const weights = initialWeights(layout, 4)
    const onnx = forwardModel(smallNetwork, weights)
    const patches = patchesOf(5, 1)
    const found = await featuresOf(orderOf(fileOf(onnx)), patches, 5)
    expect(found).toMatchObject({ layer: 'mean', pooling: 'none', dimensions: 8 })
    const predictor = await onnxBackend(1).createPredictor(onnx, 'x')
    const probabilities = (await predictor.run(patches, 5)).slice()
    await predictor.dispose()
    const view = (name: string) =>
      parameterView(
        weights.parameters,
        layout.parameters.find((each) => each.name === name)!,
      )
    const [w, b] = [view('classes.weight'), view('classes.bias')]
    for (let patch = 0; patch < 5; patch++) {
      const logits = [0, 1].map((c) => {
        let sum = b[c]!
        for (let j = 0; j < 8; j++) sum += w[c * 8 + j]! * found.features[patch * 8 + j]!
        return sum
      })
      expect(probabilities[2 * patch + 1]).toBeCloseTo(1 / (1 + Math.exp(logits[0]! - logits[1]!)), 5)
    }
  })

  test('a layer by name that makes maps gives the mean of each channel over its places', async () => {
    const file = fileOf(own(2))
    const patches = patchesOf(3, 2)
    const pooled = await featuresOf(orderOf(file, 'p'), patches, 3)
    expect(pooled).toMatchObject({ layer: 'p', pooling: 'mean', dimensions: 8 })
    const { features } = await featuresOf(orderOf(file, 'mean'), patches, 3)
    for (const [i, value] of features.entries()) expect(pooled.features[i]).toBeCloseTo(value, 5)
  })

  test('what only led to the probabilities is cut away', async () => {
    const { graph } = await featuresOf(orderOf(fileOf(own(1)), 'c1'), patchesOf(1, 1), 1)
    const model = decodeModel(graph.onnx as Uint8Array)
    expect(model.graph.initializer.map(({ name }) => name)).toEqual(['c1.weight'])
    expect(model.graph.output.map(({ name }) => name)).toEqual([graph.output])
  })

  test('of an ensemble the features of all members stand side by side', async () => {
    const normalisation = { mean: [0.7, 0.5, 0.6], std: [0.2, 0.3, 0.25] }
    const members = [1, 2].map((seed) => ({ onnx: own(seed), file: `${seed}.onnx`, normalisation }))
    const patches = patchesOf(2, 5)
    const both = await featuresOf(orderOf(fileOf(ensembleModel(members, 'two'))), patches, 2)
    expect(both).toMatchObject({ layer: 'm1_mean + m2_mean', dimensions: 16 })
    for (const [i, member] of members.entries()) {
      const { features } = await featuresOf(orderOf(fileOf(member.onnx)), patches, 2)
      for (let patch = 0; patch < 2; patch++)
        for (let j = 0; j < 8; j++)
          expect(both.features[patch * 16 + i * 8 + j]).toBeCloseTo(features[patch * 8 + j]!, 5)
    }
  })

  test('a layer it does not have is refused with those it has', async () => {
    await expect(openEncoder(orderOf(fileOf(own(1)), 'fc7'), 1)).rejects.toMatchObject({
      code: 'ENCODER_LAYER_UNKNOWN',
      data: { layer: 'fc7', known: ['c1', 'b1', 'r1', 'p', 'mean', 'classes'] },
    })
  })

  test('patches of another edge are refused with both', async () => {
    const order = { ...orderOf(fileOf(own(1))), input: { edgePx: 24, channels: 3 as const } }
    await expect(openEncoder(order, 1)).rejects.toMatchObject({
      code: 'MODEL_INPUT_MISMATCH',
      data: { expected: '3 × 12 × 12', actual: '3 × 24 × 24' },
    })
  })
})

/** A file as other programs write them: other names, one convolution, its mean as the embedding. */
function foreign({
  axes = ['batch', 3, 'height', 'width'],
  results = ['embedding'],
  scale = 1,
  last = 'Flatten',
  domain = '',
}: {
  axes?: (string | number)[]
  results?: string[]
  scale?: number
  last?: string
  domain?: string
} = {}): Uint8Array {
  const writer = graphWriter('other')
  writer.input('pixel_values', axes)
  const filters = writer.constant([4, 3, 3, 3], Float32Array.from({ length: 108 }, seeded(9).normal), 'filters')
  const maps = writer.op('Conv', ['pixel_values', filters], [intsAttribute('pads', [1, 1, 1, 1])], 'maps')
  const means = writer.op('GlobalAveragePool', [writer.op('Mul', [maps, writer.scalar(scale)])], [], 'means')
  const vector = writer.op(last, [means], [], 'vector')
  writer.graph().node.at(-1)!.domain = domain
  for (const name of results) writer.output(name, name === 'maps_out' ? maps : vector, ['batch', 4])
  return encodeModel(writer.graph(), { text: 'of another program' })
}

describe('a file of another program', () => {
  test('gives its only result, at the edge it is asked for', async () => {
    const patches = patchesOf(3, 1)
    const found = await featuresOf(orderOf(fileOf(foreign())), patches, 3)
    expect(found).toMatchObject({ layer: 'embedding', pooling: 'none', dimensions: 4 })
    // run as it lies there, so that weights beside it are found
    expect(found.graph.onnx).toEqual(expect.any(String))
    const filters = Float32Array.from({ length: 108 }, seeded(9).normal)
    let mean = 0
    for (let y = 0; y < EDGE; y++)
      for (let x = 0; x < EDGE; x++)
        for (let c = 0; c < 3; c++)
          for (let v = 0; v < 3; v++)
            for (let u = 0; u < 3; u++) {
              const [row, column] = [y + v - 1, x + u - 1]
              if (row < 0 || row >= EDGE || column < 0 || column >= EDGE) continue
              mean += filters[c * 9 + v * 3 + u]! * patches[c * EDGE * EDGE + row * EDGE + column]!
            }
    expect(found.features[0]).toBeCloseTo(mean / EDGE ** 2, 5)
  })

  test('an inner value can be had by its name; every byte of the file stays', async () => {
    const file = fileOf(foreign())
    const patches = patchesOf(3, 1)
    const inner = await featuresOf(orderOf(file, 'maps'), patches, 3)
    expect(inner).toMatchObject({ layer: 'maps', pooling: 'mean', dimensions: 4 })
    const before = readFileSync(file)
    expect(before.equals((inner.graph.onnx as Uint8Array).subarray(0, before.length))).toBe(true)
    const { features } = await featuresOf(orderOf(file), patches, 3)
    for (const [i, value] of features.entries()) expect(inner.features[i]).toBeCloseTo(value, 5)
  })

  test('one that takes four patches at a time is given four, whatever the count', async () => {
    const patches = patchesOf(6, 1)
    const fixed = await featuresOf(orderOf(fileOf(foreign({ axes: [4, 3, EDGE, EDGE] }))), patches, 6)
    const { features } = await featuresOf(orderOf(fileOf(foreign())), patches, 6)
    for (const [i, value] of features.entries()) expect(fixed.features[i]).toBeCloseTo(value, 6)
  })

  test('with two results, which one is asked for by name', async () => {
    const file = fileOf(foreign({ results: ['embedding', 'other'] }))
    await expect(openEncoder(orderOf(file), 1)).rejects.toMatchObject({
      code: 'ENCODER_INCOMPLETE',
      data: { missing: [expect.stringContaining('“embedding” or “other”')] },
    })
    expect(await featuresOf(orderOf(file, 'other'), patchesOf(1, 1), 1)).toMatchObject({ dimensions: 4 })
  })

  test.each([
    ['no ONNX at all', Buffer.from('not a network'), /is not an ONNX file|has 0 inputs/],
    ['cut short', foreign().subarray(0, 300), /./],
    ['an operator nobody has', foreign({ last: 'Entangle' }), /Entangle/],
    ['an operator of another program’s own', foreign({ last: 'Stain', domain: 'com.example' }), /Stain.*com\.example/],
    ['an input that is no picture', foreign({ axes: ['batch', 3] }), /float32 \[batch, 3\], float32 \[batch, channels/],
  ])('%s is refused with the reason', async (_, bytes, words) => {
    await expect(openEncoder(orderOf(fileOf(bytes, 'encoder.onnx')), 1)).rejects.toMatchObject({
      code: 'MODEL_FILE_BROKEN',
      message: expect.stringMatching(words),
      data: { file: expect.stringContaining('encoder.onnx') },
    })
  })

  test('weights that should lie beside it and do not are named', async () => {
    const bytes = withExternalWeights(foreign())
    await expect(openEncoder(orderOf(fileOf(bytes)), 1)).rejects.toMatchObject({
      code: 'MODEL_FILE_BROKEN',
      message: expect.stringContaining('weights.bin'),
    })
  })
})

/** The same file with its filters said to lie in weights.bin: TensorProto.external_data = 13, data_location = 14. */
function withExternalWeights(onnx: Uint8Array): Uint8Array {
  const model = decodeModel(onnx)
  const text = (field: number, value: string) => [(field << 3) | 2, value.length, ...Buffer.from(value)]
  const entry = [...text(1, 'location'), ...text(2, 'weights.bin')]
  const tensor = [
    ...[4, 3, 3, 3].flatMap((length) => [8, length]),
    16,
    1,
    ...text(8, 'filters'),
    (13 << 3) | 2,
    entry.length,
    ...entry,
    (14 << 3) | 0,
    1,
  ]
  const graph = [(5 << 3) | 2, tensor.length, ...tensor]
  model.graph.initializer = model.graph.initializer.filter(({ name }) => name !== 'filters')
  const rest = encodeModel(model.graph, { text: '' })
  return Buffer.concat([rest, Uint8Array.from([(7 << 3) | 2, graph.length, ...graph])])
}
