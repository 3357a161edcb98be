import { readFile, writeFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { onnxBackend } from '../../../src-main/nn/backendOnnx.ts'
import { forwardModel } from '../../../src-main/nn/graph/forwardGraph.ts'
import { checkpointFile, modelCheckpoint, readCheckpoint } from '../../../src-main/training/checkpoint.ts'
import { trainLoop } from '../../../src-main/training/trainLoop.ts'
import { validate } from '../../../src-main/training/validate.ts'
import { inMemory } from '../../../src-main/features/pixelFile.ts'
import type { TrainingOrder } from '../../../src-main/nn/engineContract.ts'
import { Recipe } from '../../../src-shared/recipe.ts'
import { network } from '../nn/randomNetworks.ts'
import { aFolder, anOrder, colouredPatches, EDGE, runTraining, smallNetwork, someData } from './trainingBench.ts'

/** Everything that decides how a training goes on, for comparison to the last bit. */
async function stateIn(folder: string) {
  const latest = await readCheckpoint(folder, 'latest')
  const best = await readCheckpoint(folder, 'best')
  return {
    step: latest?.step,
    weights: latest?.weights,
    optimiser: latest?.optimiser,
    best: latest?.best,
    bestWeights: best?.weights,
  }
}

describe('the same order gives the same weights, to the last bit', () => {
  test('when it is run twice', async () => {
    const [one, two] = [aFolder(), aFolder()]
    await runTraining(anOrder(one))
    await runTraining(anOrder(two))
    expect(await stateIn(two)).toEqual(await stateIn(one))
  })

  test('and another seed gives others', async () => {
    const [one, two] = [aFolder(), aFolder()]
    await runTraining(anOrder(one))
    await runTraining(anOrder(two, { seed: 8 }))
    expect((await stateIn(two)).weights).not.toEqual((await stateIn(one)).weights)
  })

  test.each([1, 13, 24])('when it is stopped after step %i and taken up again', async (stopAfter) => {
    const [through, stopped] = [aFolder(), aFolder()]
    await runTraining(anOrder(through))
    const first = await runTraining(anOrder(stopped), someData(), stopAfter)
    expect(first.finished).toMatchObject([{ stopped: true, step: stopAfter }])
    const second = await runTraining(anOrder(stopped))
    expect(second['steps-found']).toMatchObject([{ step: stopAfter, steps: 30 }])
    expect(second.finished).toMatchObject([{ stopped: false, step: 30 }])
    expect(await stateIn(stopped)).toEqual(await stateIn(through))
  })

  test('and a training taken up again tells every point it told before', async () => {
    const folder = aFolder()
    const first = await runTraining(anOrder(folder), someData(), 13)
    const second = await runTraining(anOrder(folder))
    const told = [...first.training, ...first.validation].toSorted((a, b) => a.step - b.step)
    expect(second['steps-found'][0].history.toSorted((a, b) => a.step - b.step)).toEqual(told)
    expect(second.training.map(({ step }) => step)).toEqual(Array.from({ length: 17 }, (_, at) => at + 14))
  })

  test('when its steps were found by timing: the found steps repeat it', async () => {
    const [timed, repeated] = [aFolder(), aFolder()]
    const data = someData()
    const news = []
    const options = { backend: onnxBackend(2), signal: new AbortController().signal }
    const minutes = { kind: 'minutes', minutes: 0.02 } as const
    for await (const item of trainLoop(anOrder(timed, { length: minutes }), data, options)) news.push(item)
    const [found] = news
    if (found.kind !== 'steps-found') throw new Error('The first news is how long the run will be.')
    expect(found.steps).toBeGreaterThan(1)
    const again = anOrder(repeated, { length: { kind: 'steps', steps: found.steps } })
    for await (const _ of trainLoop(again, data, options));
    expect(await stateIn(repeated)).toEqual(await stateIn(timed))
  })

  test('and it is taken up again with the found steps, or with the minutes first asked for', async () => {
    const folder = aFolder()
    await runTraining(anOrder(folder), someData(), 5)
    const asked = anOrder(folder, { length: { kind: 'minutes', minutes: 3 } })
    expect((await runTraining(asked, someData(), 9))['steps-found']).toMatchObject([{ step: 5, steps: 30 }])
    expect((await runTraining(anOrder(folder)))['steps-found']).toMatchObject([{ step: 9, steps: 30 }])
  })
})

test('a checkpoint from before patches could be tilted is gone on from where they are not', async () => {
  const folder = aFolder()
  const order = anOrder(folder)
  const { tilt: _tilt, ...before } = order.augmentation
  await runTraining({ ...order, augmentation: before as TrainingOrder['augmentation'] }, someData(), 5)
  await expect(runTraining({ ...order, augmentation: { ...order.augmentation, tilt: 10 } })).rejects.toMatchObject({
    code: 'CHECKPOINT_BROKEN',
  })
  expect((await runTraining(order))['steps-found']).toMatchObject([{ step: 5, steps: 30 }])
})

describe('the best weights', () => {
  test('are those of the least validation loss, and become the model', async () => {
    const folder = aFolder()
    const heard = await runTraining(anOrder(folder, { length: { kind: 'steps', steps: 60 } }))
    const losses = heard.validation.map(({ loss }) => loss)
    const least = heard.validation[losses.indexOf(Math.min(...losses))]
    expect(least.best).toBe(true)
    expect(heard.finished[0].bestStep).toBe(least.step)
    const model = await modelCheckpoint(folder)
    expect(model?.step).toBe(least.step)

    // With running averages, as a file: it must score what the training said.
    const { loss, evaluation } = await validate(
      onnxBackend(2),
      smallNetwork,
      model!.weights,
      someData().validation!,
      ['stroma', 'tumour'],
      { normalisation: model!.normalisation, testTime: 'none' },
    )
    expect(loss).toBe(least.loss)
    expect(evaluation).toEqual(least.evaluation)
    expect(forwardModel(model!.network, model!.weights).length).toBeGreaterThan(1000)
  })

  test('are the last where nothing is held out', async () => {
    const folder = aFolder()
    const heard = await runTraining(anOrder(folder), { training: colouredPatches(40, 1), validation: null })
    expect(heard.validation).toEqual([])
    expect(heard.finished).toMatchObject([{ step: 30, bestStep: 30 }])
    expect((await modelCheckpoint(folder))?.step).toBe(30)
  })
})

test('a training learns what tells the classes apart', async () => {
  const heard = await runTraining(anOrder(aFolder(), { length: { kind: 'epochs', epochs: 20 } }))
  const last = heard.validation.at(-1)!
  expect(heard['steps-found'][0]).toMatchObject({ steps: 100, stepsPerEpoch: 5 })
  expect(last.evaluation.accuracy).toBeGreaterThan(0.95)
  expect(last.loss).toBeLessThan(0.3)
  expect(last.epoch).toBe(20)
})

describe('unusual data', () => {
  test('one class held out alone gives no AUC and does not end it', async () => {
    const heard = await runTraining(anOrder(aFolder(), { length: { kind: 'steps', steps: 5 } }), {
      training: colouredPatches(10, 1),
      validation: colouredPatches(5, 2, [1]),
    })
    expect(heard.validation.at(-1)!.evaluation.auc).toBe(null)
  })

  const nothing = () => ({ ...colouredPatches(2, 1), classOf: new Uint16Array() })
  test.each([
    [
      'a batch larger than the data',
      { training: colouredPatches(6, 1), validation: null },
      'TRAINING_BATCH_TOO_LARGE',
      'A batch of 8 patches was asked for, but there are 6',
    ],
    [
      'one class only',
      { training: colouredPatches(10, 1, [1]), validation: null },
      'TRAINING_NOT_READY',
      'All 10 patches to train on are “tumour”',
    ],
    ['nothing to train on', { training: nothing(), validation: null }, 'TRAINING_NOT_READY', 'no patches to train on'],
    [
      'nothing held out where something should be',
      { training: colouredPatches(10, 1), validation: nothing() },
      'TRAINING_NOT_READY',
      'no patches to hold out',
    ],
    [
      'a class that does not exist',
      { training: { ...colouredPatches(10, 1), classOf: new Uint16Array(10).fill(2, 5) }, validation: null },
      'TRAINING_NOT_READY',
      'is of class 2',
    ],
  ])('%s is refused before the first step', async (_, data, code, message) => {
    const folder = aFolder()
    await expect(runTraining(anOrder(folder), data)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message),
    })
    expect(await readCheckpoint(folder, 'latest')).toBe(null)
  })

  test('one patch of a class against 10,000 of the other: it is learned from, drawn as often or weighted', async () => {
    const many = colouredPatches(10_001, 3, [0])
    const rare = colouredPatches(2, 4)
    const pixels = many.pixels.range(0, 10_001).slice()
    pixels.set(rare.pixels.range(1, 1), 10_000 * EDGE * EDGE * 3)
    const classOf = many.classOf.slice()
    classOf[10_000] = 1
    const data = {
      training: { pixels: inMemory(pixels, 10_001, many.pixels.shape), classOf },
      validation: colouredPatches(30, 2),
    }
    const order = (folder: string, changes: Partial<TrainingOrder>) =>
      anOrder(folder, { batchSize: 16, length: { kind: 'steps', steps: 40 }, ...changes })
    const balanced = await runTraining(order(aFolder(), { balanced: true }), data)
    expect(balanced.validation.at(-1)!.evaluation.balancedAccuracy).toBeGreaterThan(0.8)
    const weighted = await runTraining(
      order(aFolder(), { balanced: false, recipe: Recipe.parse({ classWeights: 'inverse', clipNorm: 1 }) }),
      data,
    )
    expect(weighted.training.every(({ loss }) => Number.isFinite(loss))).toBe(true)
  })
})

test('a loss that is no number any more ends the training with advice, and keeps the last checkpoint', async () => {
  const folder = aFolder()
  const plain = network(
    'without norms',
    [3, EDGE, EDGE],
    [
      { kind: 'convolution', id: 'c1', filters: 8, kernel: 3 },
      { kind: 'convolution', id: 'c2', filters: 8, kernel: 3 },
      { kind: 'flatten', id: 'f' },
      { kind: 'dense', id: 'classes', units: 2 },
    ],
  )
  const order = anOrder(folder, { network: plain, learningRate: 1e15, length: { kind: 'steps', steps: 200 } })
  await expect(runTraining(order)).rejects.toMatchObject({
    code: 'TRAINING_DIVERGED',
    message: expect.stringContaining(
      'The learning rate 1000000000000000 is probably too large; try 300000000000000, or clip the gradient.',
    ),
  })
  expect((await readCheckpoint(folder, 'latest'))?.weights.parameters.every(Number.isFinite)).toBe(true)
})

describe('a checkpoint', () => {
  test('that was damaged is refused, not used', async () => {
    const folder = aFolder()
    await runTraining(anOrder(folder), someData(), 5)
    const file = checkpointFile(folder, 'latest')
    const bytes = await readFile(file)
    bytes[bytes.length - 100] ^= 1
    await writeFile(file, bytes)
    await expect(runTraining(anOrder(folder))).rejects.toMatchObject({
      code: 'CHECKPOINT_BROKEN',
      data: { file, reason: 'its checksum does not fit its content' },
    })
    await writeFile(file, bytes.subarray(0, 20))
    await expect(runTraining(anOrder(folder))).rejects.toMatchObject({ code: 'CHECKPOINT_BROKEN' })
  })

  test.each([
    ['another seed', { seed: 8 }, 'it is of a training with other labels or settings'],
    ['another learning rate', { learningRate: 0.02 }, 'it is of a training with other labels or settings'],
    ['another length', { length: { kind: 'steps', steps: 31 } }, 'it is of a training of 30 steps, not of 31'],
  ] as const)('of a training with %s is refused', async (_, changes, reason) => {
    const folder = aFolder()
    await runTraining(anOrder(folder), someData(), 5)
    await expect(runTraining(anOrder(folder, changes))).rejects.toMatchObject({
      code: 'CHECKPOINT_BROKEN',
      data: { reason },
    })
  })

  test('is written when it starts, at every validation and when it is stopped', async () => {
    const heard = await runTraining(anOrder(aFolder(), { length: { kind: 'steps', steps: 50 } }), someData(), 12)
    expect(heard.checkpoint.map(({ step }) => step)).toEqual([0, 5, 10, 12])
  })

  test('is written every 60 seconds where nothing is held out', async () => {
    const order = anOrder(aFolder(), { length: { kind: 'steps', steps: 100 } })
    const heard = await runTraining(order, { training: colouredPatches(40, 1), validation: null })
    const steps = heard.checkpoint.map(({ step }) => step)
    // The clock of these tests is looked at three times in a step, and runs a second each time.
    expect(steps.length).toBeGreaterThan(4)
    for (const [place, step] of steps.slice(1).entries()) expect(step - steps[place]).toBeLessThanOrEqual(21)
  })
})
