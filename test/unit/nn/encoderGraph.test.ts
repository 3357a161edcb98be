/** Trained networks as encoder files: any edge, and the patch and its mirror image alike. */
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

const mirrored = (patch: Float32Array, edge: number) =>
  patch.map((_, at) => patch[Math.floor(at / edge) * edge + (edge - 1 - (at % edge))]!)

/** The mean of what the network itself gives for both looks. */
async function expectedOf(onnx: Uint8Array, edge: number, patch: Float32Array): Promise<number[]> {
  const each = await featuresOf(onnx, edge, Float32Array.from([...patch, ...mirrored(patch, edge)]), 2)
  return Array.from({ length: FEATURES }, (_, j) => (each[j]! + each[FEATURES + j]!) / 2)
}

function expectClose(found: ArrayLike<number>, expected: readonly number[]): void {
  expect(found.length).toBe(expected.length)
  for (const [j, value] of expected.entries()) expect(found[j]).toBeCloseTo(value, 5)
}

describe('an encoder file', () => {
  test('gives the mean of the features of the patch and of its mirror image', async () => {
    const [onnx, patch] = [ownModel(3), aPatch(12, 1)]
    expectClose(await featuresOf(encoderModel(onnx, 'an encoder'), 12, patch, 1), await expectedOf(onnx, 12, patch))
  })

  test('gives a patch that is mirrored left to right the same features', async () => {
    const [edge, patch] = [15, aPatch(15, 2)]
    const both = Float32Array.from([...patch, ...mirrored(patch, edge)])
    const found = await featuresOf(encoderModel(ownModel(5), 'an encoder'), edge, both, 2)
    expectClose(found.subarray(FEATURES), [...found.subarray(0, FEATURES)])
  })

  test.each([8, 12, 33])('takes patches of %i px, also if they are not those it was trained on', async (edge) => {
    const patch = aPatch(edge, edge)
    const network = NetworkDescription.parse({ ...smallNetwork, input: [3, edge, edge] })
    const found = await featuresOf(encoderModel(ownModel(2), 'an encoder'), edge, patch, 1)
    expectClose(found, await expectedOf(ownModel(2, network), edge, patch))
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
