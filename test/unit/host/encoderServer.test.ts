/** Encoders and classifiers as the engine serves them: pixels and features by file. */
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { encoderServer } from '../../../src-main/host/encoderServer.ts'
import { onnxBackend } from '../../../src-main/nn/backendOnnx.ts'
import type { ProbeOrder } from '../../../src-main/nn/encoderContract.ts'
import { graphWriter } from '../../../src-main/nn/graph/graphWriter.ts'
import { encodeModel } from '../../../src-main/nn/graph/onnx.ts'
import { seeded } from '../../../src-main/nn/random.ts'
import type { ProbeNews, ProbeResult } from '../../../src-shared/probes.ts'
import { temporaryFolder } from '../../fixtures/temporary.ts'

const server = () => encoderServer((threads = 2) => onnxBackend(threads))

/** Mean of each channel, and its logarithm: no number where a channel is black. */
function channelMeans(folder: string): string {
  const writer = graphWriter('means')
  writer.input('pixels', ['n', 3, 4, 4])
  const means = writer.op('Flatten', [writer.op('GlobalAveragePool', ['pixels'])])
  writer.output('vector', writer.op('Log', [means]), ['n', 3])
  const file = path.join(folder, 'means.onnx')
  writeFileSync(file, encodeModel(writer.graph(), { text: '' }))
  return file
}

async function encoded(grey: readonly number[], mean = 0) {
  const folder = temporaryFolder()
  const pixels = path.join(folder, 'patches.pixels')
  writeFileSync(
    pixels,
    Uint8Array.from({ length: grey.length * 48 }, (_, byte) => grey[Math.floor(byte / 48)]!),
  )
  const { calls } = server()
  const opened = await calls['engine.openEncoder']({
    file: channelMeans(folder),
    input: { edgePx: 4, channels: 3 },
    normalisation: { mean: [mean, mean, mean], std: [0.5, 0.5, 0.5] },
    layer: null,
  })
  const numbers = Uint32Array.from(grey, (_, row) => 700 + row)
  return {
    opened,
    ...(await calls['engine.encode']({ encoder: opened.encoder, file: pixels, patches: grey.length, numbers })),
  }
}

describe('an encoder', () => {
  test('is given normalised patches and gives a row of features for each, also over many blocks', async () => {
    const grey = Array.from({ length: 200 }, (_, i) => 1 + i)
    const { opened, features } = await encoded(grey)
    expect(opened).toMatchObject({ dimensions: 3, layer: 'vector', sha256: expect.stringMatching(/^[0-9a-f]{64}$/) })
    for (const [row, value] of grey.entries())
      for (let j = 0; j < 3; j++) expect(features[3 * row + j]).toBeCloseTo(Math.log(value / 255 / 0.5), 4)
  })

  test('whose features are no numbers is refused with the patch, by its number in its source', async () => {
    await expect(encoded([10, 20, 0, 30])).rejects.toMatchObject({
      code: 'MODEL_OUTPUT_INVALID',
      message: expect.stringContaining('-Infinity'),
      data: { patch: 702 },
    })
  })

  test('whose features are NaN is refused, too', async () => {
    // the logarithm of what lies below the mean
    await expect(encoded([200, 210, 90], 0.5)).rejects.toMatchObject({
      code: 'MODEL_OUTPUT_INVALID',
      message: expect.stringContaining('NaN'),
      data: { patch: 702 },
    })
  })
})

/** Features in files: the classes lie `apart` in every dimension. */
function anOrder(apart: number, changes: Partial<ProbeOrder> = {}): ProbeOrder {
  const folder = temporaryFolder()
  const dimensions = 6
  const side = (rows: number, seed: number) => {
    const random = seeded(seed)
    const classOf = Uint16Array.from({ length: rows }, (_, row) => row % 3)
    const features = Float32Array.from(
      { length: rows * dimensions },
      (_, at) => random.normal() + (at % 3 === classOf[Math.floor(at / dimensions)] ? apart : 0),
    )
    const file = path.join(folder, `${seed}.f32`)
    writeFileSync(file, new Uint8Array(features.buffer))
    return { file, classOf }
  }
  return {
    dimensions,
    classes: ['a', 'b', 'c'],
    training: { ...side(150, 1), groupOf: null },
    test: side(90, 2),
    settings: { k: 7, weighted: false, seed: 1 },
    ...changes,
  }
}

async function heard(order: ProbeOrder): Promise<ProbeNews[]> {
  const news: ProbeNews[] = []
  for await (const each of server().streams['engine.probe'](order, new AbortController().signal)) news.push(each)
  return news
}
const resultsOf = (news: readonly ProbeNews[]): ProbeResult[] =>
  news.flatMap((each) => (each.kind === 'result' ? [each.result] : []))

describe('probes', () => {
  test('classes far apart are told by all four, and their probabilities are sure of it', async () => {
    const news = await heard(anOrder(8))
    expect(news[0]).toEqual({ kind: 'folds', rule: 'stratified', folds: 5 })
    expect(resultsOf(news).map(({ probe }) => probe)).toEqual(['knn', 'linear', 'prototypes', 'mlp'])
    for (const { probe, evaluation, logLoss } of resultsOf(news)) {
      expect(evaluation.accuracy, probe).toBe(1)
      expect(evaluation.n).toBe(90)
      expect(logLoss, probe).toBeLessThan(0.2)
    }
  })

  test('features that say nothing give figures of chance, and probabilities that say so', async () => {
    for (const { probe, evaluation, logLoss } of resultsOf(await heard(anOrder(0)))) {
      expect(evaluation.aucInterval![0], probe).toBeLessThan(0.5)
      expect(logLoss, probe).toBeGreaterThan(Math.log(3) - 0.06)
      expect(logLoss, probe).toBeLessThan(Math.log(3) + 0.2)
    }
  })

  test('the same order gives the same figures', async () => {
    const [one, other] = [resultsOf(await heard(anOrder(1))), resultsOf(await heard(anOrder(1)))]
    const timeless = (results: readonly ProbeResult[]) => results.map((each) => ({ ...each, seconds: null }))
    expect(timeless(other)).toEqual(timeless(one))
  })

  test('slides that are known stay together', async () => {
    const order = anOrder(2)
    const groupOf = Uint32Array.from({ length: 150 }, (_, row) => Math.floor(row / 15))
    const [folds] = await heard({ ...order, training: { ...order.training, groupOf } })
    expect(folds).toEqual({ kind: 'folds', rule: 'group', folds: 5 })
  })

  test('progress grows and never passes its total', async () => {
    const progress = (await heard(anOrder(2))).filter((each) => each.kind === 'progress')
    expect(progress.length).toBeGreaterThan(20)
    for (const [i, { done, total }] of progress.entries()) {
      expect(done).toBeLessThanOrEqual(total)
      expect(done).toBeGreaterThan(progress[i - 1]?.done ?? 0)
    }
  })

  test('a file of features that is cut short is refused', async () => {
    const order = anOrder(2)
    writeFileSync(order.test.file, new Uint8Array(40))
    await expect(heard(order)).rejects.toMatchObject({ code: 'FILE_BROKEN' })
  })
})
