import { describe, expect, test } from 'vitest'
import { onnxBackend } from '../../../src-main/nn/backendOnnx.ts'
import { ensembleModel } from '../../../src-main/nn/ensemble.ts'
import { forwardModel } from '../../../src-main/nn/graph/forwardGraph.ts'
import { decodeModel, encodeModel } from '../../../src-main/nn/graph/onnx.ts'
import { parameterLayout } from '../../../src-main/nn/graph/parameters.ts'
import { networkShapes } from '../../../src-shared/network/shapes.ts'
import { initialWeights } from '../../../src-main/nn/initialise.ts'
import { seeded } from '../../../src-main/nn/random.ts'
import { smallNetwork } from '../training/trainingBench.ts'
import { network, randomNetwork } from './randomNetworks.ts'

const backend = onnxBackend(2)
const onnxOf = (described: typeof smallNetwork, seed: number) =>
  forwardModel(described, initialWeights(parameterLayout(networkShapes(described)), seed))
const plain = { mean: [0, 0, 0], std: [1, 1, 1] }

async function answers(onnx: Uint8Array, patches: Float32Array, count: number): Promise<Float32Array> {
  const predictor = await backend.createPredictor(onnx, 'a model')
  const found = (await predictor.run(patches, count)).slice()
  await predictor.dispose()
  return found
}

const somePatches = (length: number, seed: number) => Float32Array.from({ length }, seeded(seed).normal)

describe('an ensemble', () => {
  test('answers with the mean of its members, each given the input it was trained with', async () => {
    const normalisations = [
      { mean: [0.7, 0.5, 0.6], std: [0.2, 0.3, 0.25] },
      { mean: [0.65, 0.55, 0.6], std: [0.22, 0.26, 0.2] },
      plain,
    ]
    const members = normalisations.map((normalisation, i) => ({
      onnx: onnxOf(smallNetwork, i + 1),
      file: `${i}.onnx`,
      normalisation,
    }))
    const [channels, height, width] = smallNetwork.input
    const positions = height * width
    const values = Float32Array.from({ length: 4 * channels * positions }, seeded(3).next)
    const inputOf = ({ mean, std }: typeof plain) =>
      values.map((value, i) => (value - mean[Math.floor(i / positions) % 3]) / std[Math.floor(i / positions) % 3])
    const apart = await Promise.all(members.map(({ onnx, normalisation }) => answers(onnx, inputOf(normalisation), 4)))
    const together = await answers(ensembleModel(members, 'three'), inputOf(normalisations[0]), 4)
    for (const [i, value] of together.entries())
      expect(value).toBeCloseTo(
        apart.reduce((sum, each) => sum + each[i] / 3, 0),
        5,
      )
  })

  test.each([1, 2, 3, 4, 5])('of random networks, and of an ensemble, says what they say (seed %i)', async (seed) => {
    const described = randomNetwork(seed)
    const { input } = described
    const same = (layers: number) => Array.from({ length: layers }, () => 0)
    const normalisation = { mean: same(input[0]), std: same(input[0]).map(() => 1) }
    const member = (from: number) => ({ onnx: onnxOf(described, from), file: 'x.onnx', normalisation })
    const patches = somePatches(2 * input[0] * input[1] * input[2], seed)
    const pair = ensembleModel([member(1), member(2)], 'pair')
    const nested = ensembleModel([{ onnx: pair, file: 'pair.onnx', normalisation }, member(3)], 'nested')
    const [a, b, c] = await Promise.all([1, 2, 3].map((from) => answers(member(from).onnx, patches, 2)))
    for (const [i, value] of (await answers(nested, patches, 2)).entries())
      expect(value).toBeCloseTo((a[i] + b[i]) / 4 + c[i] / 2, 5)
  })

  test('of models with other inputs, or that another program wrote, is refused by name', () => {
    const member = { onnx: onnxOf(smallNetwork, 1), file: 'a.onnx', normalisation: plain }
    const small = network(
      'small',
      [3, 8, 8],
      [
        { kind: 'flatten', id: 'f' },
        { kind: 'dense', id: 'classes', units: 2 },
      ],
    )
    const other = { onnx: onnxOf(small, 1), file: 'b.onnx', normalisation: plain }
    expect(() => ensembleModel([member, other], 'x')).toThrow(
      expect.objectContaining({ code: 'MODEL_INPUT_MISMATCH', data: expect.objectContaining({ model: 'b.onnx' }) }),
    )
    const foreign = encodeModel(decodeModel(member.onnx).graph, { text: '' })
    const named = Uint8Array.from(
      Buffer.from(Buffer.from(foreign).toString('latin1').replace('tessera', 'pytorch'), 'latin1'),
    )
    expect(() => ensembleModel([member, { ...member, onnx: named, file: 'c.onnx' }], 'x')).toThrow(
      expect.objectContaining({ code: 'MODEL_FILE_BROKEN', message: expect.stringContaining('written by “pytorch”') }),
    )
  })
})
