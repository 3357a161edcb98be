/** Trained networks as encoder files: any edge, and every symmetry of the patch alike. */
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { NetworkDescription } from '../../../src-shared/networks.ts'
import { networkShapes } from '../../../src-shared/network/shapes.ts'
import { openEncoder } from '../../../src-main/nn/backendEncoder.ts'
import { ensembleModel } from '../../../src-main/nn/ensemble.ts'
import { encoderModel } from '../../../src-main/nn/graph/encoderGraph.ts'
import { forwardModel } from '../../../src-main/nn/graph/forwardGraph.ts'
import { graphWriter } from '../../../src-main/nn/graph/graphWriter.ts'
import { encodeModel } from '../../../src-main/nn/graph/onnx.ts'
import { parameterLayout } from '../../../src-main/nn/graph/parameters.ts'
import { initialWeights } from '../../../src-main/nn/initialise.ts'
import { seeded } from '../../../src-main/nn/random.ts'
import { temporaryFolder } from '../../fixtures/temporary.ts'
import { smallNetwork } from '../training/trainingBench.ts'

const FEATURES = 8

function ownModel(seed: number, network: NetworkDescription = smallNetwork): Uint8Array {
  return forwardModel(network, initialWeights(parameterLayout(networkShapes(network)), seed))
}

async function featuresOf(onnx: Uint8Array, edgePx: number, patches: Float32Array, count: number) {
  const file = path.join(temporaryFolder(), 'encoder.onnx')
  writeFileSync(file, onnx)
  const order = { file, input: { edgePx, channels: 3 as const }, normalisation: { mean: [0], std: [1] }, layer: null }
  const { predictor } = await openEncoder(order, 1)
  try {
    return (await predictor.run(patches, count)).slice()
  } finally {
    await predictor.dispose()
  }
}

/** float32 [channel, row, column], one patch */
const aPatch = (edge: number, seed: number) => Float32Array.from({ length: 3 * edge ** 2 }, seeded(seed).normal)

const movedBy = (patch: Float32Array, edge: number, from: (row: number, column: number) => [number, number]) =>
  patch.map((_, at) => {
    const [row, column] = from(Math.floor(at / edge) % edge, at % edge)
    return patch[Math.floor(at / edge ** 2) * edge ** 2 + row * edge + column]!
  })

/** The eight symmetries by hand: where in the patch the pixel at (row, column) comes from. */
const SYMMETRIES: [string, (edge: number) => (row: number, column: number) => [number, number]][] = [
  ['as it is', () => (row, column) => [row, column]],
  ['mirrored left to right', (edge) => (row, column) => [row, edge - 1 - column]],
  ['mirrored top to bottom', (edge) => (row, column) => [edge - 1 - row, column]],
  ['turned by 180°', (edge) => (row, column) => [edge - 1 - row, edge - 1 - column]],
  ['mirrored at the diagonal', () => (row, column) => [column, row]],
  ['turned by 90°', (edge) => (row, column) => [column, edge - 1 - row]],
  ['turned by 270°', (edge) => (row, column) => [edge - 1 - column, row]],
  ['mirrored at the other diagonal', (edge) => (row, column) => [edge - 1 - column, edge - 1 - row]],
]

describe('an encoder file', () => {
  test('gives the mean of the features of all eight symmetries', async () => {
    const edge = 12
    const onnx = ownModel(3)
    const patch = aPatch(edge, 1)
    const looks = SYMMETRIES.map(([, from]) => movedBy(patch, edge, from(edge)))
    const each = await featuresOf(onnx, edge, Float32Array.from(looks.flatMap((look) => [...look])), looks.length)
    const found = await featuresOf(encoderModel(onnx, 'an encoder'), edge, patch, 1)
    for (let j = 0; j < FEATURES; j++) {
      const mean = looks.reduce((sum, _, i) => sum + each[i * FEATURES + j]!, 0) / looks.length
      expect(found[j]).toBeCloseTo(mean, 5)
    }
  })

  test.each(SYMMETRIES)('a patch %s has the features of the patch', async (_, from) => {
    const edge = 15
    const onnx = encoderModel(ownModel(5), 'an encoder')
    const patch = aPatch(edge, 2)
    const both = Float32Array.from([...patch, ...movedBy(patch, edge, from(edge))])
    const found = await featuresOf(onnx, edge, both, 2)
    for (let j = 0; j < FEATURES; j++) expect(found[FEATURES + j]).toBeCloseTo(found[j]!, 5)
  })

  test.each([8, 12, 33])('takes patches of %i px, which are not those it was trained on', async (edge) => {
    const patch = aPatch(edge, edge)
    const found = await featuresOf(encoderModel(ownModel(2), 'an encoder'), edge, patch, 1)
    const network = NetworkDescription.parse({ ...smallNetwork, input: [3, edge, edge] })
    const looks = SYMMETRIES.map(([, from]) => movedBy(patch, edge, from(edge)))
    const each = await featuresOf(
      ownModel(2, network),
      edge,
      Float32Array.from(looks.flatMap((look) => [...look])),
      looks.length,
    )
    for (let j = 0; j < FEATURES; j++)
      expect(found[j]).toBeCloseTo(looks.reduce((sum, _, i) => sum + each[i * FEATURES + j]!, 0) / looks.length, 5)
  })

  test('of an ensemble has the features of its members side by side', async () => {
    const normalisation = { mean: [0.7, 0.5, 0.6], std: [0.2, 0.3, 0.25] }
    const members = [1, 2].map((seed) => ({ onnx: ownModel(seed), file: `${seed}.onnx`, normalisation }))
    const patch = aPatch(20, 4)
    const both = await featuresOf(encoderModel(ensembleModel(members, 'two'), 'both'), 20, patch, 1)
    expect(both).toHaveLength(2 * FEATURES)
    for (const [i, { onnx }] of members.entries()) {
      const own = await featuresOf(encoderModel(onnx, 'one'), 20, patch, 1)
      for (let j = 0; j < FEATURES; j++) expect(both[i * FEATURES + j]).toBeCloseTo(own[j]!, 5)
    }
  })

  test('keeps the words it is given, and the same model and words give the same bytes', () => {
    const [one, other] = [ownModel(1), ownModel(1)].map((onnx) => encoderModel(onnx, 'x', { tessera_encoder: '{}' }))
    expect(Buffer.from(one!).equals(other!)).toBe(true)
    expect(Buffer.from(one!).includes('tessera_encoder')).toBe(true)
  })

  test('is not made of a network that takes one edge only, nor of a file of another program', () => {
    const layers = [
      { kind: 'flatten', id: 'flat' },
      { kind: 'dense', id: 'hidden', units: 4 },
      { kind: 'dense', id: 'classes', units: 2 },
    ]
    const dense = NetworkDescription.parse({ name: 'dense', input: [3, 12, 12], layers })
    expect(() => encoderModel(ownModel(1, dense), 'x')).toThrow(/Gemm.*one edge/)
    const writer = graphWriter('other')
    writer.input('pixels', ['n', 3, 4, 4])
    writer.output('vector', 'pixels', ['n', 3, 4, 4])
    expect(() => encoderModel(encodeModel(writer.graph(), { text: '' }), 'x')).toThrow(/Tessera wrote/)
  })
})
