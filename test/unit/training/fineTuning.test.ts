/** Trainings that begin with an earlier model, searches for a learning rate, looking eight ways. */
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import type { NetworkDescription } from '../../../src-shared/networks.ts'
import { onnxBackend } from '../../../src-main/nn/backendOnnx.ts'
import type { TrainingOrder } from '../../../src-main/nn/engineContract.ts'
import { forwardModel } from '../../../src-main/nn/graph/forwardGraph.ts'
import { parameterLayout, type Weights } from '../../../src-main/nn/graph/parameters.ts'
import { networkShapes } from '../../../src-shared/network/shapes.ts'
import { initialWeights } from '../../../src-main/nn/initialise.ts'
import { inMemory } from '../../../src-main/features/pixelFile.ts'
import { modelCheckpoint, readCheckpoint } from '../../../src-main/training/checkpoint.ts'
import { layerRates } from '../../../src-main/training/fineTuning.ts'
import { readWeights } from '../../../src-main/nn/readWeights.ts'
import { searchRate, suggestRate } from '../../../src-main/training/rateSearch.ts'
import { checkProbabilities, predictPixels } from '../../../src-main/training/validate.ts'
import { network } from '../nn/randomNetworks.ts'
import { aFolder, anOrder, colouredPatches, EDGE, runTraining, smallNetwork, someData } from './trainingBench.ts'

const layoutOf = (described: NetworkDescription) => parameterLayout(networkShapes(described))
const someWeights = (described: NetworkDescription, seed: number): Weights => {
  const weights = initialWeights(layoutOf(described), seed)
  for (const [i] of weights.mean.entries()) {
    weights.mean[i] = i / 10
    weights.variance[i] = 1 + i / 7
  }
  return weights
}
const withClasses = (units: number): NetworkDescription => ({
  ...smallNetwork,
  layers: [...smallNetwork.layers.slice(0, -1), { kind: 'dense', id: 'classes', units, bias: true }],
})

function startWith(described: NetworkDescription, weights: Weights, changes = {}): NonNullable<TrainingOrder['start']> {
  const file = path.join(aFolder(), 'earlier.onnx')
  const bytes = forwardModel(described, weights)
  writeFileSync(file, bytes)
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  return { file, sha256, newHead: false, freeze: 0, rateDecay: 1, ...changes }
}

describe('weights in an ONNX file', () => {
  test('come back as they went in, running averages of batch norms included', () => {
    const weights = someWeights(smallNetwork, 3)
    const into = initialWeights(layoutOf(smallNetwork), 4)
    const bytes = forwardModel(smallNetwork, weights)
    readWeights(bytes, layoutOf(smallNetwork), into, { file: 'a.onnx', except: null })
    expect(into).toEqual(weights)
  })

  test('of another shape are refused by layer, and nothing is taken over', () => {
    const into = initialWeights(layoutOf(withClasses(3)), 4)
    const bytes = forwardModel(smallNetwork, someWeights(smallNetwork, 3))
    expect(() => readWeights(bytes, layoutOf(withClasses(3)), into, { file: 'a.onnx', except: null })).toThrow(
      expect.objectContaining({
        code: 'MODEL_WEIGHTS_MISMATCH',
        data: {
          model: 'a.onnx',
          layer: 'classes',
          expected: 'classes.weight of 3 × 8',
          actual: 'classes.weight of 2 × 8',
        },
      }),
    )
    expect(into).toEqual(initialWeights(layoutOf(withClasses(3)), 4))
  })

  test('that are not there, and a file that is no ONNX file, are refused', () => {
    const other = network(
      'other',
      [3, EDGE, EDGE],
      [
        { kind: 'flatten', id: 'f' },
        { kind: 'dense', id: 'classes', units: 2 },
      ],
    )
    const bytes = forwardModel(other, initialWeights(layoutOf(other), 1))
    const read = (from: Uint8Array) => () =>
      readWeights(from, layoutOf(smallNetwork), someWeights(smallNetwork, 1), { file: 'a.onnx', except: null })
    expect(read(bytes)).toThrow('needs c1.weight of 8 × 3 × 3 × 3, the file has no c1.weight')
    expect(read(Uint8Array.of(1, 2, 3))).toThrow(expect.objectContaining({ code: 'MODEL_FILE_BROKEN' }))
  })
})

describe('fine-tuning', () => {
  test('begins with the earlier weights, and leaves frozen layers as they are', async () => {
    const folder = aFolder()
    const earlier = someWeights(smallNetwork, 3)
    await runTraining(anOrder(folder, { start: startWith(smallNetwork, earlier, { freeze: 1 }) }))
    const { weights } = (await readCheckpoint(folder, 'latest'))!
    const of = (layer: string, from: Weights) =>
      layoutOf(smallNetwork)
        .parameters.filter((parameter) => parameter.layer === layer)
        .map(({ offset, length }) => [...from.parameters.subarray(offset, offset + length)])
    for (const layer of ['c1', 'b1']) expect(of(layer, weights), layer).toEqual(of(layer, earlier))
    expect(of('classes', weights)).not.toEqual(of('classes', earlier))
    expect(weights.mean, 'frozen batch norms go on measuring').not.toEqual(earlier.mean)
  })

  test('with other classes gives the last layer new weights and keeps the rest', async () => {
    const folder = aFolder()
    const earlier = someWeights(smallNetwork, 3)
    const three = withClasses(3)
    const order = anOrder(folder, {
      network: three,
      classes: ['a', 'b', 'c'],
      start: startWith(smallNetwork, earlier, { newHead: true, freeze: 'r1' }),
      length: { kind: 'steps', steps: 2 },
    })
    await runTraining(order, { training: colouredPatches(12, 1), validation: null })
    const { weights } = (await readCheckpoint(folder, 'latest'))!
    const [first] = layoutOf(three).parameters
    expect(weights.parameters.subarray(0, first.length)).toEqual(earlier.parameters.subarray(0, first.length))
    await expect(
      runTraining({ ...order, folder: aFolder(), start: { ...order.start!, newHead: false } }),
    ).rejects.toMatchObject({ code: 'MODEL_WEIGHTS_MISMATCH' })
  })

  test('resumed gives the same weights, and a file that was exchanged is refused', async () => {
    const [through, stopped] = [aFolder(), aFolder()]
    const start = startWith(smallNetwork, someWeights(smallNetwork, 3), { rateDecay: 0.5 })
    await runTraining(anOrder(through, { start }))
    await runTraining(anOrder(stopped, { start }), someData(), 9)
    await runTraining(anOrder(stopped, { start }))
    expect((await modelCheckpoint(stopped))!.weights).toEqual((await modelCheckpoint(through))!.weights)
    writeFileSync(start.file, forwardModel(smallNetwork, someWeights(smallNetwork, 5)))
    await expect(runTraining(anOrder(aFolder(), { start }))).rejects.toMatchObject({ code: 'MODEL_FILE_BROKEN' })
  })

  const rates = (freeze: number | string, rateDecay = 1) => {
    const rateOf = layerRates(smallNetwork, layoutOf(smallNetwork), { freeze, rateDecay })
    return ['c1', 'b1', 'classes'].map(rateOf)
  }
  test('rates fall towards the input, batch norms with the layer before them', () => {
    expect(rates(0)).toEqual([1, 1, 1])
    expect(rates(0, 0.1)).toEqual([0.1, 0.1, 1])
    expect(rates(1, 0.1)).toEqual([0, 0, 1])
    expect(rates('c1')).toEqual([0, 1, 1])
    expect(rates('p')).toEqual([0, 0, 1])
  })

  test('a layer that does not exist can not be frozen, nor can all of them', () => {
    expect(() => rates('c7')).toThrow('There is no layer “c7” to freeze. The network has: c1, classes.')
    expect(() => rates(2)).toThrow('All 2 layers with weights would be frozen')
  })
})

describe('looking eight ways', () => {
  const shape = { channels: 3, height: EDGE, width: EDGE }
  const { pixels } = colouredPatches(5, 8)
  const turned = (() => {
    const from = pixels.range(0, 5)
    return inMemory(
      Uint8Array.from(from, (_, i) => {
        const [patch, place, channel] = [Math.floor(i / 432), Math.floor((i % 432) / 3), i % 3]
        const [row, column] = [Math.floor(place / EDGE), place % EDGE]
        return from[patch * 432 + 3 * (column * EDGE + (EDGE - 1 - row)) + channel]
      }),
      5,
      shape,
    )
  })()
  const how = (testTime: 'none' | 'd4') => ({
    normalisation: { mean: [0.7, 0.5, 0.7], std: [0.2, 0.2, 0.2] },
    testTime,
  })

  test('a turned patch gets the same answer, which it does not when it is looked at once', async () => {
    // Flattened, so that the network cares which way up a patch is.
    const sided = network(
      'sided',
      [3, EDGE, EDGE],
      [
        { kind: 'flatten', id: 'f' },
        { kind: 'dense', id: 'classes', units: 2 },
      ],
    )
    const predictor = await onnxBackend(2).createPredictor(forwardModel(sided, initialWeights(layoutOf(sided), 1)), 'x')
    const [upright, sideways] = [pixels, turned].map((each) => predictPixels(predictor, each, how('d4'), 0, 5))
    const [a, b] = [await upright, await sideways]
    for (const [i, value] of a.entries()) expect(b[i]).toBeCloseTo(value, 5)
    for (let row = 0; row < 5; row++) expect(a[2 * row] + a[2 * row + 1]).toBeCloseTo(1, 5)
    const once = await predictPixels(predictor, pixels, how('none'), 0, 5)
    const onceTurned = await predictPixels(predictor, turned, how('none'), 0, 5)
    expect(Math.max(...once.map((value, i) => Math.abs(value - onceTurned[i])))).toBeGreaterThan(0.01)
    await predictor.dispose()
  })

  test('weights that are no numbers are found out by what they say', async () => {
    const weights = someWeights(smallNetwork, 1)
    weights.parameters[0] = Number.NaN
    const predictor = await onnxBackend(2).createPredictor(forwardModel(smallNetwork, weights), 'broken.onnx')
    const probabilities = await predictPixels(predictor, pixels, how('none'), 0, 5)
    expect(() => checkProbabilities(probabilities, 2, 'broken.onnx', (row) => 256 + row)).toThrow(
      expect.objectContaining({ code: 'MODEL_OUTPUT_INVALID', data: { model: 'broken.onnx', patch: 256 } }),
    )
    await predictor.dispose()
  })
})

describe('the search for a learning rate', () => {
  const point = (rate: number, smoothed: number) => ({ kind: 'point', rate, loss: smoothed, smoothed }) as const
  const curve = (lossOf: (log: number) => number) =>
    Array.from({ length: 60 }, (_, i) => point(10 ** (-6 + i / 10), lossOf(-6 + i / 10)))

  test('suggests where the loss falls fastest', () => {
    const found = suggestRate(curve((log) => 0.7 - 0.4 / (1 + Math.exp(-6 * (log + 3))) + 10 ** (2 * (log + 0.6))))
    expect(Math.log10(found.suggestion!)).toBeCloseTo(-3, 0)
    expect(found.least).toBeGreaterThan(found.suggestion!)
    expect(found.sentence).toContain(String(found.suggestion))
  })

  test('suggests nothing where the loss never falls', () => {
    expect(suggestRate(curve(() => 0.7)).suggestion).toBe(null)
    expect(suggestRate(curve((log) => 0.7 + 10 ** log)).suggestion).toBe(null)
    expect(suggestRate([point(1e-6, 0.7)]).suggestion).toBe(null)
  })

  test('on real steps gives a curve of growing rates, and a rate that trains', async () => {
    const order = anOrder(aFolder(), { learningRate: 1e-9 })
    const news = []
    for await (const item of searchRate(order, someData(), {
      backend: onnxBackend(2),
      signal: new AbortController().signal,
    }))
      news.push(item)
    const points = news.filter((item) => item.kind === 'point')
    const found = news.at(-1)!
    if (found.kind !== 'found') throw new Error('The last news is what was found.')
    expect(points.length).toBeGreaterThan(30)
    expect(points.every(({ rate }, i) => i === 0 || rate > points[i - 1].rate)).toBe(true)
    expect(found.suggestion).toBeGreaterThan(1e-5)
    expect(found.suggestion).toBeLessThan(1)
    const heard = await runTraining(
      anOrder(aFolder(), { learningRate: found.suggestion!, length: { kind: 'steps', steps: 80 } }),
    )
    expect(heard.validation.at(-1)!.evaluation.accuracy).toBeGreaterThan(0.9)
    expect(await readCheckpoint(order.folder, 'latest'), 'it leaves nothing behind').toBe(null)
  })
})

test('a checkpoint is read back from the bytes that were written', async () => {
  const folder = aFolder()
  await runTraining(anOrder(folder, { length: { kind: 'steps', steps: 2 } }))
  expect(readFileSync(path.join(folder, 'latest.checkpoint')).toString('latin1', 0, 8)).toBe('TSRCKPT2')
})
