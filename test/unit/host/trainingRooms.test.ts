/** Trainings of every kind through the rooms, with real processes: begun from a model, in folds, looked at before and after. */
import { copyFileSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { Augmentation, type Model } from '../../../src-shared/models.ts'
import { NetworkDescription } from '../../../src-shared/networks.ts'
import { RunId } from '../../../src-shared/ids.ts'
import { mostProbable } from '../../../src-shared/predictions.ts'
import { Recipe } from '../../../src-shared/recipe.ts'
import type { HeldOutPatches, RateSearchNews, TrainingPoint } from '../../../src-shared/training.ts'
import { networkShapes } from '../../../src-shared/network/shapes.ts'
import { trainingPreset } from '../../../src-shared/trainingPresets.ts'
import { evaluate } from '../../../src-main/evaluation/evaluate.ts'
import { cardFileOf } from '../../../src-main/models/modelFiles.ts'
import { RoomsBench } from '../../fixtures/roomsBench.ts'
import { SAMPLE_PATCHES } from '../../fixtures/samples.ts'
import { temporaryFolder } from '../../fixtures/temporary.ts'

const never = new AbortController().signal

/** A folder with six patches: predicting them takes no time. */
function sixPictures(): string {
  const folder = temporaryFolder()
  for (const name of ['normal', 'tumor'])
    for (const file of readdirSync(path.join(SAMPLE_PATCHES, name)).slice(0, 3)) {
      mkdirSync(path.join(folder, name), { recursive: true })
      copyFileSync(path.join(SAMPLE_PATCHES, name, file), path.join(folder, name, file))
    }
  return folder
}

async function labelledBench(each = 20) {
  const bench = RoomsBench.create()
  const { grid } = await bench.addMosaic()
  await bench.labelMosaic(grid, each)
  const settings = (more: Parameters<typeof bench.settings>[0] | object = {}) =>
    bench.settings({ sources: [grid.id], ...more })
  const trained = async (more: object = {}) => {
    const run = await bench.calls['training.start'](settings(more))
    expect(await bench.settled(run.job)).toMatchObject({ state: 'done', fault: null })
    return (await bench.calls['models.list']()).find((model) => model.run === run.id)!
  }
  const set = await bench.calls['patches.addFolder']({ folder: bench.handle(sixPictures()), mpp: null })
  const predicted = async (model: Model, more: { testTime?: 'none' | 'd4' } = {}) => {
    const [run] = await bench.calls['predictions.start']({ model: model.id, slides: [], sets: [set.id], ...more })
    expect(await bench.settled(run!.job)).toMatchObject({ state: 'done' })
    const { probabilities } = await bench.rooms.readPredictions(run!.id)
    return { run: (await bench.calls['predictions.runs']()).find((each) => each.id === run!.id)!, probabilities }
  }
  return { bench, grid, set, settings, trained, predicted }
}

/** [truth][prediction], counted from what was kept of each patch. */
function confusionOf(parts: readonly HeldOutPatches[], classes: number): number[][] {
  const counts = Array.from({ length: classes }, () => new Array<number>(classes).fill(0))
  for (const { patch, truth, probabilities } of parts)
    for (let i = 0; i < patch.length; i++) counts[truth[i]!]![mostProbable(probabilities, i, classes)]!++
  return counts
}

describe('through the rooms', { timeout: 180_000 }, () => {
  test('what a model said of each held-out patch is kept: it makes the very matrix of the card, and is there after a restart', async () => {
    const { bench, grid, trained } = await labelledBench()
    const { card, run } = await trained({ length: { kind: 'steps', steps: 8 } })
    const kept = (await bench.calls['training.heldOut']({ run: run! }))!
    expect(kept.map(({ source }) => source)).toEqual([grid.id])
    expect(new Set(kept[0]!.patch).size).toBe(card.validation!.n)
    expect(confusionOf(kept, 2)).toEqual(card.validation!.confusion)
    const labels = await bench.calls['labels.of']({ source: grid.id })
    const { settings } = (await bench.calls['training.runs']())[0]!
    for (const [i, patch] of kept[0]!.patch.entries())
      expect(settings.classes[kept[0]!.truth[i]!]).toBe(labels.class[labels.patch.indexOf(patch)])
    const again = await bench.reopened()
    expect(await again.calls['training.heldOut']({ run: run! })).toEqual(kept)
    expect(await again.calls['training.runs']()).toMatchObject([{ heldOutKept: true }])
  })

  test('where nothing is held out nothing is kept, and a training nobody knows is refused', async () => {
    const { bench, trained } = await labelledBench()
    const { run } = await trained({ validation: { kind: 'none' }, length: { kind: 'steps', steps: 2 } })
    expect(await bench.calls['training.heldOut']({ run: run! })).toBeNull()
    expect(await bench.calls['training.runs']()).toMatchObject([{ heldOutKept: false }])
    const unknown = RunId.parse('0193f1c0-0000-7000-8000-000000000001')
    await expect(async () => bench.calls['training.heldOut']({ run: unknown })).rejects.toMatchObject({
      code: 'RUN_UNKNOWN',
    })
  })

  test('a model is begun with an earlier one, imported from a file or not; its card says which', async () => {
    const { bench, settings, trained } = await labelledBench()
    const first = await trained({ name: 'first', length: { kind: 'steps', steps: 8 } })
    const second = await trained({
      name: 'second',
      start: { model: first.id, freeze: 2 },
      length: { kind: 'steps', steps: 2 },
      recipe: Recipe.parse({ averageDecay: 0.9, clipNorm: 1 }),
    })
    expect(second.card.training.start).toEqual({
      id: first.id,
      name: 'first',
      sha256: first.card.weights.sha256,
      freeze: 2,
      rateDecay: 1,
    })
    expect(second.card.normalisation).toEqual(first.card.normalisation)
    expect(second.card.training.recipe).toMatchObject({ averageDecay: 0.9, clipNorm: 1 })
    const file = path.join(bench.folder, 'second.onnx')
    await bench.rooms.writeExport({ format: 'model', model: second.id }, file)
    const imported = await bench.calls['models.import']({ file: bench.handle(file) })
    const third = await trained({ name: 'third', start: { model: imported.id }, length: { kind: 'steps', steps: 2 } })
    expect(third.card.training.start?.sha256).toBe(second.card.weights.sha256)
    for (const freeze of ['c99', 99]) {
      const start = { model: first.id, freeze, rateDecay: 1 }
      const { ready, reasons } = await bench.calls['training.plan'](settings({ start }))
      expect({ ready, reasons }).toEqual({
        ready: false,
        reasons: [expect.stringMatching(freeze === 99 ? /^All \d+ layers/ : /^There is no layer “c99” to freeze/)],
      })
    }
  })

  test('folds become one model whose figure is over every labelled patch, and stopped on the way they end alike', async () => {
    const { bench, settings, trained, predicted } = await labelledBench()
    const folded = { folds: 2, length: { kind: 'steps', steps: 6 } }
    const calm = await trained({ name: 'calm', ...folded })
    const { card } = calm
    expect(card.members).toHaveLength(2)
    expect(card.validation!.n).toBe(40)
    expect(card.split.sentence).toContain('2 folds by blocks')
    expect(card.members.reduce((sum, { validation }) => sum + validation!.n, 0)).toBe(40)
    const points: TrainingPoint[] = []
    for await (const some of bench.rooms.streams['training.follow']({ run: calm.run! }, never)) points.push(...some)
    expect(new Set(points.map(({ fold }) => fold))).toEqual(new Set([0, 1]))
    expect(Math.max(...points.map(({ step }) => step))).toBe(12)
    // a fold learns from a part of the patches: the card counts its epochs over that part, as the curve does
    expect(card.training.epochs).toBe(Math.max(...points.map(({ epoch }) => epoch)))

    const run = await bench.calls['training.start'](settings({ name: 'calm', ...folded }))
    await expect
      .poll(() => bench.rooms.jobs.get(run.job).done, { timeout: 60_000, interval: 20 })
      .toBeGreaterThanOrEqual(8)
    await bench.calls['jobs.pause']({ job: run.job })
    await bench.calls['jobs.resume']({ job: run.job })
    expect(await bench.settled(run.job)).toMatchObject({ state: 'done' })
    const paused = (await bench.calls['models.list']()).find((model) => model.run === run.id)!
    expect(paused.card.validation).toEqual(card.validation)
    const kept = (await bench.calls['training.heldOut']({ run: run.id }))!
    expect(kept).toEqual(await bench.calls['training.heldOut']({ run: calm.run! }))
    expect(confusionOf(kept, 2)).toEqual(card.validation!.confusion)
    expect((await predicted(paused)).probabilities).toEqual((await predicted(calm)).probabilities)
  })

  test('different networks become one model; the engine killed in the second, it goes on there to the same answers', async () => {
    const { bench, set, settings, trained, predicted } = await labelledBench()
    await bench.calls['labels.importFromSet']({ set: set.id })
    const own = NetworkDescription.parse({
      name: 'four filters',
      input: [3, 96, 96],
      layers: [
        { kind: 'convolution', id: 'c1', filters: 4, kernel: 5, stride: 4, padding: 2 },
        { kind: 'relu', id: 'r1' },
        { kind: 'global-average-pool', id: 'mean' },
        { kind: 'dense', id: 'classes', units: 2 },
      ],
    })
    const ensemble = {
      members: ['small-vgg', own, own],
      length: { kind: 'steps', steps: 6 },
      validation: { kind: 'source', source: set.id },
      seed: 5,
    }
    const calm = await trained({ name: 'calm', ...ensemble })
    const { card } = calm
    expect(card.members.map(({ name, seed, steps }) => [name, seed, steps])).toEqual([
      ['calm, member 1 (Small VGG)', 5, 6],
      ['calm, member 2 (four filters)', 6, 6],
      ['calm, member 3 (four filters)', 7, 6],
    ])
    // the same layers, and yet another network
    expect(card.members[1]!.sha256).not.toBe(card.members[2]!.sha256)
    expect(card.members.map(({ description }) => description!.layers.length)).toEqual([
      card.network.description.layers.length,
      4,
      4,
    ])
    expect(card.network.preset).toBe('ensemble')
    const [small, four] = [own, card.network.description].map((each) => networkShapes(each).parameters)
    expect(card.network.parameters).toBe(four! + 2 * small!)

    // its figure is that of its own answers
    const { run, probabilities } = await predicted(calm)
    expect(run.total).toBe(6)
    const truth = (await bench.calls['labels.of']({ source: set.id })).class
    const figure = evaluate(
      Float32Array.from(probabilities),
      Uint16Array.from(truth, (number) => number - 1),
      ['tumor', 'normal'],
    )
    expect(card.validation).toEqual(figure)
    for (const { validation } of card.members) expect(validation!.n).toBe(6)

    const points: TrainingPoint[] = []
    for await (const some of bench.rooms.streams['training.follow']({ run: calm.run! }, never)) points.push(...some)
    expect(new Set(points.map(({ member }) => member))).toEqual(new Set([0, 1, 2]))
    expect(Math.max(...points.map(({ step }) => step))).toBe(18)

    const again = await bench.calls['training.start'](settings({ name: 'calm', ...ensemble }))
    const job = () => bench.rooms.jobs.get(again.job)
    await expect.poll(() => job().done, { timeout: 60_000, interval: 5 }).toBeGreaterThanOrEqual(8)
    bench.processes.findLast(({ name }) => name === 'engine')!.process.kill()
    expect(await bench.settled(again.job)).toMatchObject({ state: 'failed', fault: { code: 'ENGINE_DIED' } })
    await bench.calls['jobs.resume']({ job: again.job })
    await expect.poll(() => job().phase, { timeout: 60_000, interval: 1 }).toMatch(/training member [23] of 3/)
    expect(await bench.settled(again.job)).toMatchObject({ state: 'done', done: 18, total: 18 })
    const killed = (await bench.calls['models.list']()).find((model) => model.run === again.id)!
    expect(killed.card.weights.sha256).not.toBe('')
    expect(killed.card.members.map(({ sha256 }) => sha256)).toEqual(card.members.map(({ sha256 }) => sha256))
    expect((await predicted(killed)).probabilities).toEqual(probabilities)
  })

  test('without held-out patches an ensemble has no figure, and its members find steps of their own', async () => {
    const { trained } = await labelledBench(8)
    const { card } = await trained({
      members: ['small-vgg', 'lenet-5'],
      length: { kind: 'minutes', minutes: 0.02 },
      validation: { kind: 'none' },
    })
    expect(card).toMatchObject({ validation: null, training: { minutes: 0.02 } })
    expect(card.members.map(({ validation }) => validation)).toEqual([null, null])
    expect(card.training.steps).toBe(Math.max(...card.members.map(({ steps }) => steps!)))
  })

  test('a card names the preset that was trained, and what of it was changed', async () => {
    const { bench, settings, trained } = await labelledBench(8)
    const fast = trainingPreset('fast', 'tissue').settings
    const { card } = await trained({ ...fast, preset: 'fast', length: { kind: 'steps', steps: 1 }, batchSize: 8 })
    expect(card.training.preset).toEqual({ name: 'fast', changed: ['length', 'patches per step'] })
    const plan = await bench.calls['training.plan'](settings({ preset: 'competition' }))
    expect(plan).toMatchObject({
      ready: false,
      data: 'tissue',
      reasons: ['There is no preset “competition” for tissue. There are: fast, balanced, accurate.'],
    })
  })

  test('an ensemble in folds, or of an earlier model, is refused with the reason', async () => {
    const { bench, settings, trained } = await labelledBench(8)
    const members = ['small-vgg', 'small-resnet']
    const plan = (more: object) => bench.calls['training.plan'](settings({ members, ...more }))
    expect(await plan({})).toMatchObject({ ready: true, reasons: [] })
    expect((await plan({ folds: 2 })).reasons).toEqual([expect.stringContaining('2 networks in 2 folds')])
    const earlier = await trained({ length: { kind: 'steps', steps: 1 } })
    expect((await plan({ start: { model: earlier.id } })).reasons).toEqual([
      expect.stringContaining('begin with fresh weights'),
    ])
    expect((await plan({ members: ['small-vgg', 'digits-3'] })).reasons).toEqual([
      expect.stringContaining('Digits 3 × 3 is made for patches of 28 to 64 px'),
    ])
  })

  test('models trained apart become one file that says the mean of what they say', async () => {
    const { bench, settings, trained, predicted } = await labelledBench(12)
    const members = [await trained({ name: 'a', seed: 1 }), await trained({ name: 'b', seed: 2 })]
    const both = await bench.calls['models.ensemble']({ models: members.map(({ id }) => id), name: 'both' })
    expect(both.card.members.map(({ name }) => name)).toEqual(['a', 'b'])
    const [a, b] = [await predicted(members[0]!), await predicted(members[1]!)]
    for (const [i, value] of (await predicted(both)).probabilities.entries())
      expect(value).toBeCloseTo((a.probabilities[i]! + b.probabilities[i]!) / 2, 5)
    const plan = await bench.calls['training.plan'](settings({ start: { model: both.id } }))
    expect(plan).toMatchObject({ ready: false, reasons: [expect.stringContaining('averages 2 networks')] })
  })

  test('test-time augmentation stands in the card, is what a prediction does, and can be asked for or not', async () => {
    const { bench, trained, predicted } = await labelledBench(12)
    const model = await trained({ testTime: 'd4' })
    expect(model.card.testTime).toBe('d4')
    const [eight, once] = [await predicted(model), await predicted(model, { testTime: 'none' })]
    expect([eight.run.testTime, once.run.testTime]).toEqual(['d4', 'none'])
    expect(once.probabilities).not.toEqual(eight.probabilities)
    for (let row = 0; row < eight.probabilities.length; row += 2)
      expect(eight.probabilities[row]! + eight.probabilities[row + 1]!).toBeCloseTo(1, 5)
    const file = path.join(bench.folder, 'm.onnx')
    await bench.rooms.writeExport({ format: 'model', model: model.id }, file)
    expect(JSON.parse(readFileSync(cardFileOf(file), 'utf8'))).toMatchObject({ version: 2, testTime: 'd4' })
  })

  test('the card’s figure is of the model as it will look at patches: eight ways, the mean of the eight', async () => {
    const { bench, set, trained, predicted } = await labelledBench(12)
    await bench.calls['labels.importFromSet']({ set: set.id })
    const labels = await bench.calls['labels.of']({ source: set.id })
    const truth = Uint16Array.from(labels.class, (number) => [1, 2].indexOf(number))
    const held = { validation: { kind: 'source', source: set.id } }
    const model = await trained({ ...held, testTime: 'd4', length: { kind: 'steps', steps: 6 } })
    const names = model.card.classes.map(({ name }) => name)
    const eight = evaluate((await predicted(model)).probabilities, truth, names)
    expect(model.card.validation).toEqual(eight)
    const once = await trained({ ...held, length: { kind: 'steps', steps: 6 } })
    expect(once.card.validation).toEqual(evaluate((await predicted(once)).probabilities, truth, names))
  })

  test('layers of one’s own are trained as they are, with a unit for each class, and stand in the card', async () => {
    const { bench, settings, trained } = await labelledBench(8)
    const layers = [
      { kind: 'convolution', id: 'c1', filters: 4, kernel: 5, stride: 4, padding: 2 },
      { kind: 'relu', id: 'r1' },
      { kind: 'global-average-pool', id: 'mean' },
      // the data has two
      { kind: 'dense', id: 'classes', units: 7 },
    ]
    const own = NetworkDescription.parse({ name: 'four filters', input: [3, 96, 96], layers })
    const network = await bench.calls['training.network'](settings({ network: own }))
    expect(network.layers.at(-1)).toMatchObject({ kind: 'dense', units: 2 })
    const { card } = await trained({ network: own, length: { kind: 'steps', steps: 3 } })
    expect(card.network).toMatchObject({ preset: 'four filters', description: network })
    // 4 · (3 · 5² + 1) + 2 · (4 + 1)
    expect(card.network.parameters).toBe(314)
    const [run] = await bench.calls['training.runs']()
    expect(run!.settings.network).toEqual(own)
  })

  test('layers that take other patches, or do not fit together, are refused by name before anything starts', async () => {
    const { bench, settings } = await labelledBench(8)
    const preset = await bench.calls['training.network'](settings({ network: 'small-vgg' }))
    expect(preset).toMatchObject({ name: 'Small VGG', input: [3, 96, 96] })
    const plan = (network: object) => bench.calls['training.plan'](settings({ network }))
    expect(await plan(preset)).toMatchObject({ ready: true, reasons: [] })
    const smaller = { ...preset, name: 'for 64 px', input: [3, 64, 64] }
    const words =
      '“for 64 px” takes patches of 3 × 64 × 64 (channels × height × width), those to train on are 3 × 96 × 96'
    expect(await plan(smaller)).toMatchObject({ ready: false, reasons: [expect.stringContaining(words)] })
    const start = async () => bench.calls['training.start'](settings({ network: smaller }))
    await expect(start()).rejects.toMatchObject({
      code: 'TRAINING_NOT_READY',
    })
    const [first, ...rest] = preset.layers
    const broken = { ...preset, layers: [first, { kind: 'add', id: 'lost', inputs: [first!.id, 'nowhere'] }, ...rest] }
    expect((await plan(broken)).reasons[0]).toContain('layer “lost” needs inputs made by layers before it')
    expect(await bench.calls['training.runs']()).toEqual([])
  })

  test('a search for a learning rate tells its curve, suggests or says why not, and leaves nothing behind', async () => {
    const { bench, settings } = await labelledBench()
    const small = settings({ batchSize: 2 })
    const heard: RateSearchNews[] = []
    for await (const news of bench.rooms.streams['training.findRate'](small, never)) heard.push(news)
    expect(heard.filter(({ kind }) => kind === 'point').length).toBeGreaterThan(20)
    expect(heard.at(-1)).toMatchObject({
      kind: 'found',
      sentence: expect.stringMatching(/learning rate|rate to train/),
    })
    expect(readdirSync(path.join(bench.folder, 'runs'))).toEqual([])
    for await (const news of bench.rooms.streams['training.findRate'](small, never)) if (news.kind === 'point') break
    expect(readdirSync(path.join(bench.folder, 'runs')), 'left early').toEqual([])
    expect(await bench.calls['models.list']()).toEqual([])
  })

  test('the preview shows patches as a training would', async () => {
    const { bench, grid } = await labelledBench(2)
    const ask = { source: grid.id, patches: Uint32Array.of(30, 31), versions: 3, seed: 1 }
    const off = Augmentation.parse({ flips: false, turns: false, stain: 0, colour: 0 })
    const still = await bench.calls['training.previewAugmentation']({ ...ask, augmentation: off })
    expect(still.edgePx).toBe(96)
    expect(still.pictures.map((versions) => versions.length)).toEqual([3, 3])
    expect(still.pictures[0]![0]).toHaveLength(96 * 96 * 3)
    expect(still.pictures[0]![1]).toEqual(still.pictures[0]![0])
    const moved = await bench.calls['training.previewAugmentation']({
      ...ask,
      augmentation: Augmentation.parse({ shift: 8, stain: 0.2 }),
    })
    expect(moved.pictures[0]![1]).not.toEqual(moved.pictures[0]![0])
  })

  test('what can not be trained is said by the plan, and a batch larger than the data is made smaller aloud', async () => {
    const { bench, settings } = await labelledBench(8)
    const plan = async (more: object) => bench.calls['training.plan'](settings(more))
    expect(await plan({ folds: 2, validation: { kind: 'none' } })).toMatchObject({
      ready: false,
      reasons: [expect.stringContaining('Folds hold out every patch once')],
    })
    expect(
      (await plan({ folds: 20, validation: { kind: 'fraction', fraction: 0.2, rule: 'case' } })).reasons[0],
    ).toContain('can not be held out in 20 folds by case')
    expect((await plan({ recipe: Recipe.parse({ classWeights: [1, 2, 3] }) })).reasons[0]).toContain(
      'There are 3 class weights for 2 classes',
    )
    const large = { batchSize: 500, validation: { kind: 'none' }, length: { kind: 'steps', steps: 2 } }
    expect((await plan(large)).warnings).toContainEqual(
      'There are only 16 patches to train on, so each step takes 16 of them, not 500.',
    )
    const run = await bench.calls['training.start'](settings(large))
    expect(run.settings.batchSize).toBe(16)
    expect(await bench.settled(run.job)).toMatchObject({ state: 'done' })
  })
})
