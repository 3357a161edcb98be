import * as ort from 'onnxruntime-node'
import { describe, expect, test } from 'vitest'
import { forwardModel } from '../../../../src-main/nn/graph/forwardGraph.ts'
import { decodeModel, floatsOf, RUNTIME_DOMAIN } from '../../../../src-main/nn/graph/onnx.ts'
import { parameterLayout, parameterView } from '../../../../src-main/nn/graph/parameters.ts'
import { networkShapes } from '../../../../src-shared/network/shapes.ts'
import { trainingGraph } from '../../../../src-main/nn/graph/trainingGraph.ts'
import { networksOfEachKind, randomBatch, randomNetwork, randomWeights } from '../randomNetworks.ts'

const SEED = 5
const network = randomNetwork(SEED)
const weights = randomWeights(network, SEED)

describe(`an exported model (random network ${SEED})`, () => {
  const card = JSON.stringify({ name: 'Tumör, 0.5 µm/px' })
  const bytes = forwardModel(network, weights, { card })

  test('holds its weights, bit for bit, under the names of their layers', () => {
    const { graph } = decodeModel(bytes)
    const layout = parameterLayout(networkShapes(network))
    for (const parameter of layout.parameters) {
      const stored = graph.initializer.find(({ name }) => name === parameter.name)
      expect(stored?.dims, parameter.name).toEqual(parameter.dims)
      expect(floatsOf(stored!), parameter.name).toEqual(parameterView(weights.parameters, parameter).slice())
    }
  })

  test('keeps words such as the card, umlauts included', () =>
    expect(decodeModel(bytes).metadataProps).toEqual([{ key: 'card', value: card }]))

  test('uses standard operators only, of one version', () => {
    const model = decodeModel(bytes)
    expect(model.opsetImport).toEqual([{ domain: '', version: 17 }])
    expect(model.irVersion).toBe(8)
    expect(new Set(model.graph.node.map(({ domain }) => domain))).toEqual(new Set(['']))
  })

  test('takes any number of patches and gives probabilities that add up to 1', async () => {
    const session = await ort.InferenceSession.create(bytes)
    expect([session.inputNames, session.outputNames]).toEqual([['input'], ['probabilities']])
    for (const count of [1, 2, 7]) {
      const { patches } = randomBatch(network, count, [], SEED)
      const result = await session.run({ input: new ort.Tensor('float32', patches, [count, ...network.input]) })
      const { dims, data } = result['probabilities']
      expect(dims).toEqual([count, 3])
      for (let n = 0; n < count; n++)
        expect((data as Float32Array).subarray(3 * n, 3 * n + 3).reduce((a, b) => a + b)).toBeCloseTo(1, 6)
    }
    await session.release()
  })

  test('is the same file when written again', () => expect(forwardModel(network, weights, { card })).toEqual(bytes))

  test.each(['disabled', 'basic', 'extended', 'all'] as const)(
    'gives the same probabilities with the optimisations “%s” of the runtime',
    async (level) => {
      const { patches } = randomBatch(network, 2, [], SEED)
      const probabilities = async (level: 'disabled' | 'basic' | 'extended' | 'all') => {
        const session = await ort.InferenceSession.create(bytes, { graphOptimizationLevel: level })
        const result = await session.run({ input: new ort.Tensor('float32', patches, [2, ...network.input]) })
        await session.release()
        return result['probabilities'].data as Float32Array
      }
      const plain = await probabilities('disabled')
      for (const [place, value] of (await probabilities(level)).entries()) expect(value).toBeCloseTo(plain[place], 5)
    },
  )
})

test('bytes that are no model are refused', () => {
  expect(() => decodeModel(new TextEncoder().encode('not a model'))).toThrow()
  expect(() => decodeModel(new Uint8Array())).toThrow('it holds no graph')
})

test('every value of every training graph is made before it is read, once', () => {
  for (const network of networksOfEachKind) {
    const { graph } = decodeModel(trainingGraph(network, 2).bytes)
    const known = new Set([...graph.input, ...graph.initializer].map(({ name }) => name))
    for (const { input, output, name } of graph.node) {
      for (const value of input) expect(known.has(value), `${network.name}: ${name} reads ${value}`).toBe(true)
      for (const value of output) {
        expect(known.has(value), `${network.name}: ${value} is made twice`).toBe(false)
        known.add(value)
      }
    }
  }
})

test('every kind of layer is exported in standard operators', () => {
  for (const network of networksOfEachKind) {
    const { graph } = decodeModel(forwardModel(network, randomWeights(network, SEED)))
    expect(new Set(graph.node.map(({ domain }) => domain)), network.name).toEqual(new Set(['']))
  }
})

test('group convolutions and their norms are exported as plain ones, with filters in all orientations', () => {
  const turned = networksOfEachKind.find(({ name }) => name.includes('p4m, oriented to oriented'))!
  const { graph } = decodeModel(forwardModel(turned, randomWeights(turned, SEED)))
  const dims = (name: string) => graph.initializer.find((tensor) => tensor.name === name)?.dims
  expect([dims('lift.weight'), dims('it.weight')]).toEqual([
    [16, 4, 3, 3],
    [24, 16, 2, 2],
  ])
  expect([dims('norm.scale'), dims('norm.mean'), dims('it.bias')]).toEqual([[16], [16], [24]])
  expect(graph.node.filter(({ opType }) => opType === 'Gather')).toEqual([])
})

test('only graphs that stay in the program use operators of the runtime itself', () => {
  const convolution = networksOfEachKind.find(({ name }) => name.includes('tap by tap'))!
  const { opsetImport } = decodeModel(trainingGraph(convolution, 2).bytes)
  expect(opsetImport.map(({ domain }) => domain)).toContain(RUNTIME_DOMAIN)
})
