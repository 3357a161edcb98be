/** The whole loop without a window: open, label, train, predict, correct, export; and the same with things going wrong. */
import { copyFileSync, readdirSync, readFileSync, rmSync, truncateSync } from 'node:fs'
import path from 'node:path'
import { parse } from 'csv-parse/sync'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { MaskParams } from '../../../src-shared/masks.ts'
import type { TrainingPoint } from '../../../src-shared/training.ts'
import { RoomsBench } from '../../fixtures/roomsBench.ts'
import { SAMPLE_PATCHES } from '../../fixtures/samples.ts'

const never = new AbortController().signal

describe('the loop on the sample mosaic', { timeout: 180_000 }, () => {
  test('open, label, train, predict, correct, export, and everything is there after a restart', async () => {
    let bench = RoomsBench.create()
    const { slide, grid } = await bench.addMosaic()
    expect([grid.columns, grid.rows, grid.edgeX]).toEqual([28, 24, 96])
    await bench.labelMosaic(grid, 30)

    const run = await bench.calls['training.start'](
      bench.settings({ sources: [grid.id], length: { kind: 'epochs', epochs: 3 } }),
    )
    expect(run.split.rule).toBe('blocks')
    expect(await bench.settled(run.job)).toMatchObject({ state: 'done' })
    const [model] = await bench.calls['models.list']()
    expect(model).toMatchObject({
      name: 'test',
      run: run.id,
      stale: null,
      card: { input: { edgePx: 96, channels: 3 }, notice: expect.stringContaining('not for diagnosis') },
    })
    expect(model!.card.validation!.n).toBe(run.split.validation.patches)
    // as the curves count them: patches seen, not whole rounds of steps
    expect(model!.card.training.epochs).toBe(
      (model!.card.training.steps * run.settings.batchSize) / run.split.training.patches,
    )
    const points: TrainingPoint[] = []
    for await (const some of bench.rooms.streams['training.follow']({ run: run.id }, never)) points.push(...some)
    expect(points.filter((point) => point.kind === 'validation').length).toBeGreaterThanOrEqual(3)

    await bench.calls['labels.setMask']({
      grid: grid.id,
      params: MaskParams.parse({ method: 'hsv', leastSaturation: 0.06 }),
    })
    const [predicting] = await bench.calls['predictions.start']({ model: model!.id, slides: [slide.id], sets: [] })
    expect(await bench.settled(predicting!.job)).toMatchObject({ state: 'done', done: 399 })
    const { patch, probabilities } = await bench.rooms.readPredictions(predicting!.id)
    expect(patch).toHaveLength(399)
    for (let row = 0; row < patch.length; row++)
      expect(probabilities[row * 2]! + probabilities[row * 2 + 1]!).toBeCloseTo(1, 5)

    const corrected = await bench.calls['labels.assign']({
      source: grid.id,
      patches: patch.slice(0, 1),
      class: 1,
      why: 'correct',
      prediction: predicting!.id,
    })
    expect(corrected?.gesture.kind).toBe('correct')

    const file = path.join(bench.folder, 'out.csv')
    await bench.rooms.writeExport({ format: 'csv', source: grid.id, run: predicting!.id }, file)
    const rows = parse(readFileSync(file), { columns: true }) as Record<string, string>[]
    expect(rows.filter((row) => row['prob_tumor'] !== '')).toHaveLength(399)
    expect(rows.filter((row) => row['label'] !== '').length).toBeGreaterThanOrEqual(60)

    const { job } = await bench.calls['exports.start']({
      format: 'png',
      source: grid.id,
      run: predicting!.id,
      class: 0,
      opacity: 0.6,
    })
    await bench.settled(job)
    const [picture] = await bench.calls['exports.files']({ job })
    expect(await sharp(bench.rooms.exportById(picture!.id)!.file).metadata()).toMatchObject({
      format: 'png',
      width: 2048,
    })

    bench = await bench.reopened()
    expect((await bench.calls['models.list']()).map((each) => each.id)).toEqual([model!.id])
    const again = await bench.rooms.readPredictions(predicting!.id)
    expect(again.probabilities).toEqual(probabilities)
    await bench.calls['labels.undo']()
    const labels = await bench.calls['labels.of']({ source: grid.id })
    expect(labels.patch.length).toBeGreaterThanOrEqual(60)
  })

  test('a model trained again is a new model, and old predictions keep the name of theirs', async () => {
    const bench = RoomsBench.create()
    const { slide, grid } = await bench.addMosaic()
    await bench.labelMosaic(grid, 12)
    for (const name of ['first', 'second']) {
      const run = await bench.calls['training.start'](bench.settings({ name, sources: [grid.id] }))
      await bench.settled(run.job)
      const model = (await bench.calls['models.list']())[0]!
      const [predicting] = await bench.calls['predictions.start']({ model: model.id, slides: [slide.id], sets: [] })
      await bench.settled(predicting!.job)
    }
    expect((await bench.calls['predictions.runs']()).map((run) => run.modelName)).toEqual(['second', 'first'])
  })
})

describe('when things go wrong', { timeout: 180_000 }, () => {
  test('the engine is killed in a training: the job fails by name, and resumed it makes the same weights as one that was not killed', async () => {
    const bench = RoomsBench.create()
    const { grid } = await bench.addMosaic()
    await bench.labelMosaic(grid, 20)
    const settings = (name: string) =>
      bench.settings({ name, sources: [grid.id], length: { kind: 'steps', steps: 12 } })
    const calm = await bench.calls['training.start'](settings('calm'))
    await bench.settled(calm.job)

    const killed = await bench.calls['training.start'](settings('killed'))
    await expect
      .poll(() => bench.rooms.jobs.get(killed.job).done, { timeout: 60_000, interval: 20 })
      .toBeGreaterThanOrEqual(5)
    bench.processes.findLast(({ name }) => name === 'engine')!.process.kill()
    expect(await bench.settled(killed.job)).toMatchObject({ state: 'failed', fault: { code: 'ENGINE_DIED' } })
    await bench.calls['jobs.resume']({ job: killed.job })
    expect(await bench.settled(killed.job)).toMatchObject({ state: 'done' })

    const [second, first] = await bench.calls['models.list']()
    expect([first!.name, second!.name]).toEqual(['calm', 'killed'])
    expect(second!.card.weights).toEqual(first!.card.weights)
    const kept = (run: typeof calm) => bench.calls['training.heldOut']({ run: run.id })
    expect(await kept(calm)).not.toBeNull()
    expect(await kept(killed)).toEqual(await kept(calm))
  })

  test('paused in mid-run and resumed after a restart, a training goes on where it stood', async () => {
    let bench = RoomsBench.create()
    const { grid } = await bench.addMosaic()
    await bench.labelMosaic(grid, 20)
    const run = await bench.calls['training.start'](
      bench.settings({ sources: [grid.id], length: { kind: 'steps', steps: 12 } }),
    )
    await expect
      .poll(() => bench.rooms.jobs.get(run.job).done, { timeout: 60_000, interval: 20 })
      .toBeGreaterThanOrEqual(3)
    expect(await bench.calls['jobs.pause']({ job: run.job })).toMatchObject({ state: 'paused' })
    const stood = bench.rooms.jobs.get(run.job).done
    bench = await bench.reopened()
    await bench.calls['jobs.resume']({ job: run.job })
    expect(await bench.settled(run.job)).toMatchObject({ state: 'done', done: 12 })
    expect(stood).toBeLessThan(12)
    const points: TrainingPoint[] = []
    for await (const some of bench.rooms.streams['training.follow']({ run: run.id }, never)) points.push(...some)
    const steps = points.filter((point) => point.kind === 'training').map((point) => point.step)
    expect(steps).toEqual([...new Set(steps)].toSorted((a, b) => a - b))
  })

  test('the reading process is killed in a prediction: nobody notices', async () => {
    const bench = RoomsBench.create()
    const { slide, grid } = await bench.addMosaic()
    await bench.labelMosaic(grid, 12)
    const run = await bench.calls['training.start'](bench.settings({ sources: [grid.id] }))
    await bench.settled(run.job)
    const [model] = await bench.calls['models.list']()
    const [predicting] = await bench.calls['predictions.start']({ model: model!.id, slides: [slide.id], sets: [] })
    await expect.poll(() => bench.rooms.jobs.get(predicting!.job).state).toBe('running')
    bench.processes.findLast(({ name }) => name === 'slide-read')!.process.kill()
    expect(await bench.settled(predicting!.job)).toMatchObject({ state: 'done', done: 672 })
  })

  test('the engine is killed in a prediction: finished blocks are kept, and resumed it says what one that was not killed says', async () => {
    const bench = RoomsBench.create()
    const { slide, grid } = await bench.addMosaic()
    await bench.labelMosaic(grid, 12)
    const run = await bench.calls['training.start'](bench.settings({ sources: [grid.id] }))
    await bench.settled(run.job)
    const [model] = await bench.calls['models.list']()
    const predict = async () =>
      (await bench.calls['predictions.start']({ model: model!.id, slides: [slide.id], sets: [] }))[0]!
    const calm = await predict()
    await bench.settled(calm.job)

    const killed = await predict()
    await expect.poll(() => bench.rooms.jobs.get(killed.job).done, { timeout: 30_000, interval: 2 }).toBeGreaterThan(0)
    bench.processes.findLast(({ name }) => name === 'engine')!.process.kill()
    expect(await bench.settled(killed.job)).toMatchObject({ state: 'failed', fault: { code: 'ENGINE_DIED' } })
    const runs = async () => (await bench.calls['predictions.runs']()).find((each) => each.id === killed.id)!
    const { done, complete } = await runs()
    expect(complete).toBe(false)
    expect(done).toBeGreaterThan(0)
    expect(done).toBeLessThan(672)
    const half = await bench.rooms.readPredictions(killed.id)
    expect(half.patch).toHaveLength(done)

    await bench.calls['jobs.resume']({ job: killed.job })
    expect(await bench.settled(killed.job)).toMatchObject({ state: 'done', done: 672 })
    expect(await runs()).toMatchObject({ complete: true, total: 672, done: 672 })
    const { patch, probabilities } = await bench.rooms.readPredictions(killed.id)
    expect(patch).toEqual(Uint32Array.from({ length: 672 }, (_, i) => i))
    expect(probabilities).toEqual((await bench.rooms.readPredictions(calm.id)).probabilities)
  })

  test('the slide file is removed while open: the job names it, labels stay, and it goes on when the file is back', async () => {
    const bench = RoomsBench.create()
    const { slide, grid } = await bench.addMosaic()
    await bench.labelMosaic(grid, 12)
    const copy = path.join(bench.folder, 'copy.tif')
    const original = readFileSync(
      path.resolve(import.meta.dirname, '../../../resources/sample/pcam_composite_demo.tif'),
    )
    // the project's slide is the shipped file; point it at a copy that can be taken away
    const { writeFileSync } = await import('node:fs')
    writeFileSync(copy, original)
    await bench.calls['slides.relocate']({ slide: slide.id, file: bench.handle(copy) })
    rmSync(copy)
    const run = await bench.calls['training.start'](bench.settings({ sources: [grid.id] }))
    expect(await bench.settled(run.job)).toMatchObject({ state: 'failed', fault: { code: 'SLIDE_FILE_MISSING' } })
    expect((await bench.calls['labels.of']({ source: grid.id })).patch).toHaveLength(24)
    writeFileSync(copy, original)
    await bench.calls['slides.retry']({ slide: slide.id })
    await bench.calls['jobs.resume']({ job: run.job })
    expect(await bench.settled(run.job)).toMatchObject({ state: 'done' })
  })

  test('a prediction file that was damaged is refused by name', async () => {
    const bench = RoomsBench.create()
    const { slide, grid } = await bench.addMosaic()
    await bench.labelMosaic(grid, 12)
    const run = await bench.calls['training.start'](bench.settings({ sources: [grid.id] }))
    await bench.settled(run.job)
    const [model] = await bench.calls['models.list']()
    const [predicting] = await bench.calls['predictions.start']({ model: model!.id, slides: [slide.id], sets: [] })
    await bench.settled(predicting!.job)
    const file = path.join(bench.folder, 'predictions', `${predicting!.id}.f32`)
    truncateSync(file, 1000)
    await expect(bench.rooms.readPredictions(predicting!.id)).rejects.toMatchObject({
      code: 'PREDICTION_FILE_BROKEN',
      data: { file },
    })
    rmSync(file)
    await expect(bench.rooms.readPredictions(predicting!.id)).rejects.toMatchObject({ code: 'PREDICTION_FILE_BROKEN' })
  })

  test('cancelled for good, a training leaves no model and no files', async () => {
    const bench = RoomsBench.create()
    const { grid } = await bench.addMosaic()
    await bench.labelMosaic(grid, 12)
    const run = await bench.calls['training.start'](
      bench.settings({ sources: [grid.id], length: { kind: 'steps', steps: 1000 } }),
    )
    await expect.poll(() => bench.rooms.jobs.get(run.job).done, { timeout: 60_000 }).toBeGreaterThanOrEqual(1)
    await bench.calls['jobs.cancel']({ job: run.job })
    expect(await bench.calls['models.list']()).toEqual([])
    expect(readdirSync(path.join(bench.folder, 'runs'))).toEqual([])
  })
})

describe('what can not be trained', () => {
  test('one label, one class, or nothing: each says what is missing and how many there are', async () => {
    const bench = RoomsBench.create()
    const { grid } = await bench.addMosaic()
    const reasons = async (classes = [1, 2]) =>
      (await bench.calls['training.plan'](bench.settings({ sources: [grid.id], classes }))).reasons
    expect(await reasons()).toEqual(['Label 10 patches of two classes to train: 0 tumor, 0 normal so far.'])
    await bench.calls['labels.assign']({
      source: grid.id,
      patches: Uint32Array.of(5),
      class: 1,
      why: 'label',
      prediction: null,
    })
    expect(await reasons()).toEqual(['Label 10 patches of two classes to train: 1 tumor, 0 normal so far.'])
    expect(await reasons([1])).toEqual([expect.stringContaining('at least two')])
    await expect(async () =>
      bench.calls['training.start'](bench.settings({ sources: [grid.id] })),
    ).rejects.toMatchObject({ code: 'TRAINING_NOT_READY' })
    expect(await bench.calls['jobs.list']()).toEqual([])
  })

  test('an empty class among others is named', async () => {
    const bench = RoomsBench.create()
    const { grid } = await bench.addMosaic()
    await bench.labelMosaic(grid, 12)
    await bench.calls['labels.addClass']({ name: 'stroma', colour: null, key: null })
    const plan = await bench.calls['training.plan'](bench.settings({ sources: [grid.id], classes: [1, 2, 3] }))
    expect(plan).toMatchObject({ ready: false, reasons: [expect.stringContaining('“stroma” has no labels')] })
  })

  test('a class that was deleted while it was chosen is named', async () => {
    const bench = RoomsBench.create()
    const { grid } = await bench.addMosaic()
    await bench.labelMosaic(grid, 12)
    await bench.calls['labels.deleteClass']({ class: 1 })
    expect((await bench.calls['training.plan'](bench.settings({ sources: [grid.id] }))).reasons[0]).toContain(
      'was deleted',
    )
  })

  test('patches of two scales do not go together', async () => {
    const bench = RoomsBench.create()
    const { slide, grid } = await bench.addMosaic()
    const coarse = await bench.calls['patches.createGrid']({
      slide: slide.id,
      params: { ...grid.params, edgePx: 48, stridePx: 48, mpp: (grid.params.mpp * 2) as never },
    })
    const { reasons } = await bench.calls['training.plan'](bench.settings({ sources: [grid.id, coarse.id] }))
    expect(reasons[0]).toContain('do not go together')
  })

  test('patches of unknown patients are said to be so', async () => {
    const bench = RoomsBench.create()
    const set = await bench.calls['patches.addFolder']({ folder: bench.handle(SAMPLE_PATCHES), mpp: null })
    await bench.calls['labels.importFromSet']({ set: set.id })
    const { split, ready } = await bench.calls['training.plan'](bench.settings({ sources: [set.id] }))
    expect(ready).toBe(true)
    expect(split).toMatchObject({ rule: 'case', sentence: expect.stringContaining('does not say which patient') })
    // a patch of an unknown patient is not a patient of its own
    for (const side of [split!.training, split!.validation]) expect(side).toMatchObject({ slides: null, cases: null })
  })
})

describe('a model that does not fit', { timeout: 120_000 }, () => {
  test('the µm/px of a slide decides: too coarse is refused, corrected makes model and predictions stale, and no patch moves', async () => {
    const bench = RoomsBench.create()
    const { slide, grid } = await bench.addMosaic()
    await bench.labelMosaic(grid, 12)
    const run = await bench.calls['training.start'](bench.settings({ sources: [grid.id] }))
    await bench.settled(run.job)
    const [model] = await bench.calls['models.list']()
    const [predicting] = await bench.calls['predictions.start']({ model: model!.id, slides: [slide.id], sets: [] })
    await bench.settled(predicting!.job)

    await bench.calls['slides.setMpp']({ slide: slide.id, mppX: 3 as never, mppY: 3 as never })
    const after = (await bench.calls['patches.sources']()).find((source) => source.id === grid.id)
    expect(after).toMatchObject({
      edgeX: grid.edgeX,
      strideX: grid.strideX,
      columns: grid.columns,
      stale: expect.stringContaining('µm/px'),
    })
    expect((await bench.calls['models.list']())[0]!.stale).toContain('µm/px')
    expect((await bench.calls['predictions.runs']())[0]!.stale).toContain('µm/px')
    await expect(async () =>
      bench.calls['predictions.start']({ model: model!.id, slides: [slide.id], sets: [] }),
    ).rejects.toMatchObject({
      code: 'MODEL_SPACING_MISMATCH',
      data: { expected: expect.closeTo(0.972, 2), actual: 3, unit: 'µm/px' },
    })
    expect((await bench.calls['labels.of']({ source: grid.id })).patch).toHaveLength(24)
  })

  test('one that knows none of the project’s classes is refused, with both lists; one that shares a class is not', async () => {
    const bench = RoomsBench.create()
    const { slide, grid } = await bench.addMosaic()
    await bench.labelMosaic(grid, 12)
    const run = await bench.calls['training.start'](bench.settings({ sources: [grid.id] }))
    await bench.settled(run.job)
    const [model] = await bench.calls['models.list']()
    const predict = async () => bench.calls['predictions.start']({ model: model!.id, slides: [slide.id], sets: [] })
    await bench.calls['labels.editClass']({ class: 1, name: 'mucosa' })
    await bench.calls['labels.editClass']({ class: 2, name: 'muscle' })
    await expect(predict()).rejects.toMatchObject({
      code: 'MODEL_CLASSES_MISMATCH',
      data: { expected: ['tumor', 'normal'], actual: ['mucosa', 'muscle'] },
    })
    expect(await bench.calls['predictions.runs']()).toEqual([])
    await bench.calls['labels.editClass']({ class: 2, name: 'Normal' })
    const [predicting] = await predict()
    expect(await bench.settled(predicting!.job)).toMatchObject({ state: 'done' })
  })

  test('weights with another card, or none, are refused', async () => {
    const bench = RoomsBench.create()
    const { grid } = await bench.addMosaic()
    await bench.labelMosaic(grid, 12)
    const run = await bench.calls['training.start'](bench.settings({ sources: [grid.id] }))
    await bench.settled(run.job)
    const [model] = await bench.calls['models.list']()
    const file = path.join(bench.folder, 'taken.onnx')
    const [weights, card] = await bench.rooms.writeExport({ format: 'model', model: model!.id }, file)
    expect([weights, card].map((each) => path.basename(each!))).toEqual(['taken.onnx', 'taken.card.json'])
    expect((await bench.calls['models.import']({ file: bench.handle(file) })).card.weights.sha256).toBe(
      model!.card.weights.sha256,
    )

    const { writeFileSync } = await import('node:fs')
    const text = readFileSync(card!, 'utf8')
    const refuses = async (content: string, code: string) => {
      writeFileSync(card!, content)
      await expect(bench.calls['models.import']({ file: bench.handle(file) })).rejects.toMatchObject({ code })
    }
    await refuses('{"half": ', 'MODEL_CARD_INVALID')
    await refuses(text.replace(model!.card.weights.sha256, '0'.repeat(64)), 'MODEL_CARD_INVALID')
    await refuses(text.replace('"edgePx": 96', '"edgePx": 97'), 'MODEL_CARD_INVALID')
    // weights alone still say what their input and output mean
    const alone = path.join(bench.folder, 'alone.onnx')
    copyFileSync(file, alone)
    const found = await bench.calls['models.import']({ file: bench.handle(alone) })
    expect(found.name).toBe('alone')
    expect(found.card).toMatchObject({
      input: model!.card.input,
      classes: model!.card.classes,
      validation: model!.card.validation,
      weights: { sha256: model!.card.weights.sha256 },
      training: { steps: 4, minutes: null, seconds: null },
    })
    writeFileSync(card!, text)
    truncateSync(file, 4000)
    await expect(bench.calls['models.import']({ file: bench.handle(file) })).rejects.toMatchObject({
      code: 'MODEL_FILE_BROKEN',
    })
    expect(await bench.calls['models.list']()).toHaveLength(3)
    // a model that was refused leaves nothing behind
    expect(readdirSync(path.join(bench.folder, 'models'))).toHaveLength(3)
  })
})
