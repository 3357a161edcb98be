/** The engine as the program meets it: a process of its own, spoken to over its contract. */
import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { connect } from '../../../src-shared/wire/connect.ts'
import { nodeWorkerHost } from '../../../src-main/host/node/nodeWorkerHost.ts'
import { decodeModel } from '../../../src-main/nn/graph/onnx.ts'
import type { EngineContract, TrainingNews, TrainingOrder } from '../../../src-main/nn/engineContract.ts'
import { checkpointFile, readCheckpoint } from '../../../src-main/training/checkpoint.ts'
import { aFolder, anOrder, colouredPatches } from '../training/trainingBench.ts'

function startEngine() {
  const process = nodeWorkerHost.start({ entry: 'engine', name: 'engine-test', niceness: 0, heapMb: 1024 })
  onTestFinished(() => process.kill())
  return { engine: connect<EngineContract>(process.wire), process }
}

/** Writes the pixels of some patches as the reading process would. */
async function labelledFile(folder: string, name: string, count: number, seed: number) {
  const { pixels, classOf } = colouredPatches(count, seed)
  const file = path.join(folder, name)
  await writeFile(file, pixels.range(0, count))
  return { file, classOf: Uint16Array.from(classOf) }
}

async function orderOnDisk(changes: Partial<TrainingOrder> = {}): Promise<TrainingOrder> {
  const folder = aFolder()
  return anOrder(path.join(folder, 'checkpoints'), {
    training: await labelledFile(folder, 'training', 40, 1),
    validation: await labelledFile(folder, 'validation', 30, 2),
    ...changes,
  })
}

async function heardFrom(stream: AsyncIterable<TrainingNews>): Promise<TrainingNews[]> {
  const news = []
  for await (const item of stream) news.push(item)
  return news
}

const exportOf = (folder: string) => ({
  folder,
  file: path.join(folder, 'model.onnx'),
  metadata: { card: '{"name":"é"}' },
})

test('the same order in two processes gives the same model file, to the last bit', async () => {
  const sums = []
  for (let process = 0; process < 2; process++) {
    const { engine } = startEngine()
    const order = await orderOnDisk()
    const news = await heardFrom(engine.stream('engine.train', order))
    expect(news.at(-1)).toMatchObject({ kind: 'finished', stopped: false, step: 30 })
    sums.push((await engine.call('engine.exportModel', exportOf(order.folder))).sha256)
  }
  expect(sums[1]).toBe(sums[0])
})

test('a training whose process is killed goes on in another, to the same weights', async () => {
  const through = await orderOnDisk({ length: { kind: 'steps', steps: 60 } })
  await heardFrom(startEngine().engine.stream('engine.train', through))

  const killed = { ...through, folder: path.join(aFolder(), 'checkpoints') }
  const { engine, process } = startEngine()
  const listening = async () => {
    for await (const { kind } of engine.stream('engine.train', killed)) if (kind === 'validation') process.kill()
  }
  await expect(listening()).rejects.toMatchObject({ code: 'CONNECTION_LOST' })
  const left = await readCheckpoint(killed.folder, 'latest')
  expect(left?.step).toBeLessThan(60)

  const news = await heardFrom(startEngine().engine.stream('engine.train', killed))
  expect(news[0]).toMatchObject({ kind: 'steps-found', step: left?.step })
  for (const name of ['latest', 'best'] as const)
    expect((await readCheckpoint(killed.folder, name))?.weights).toEqual(
      (await readCheckpoint(through.folder, name))?.weights,
    )
})

describe('stopping a training', () => {
  const long = () => orderOnDisk({ length: { kind: 'steps', steps: 100_000 }, validation: null })

  test('writes a checkpoint and says where it stands', async () => {
    const order = await long()
    const { engine } = startEngine()
    const news = []
    for await (const item of engine.stream('engine.train', order)) {
      news.push(item)
      if (item.kind === 'training') await engine.call('engine.stopTraining', { folder: order.folder })
    }
    const last = news.at(-1)
    expect(last).toMatchObject({ kind: 'finished', stopped: true })
    expect((await readCheckpoint(order.folder, 'latest'))?.step).toBe(last?.kind === 'finished' && last.step)
  })

  test('by no longer listening writes a checkpoint, too', async () => {
    const order = await long()
    const { engine } = startEngine()
    let step = 0
    for await (const item of engine.stream('engine.train', order))
      if (item.kind === 'training') {
        step = item.step
        break
      }
    await engine.call('engine.stopTraining', { folder: order.folder }) // answers when it has ended
    expect((await readCheckpoint(order.folder, 'latest'))?.step).toBeGreaterThanOrEqual(step)
  })

  test('that does not run is no error', async () => {
    await expect(startEngine().engine.call('engine.stopTraining', { folder: '/nowhere' })).resolves.toBeUndefined()
  })
})

describe('a model', () => {
  test('is exported, opened and asked, and says what the card says of it', async () => {
    const { engine } = startEngine()
    const order = await orderOnDisk()
    const news = await heardFrom(engine.stream('engine.train', order))
    const started = news.find((item) => item.kind === 'steps-found')!
    const to = exportOf(order.folder)
    const written = await engine.call('engine.exportModel', to)
    const bytes = await readFile(to.file)
    expect(written).toMatchObject({ bytes: bytes.length, normalisation: started.normalisation, receptiveFieldPx: 3 })
    expect(written.sha256).toBe(createHash('sha256').update(bytes).digest('hex'))
    expect(decodeModel(bytes).metadataProps).toEqual([{ key: 'card', value: '{"name":"é"}' }])

    const { normalisation } = started
    const opened = await engine.call('engine.openModel', { file: to.file, normalisation, testTime: 'none' })
    expect(opened).toMatchObject({ channels: 3, height: 12, width: 12, classes: 2, sha256: written.sha256 })
    expect(opened.metadata).toEqual(to.metadata)

    const { file } = order.validation!
    const ask = (first: number, count: number) =>
      engine.call('engine.predict', { model: opened.model, file, patches: 30, first, count })
    const { probabilities } = await ask(0, 30)
    expect(probabilities).toHaveLength(60)
    expect((await ask(10, 5)).probabilities).toEqual(probabilities.slice(20, 30))

    const best = news.findLast((item) => item.kind === 'validation' && item.best)
    const right = Array.from(order.validation!.classOf).filter(
      (of, patch) => (probabilities[2 * patch + 1] > 0.5 ? 1 : 0) === of,
    ).length
    expect(best?.kind === 'validation' && best.evaluation.accuracy).toBe(right / 30)

    await expect(ask(25, 6)).rejects.toMatchObject({ code: 'PATCH_UNKNOWN', data: { patch: 30, patches: 30 } })
    await engine.call('engine.closeModel', { model: opened.model })
    await expect(ask(0, 1)).rejects.toMatchObject({ code: 'MODEL_UNKNOWN' })
  })

  test('that is no model, or is not there, is refused by name', async () => {
    const { engine } = startEngine()
    const folder = aFolder()
    const file = path.join(folder, 'model.onnx')
    const normalisation = { mean: [0.5], std: [0.2] }
    await expect(engine.call('engine.openModel', { file, normalisation, testTime: 'none' })).rejects.toMatchObject({
      code: 'FILE_NOT_FOUND',
    })
    await writeFile(file, 'not a model')
    await expect(engine.call('engine.openModel', { file, normalisation, testTime: 'none' })).rejects.toMatchObject({
      code: 'MODEL_FILE_BROKEN',
      message: expect.stringContaining(file),
    })
    await expect(engine.call('engine.exportModel', exportOf(folder))).rejects.toMatchObject({
      code: 'CHECKPOINT_BROKEN',
      data: { file: checkpointFile(folder, 'latest') },
    })
  })
})

test('pixels that do not fit the labels are refused before anything is trained', async () => {
  const order = await orderOnDisk()
  const { engine } = startEngine()
  const training = { ...order.training, classOf: new Uint16Array(41) }
  await expect(heardFrom(engine.stream('engine.train', { ...order, training }))).rejects.toMatchObject({
    code: 'FILE_BROKEN',
  })
})

test('the engine names itself', async () => {
  const info = await startEngine().engine.call('engine.info', undefined)
  expect(info).toMatchObject({ name: 'ONNX Runtime', device: 'CPU', threads: 2 })
  expect(info.version).toMatch(/^\d+\.\d+/)
})
