/** A slide with damaged tiles through the whole program: what can be read is trained on and predicted, the rest is named. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { parse } from 'csv-parse/sync'
import { describe, expect, test } from 'vitest'
import { type Grid, patchCount, patchRect } from '../../../src-shared/patches.ts'
import type { PredictionBlock } from '../../../src-shared/predictions.ts'
import { tessera } from '../../fixtures/commandLine.ts'
import { damagedMosaic } from '../../fixtures/damagedMosaic.ts'
import { RoomsBench } from '../../fixtures/roomsBench.ts'
import { temporaryFolder } from '../../fixtures/temporary.ts'

const never = new AbortController().signal

const TILES = [
  { column: 1, row: 0 },
  { column: 4, row: 4 },
]

/** The mosaic, whole and damaged, in one project; and the patches of the damaged one that can not be read. */
async function benchWithBoth() {
  const bench = RoomsBench.create()
  const { slide: whole, grid: soundGrid } = await bench.addMosaic()
  const { file, meets } = damagedMosaic(TILES)
  const slide = await bench.rooms.addSlide(file, '')
  await bench.calls['patches.createGrid']({ slide: slide.id, params: soundGrid.params })
  const grid = (await bench.activeGrid(slide))!
  const gone = unreadableOf(grid, meets)
  return { bench, whole, soundGrid, slide, grid, gone }
}

const unreadableOf = (grid: Grid, meets: (rect: ReturnType<typeof patchRect>) => boolean): number[] =>
  Array.from({ length: patchCount(grid) }, (_, patch) => patch).filter((patch) => meets(patchRect(grid, patch)))

const logOf = async (bench: RoomsBench, job: Parameters<RoomsBench['settled']>[0]) =>
  (await bench.calls['jobs.log']({ job })).map(({ text }) => text)

describe('a slide with two damaged tiles', { timeout: 180_000 }, () => {
  test('predictions: the sound patches get the very probabilities of the whole slide, the others none, and are named', async () => {
    const { bench, whole, soundGrid, slide, grid, gone } = await benchWithBoth()
    expect(gone.length).toBeGreaterThan(10)
    await bench.labelMosaic(soundGrid, 12)
    const training = await bench.calls['training.start'](bench.settings({ sources: [soundGrid.id] }))
    await bench.settled(training.job)
    const model = (await bench.calls['models.list']())[0]!
    const runs = await bench.calls['predictions.start']({ model: model.id, slides: [whole.id, slide.id], sets: [] })
    for (const { job } of runs) expect(await bench.settled(job)).toMatchObject({ state: 'done', fault: null })
    const [sound, run] = runs.map(({ id }) => id)
    const { patch, probabilities, unread } = await bench.rooms.readPredictions(run!)
    expect([...unread]).toEqual(gone)
    expect(patch).toHaveLength(patchCount(grid) - gone.length)
    const all = await bench.rooms.readPredictions(sound!)
    expect([...all.unread]).toEqual([])
    const kept = [...all.patch.keys()].filter((row) => !gone.includes(all.patch[row]!))
    expect([...patch]).toEqual(kept.map((row) => all.patch[row]!))
    expect([...probabilities]).toEqual(kept.flatMap((row) => [...all.probabilities.subarray(2 * row, 2 * row + 2)]))

    const told = (await bench.calls['predictions.runs']()).find(({ id }) => id === run)!
    expect(told).toMatchObject({ complete: true, total: patchCount(grid), unread: gone.length })
    expect(told.counts!.reduce((sum, each) => sum + each, 0)).toBe(patch.length)
    const log = (await logOf(bench, told.job)).join('\n')
    expect(log).toContain(`${gone.length} of ${patchCount(grid)} patches to predict lie where “damaged” is damaged`)
    expect(log).toMatch(/row 0: columns \d+–\d+; row 1: columns/)

    const blocks: PredictionBlock[] = []
    for await (const block of bench.rooms.streams['predictions.follow']({ run: run! }, never)) blocks.push(block)
    expect(blocks.flatMap((block) => [...block.unread])).toEqual(gone)
    expect(blocks.flatMap((block) => [...block.probabilities]).some(Number.isNaN)).toBe(false)

    const csv = path.join(bench.folder, 'out.csv')
    await bench.rooms.writeExport({ format: 'csv', source: grid.id, run: run! }, csv)
    const rows = parse(readFileSync(csv), { columns: true }) as Record<string, string>[]
    const places = rows.map(({ col, row }) => Number(row) * grid.columns + Number(col))
    expect(places).toEqual([...patch])
  })

  test('a training does without labelled patches that can not be read, and its record, card and log say so', async () => {
    const { bench, grid, gone } = await benchWithBoth()
    await bench.labelMosaic(grid, 25)
    await bench.calls['labels.assign']({
      source: grid.id,
      patches: Uint32Array.from(gone.slice(0, 8)),
      class: 1,
      why: 'label',
      prediction: null,
    })
    const labels = await bench.calls['labels.of']({ source: grid.id })
    const lost = [...labels.patch].filter((patch) => gone.includes(patch)).toSorted((a, b) => a - b)
    expect(lost.length).toBeGreaterThanOrEqual(8)
    const started = await bench.calls['training.start'](bench.settings({ sources: [grid.id] }))
    expect(await bench.settled(started.job)).toMatchObject({ state: 'done', fault: null })
    const run = (await bench.calls['training.runs']())[0]!
    const side = (name: 'training' | 'validation') => started.split[name].patches - run.split[name].patches
    const unread = side('training') + side('validation')
    // of those in the gap between the blocks nothing was to be read
    expect(unread).toBeGreaterThan(0)
    expect(unread).toBeLessThanOrEqual(lost.length)
    expect(run.split.unread).toBe(unread)
    expect(run.split.sentence).toMatch(/where a slide’s file is damaged and (is|are) left out\.$/)
    expect(run.split.training.perClass.reduce((sum, each) => sum + each, 0)).toBe(run.split.training.patches)
    const model = (await bench.calls['models.list']())[0]!
    expect(model.card.split).toEqual(run.split)
    expect(model.card.validation!.n).toBe(run.split.validation.patches)
    const log = await logOf(bench, run.job)
    expect(log.filter((line) => /“damaged” is damaged, and w(as|ere) left out: row \d+/.test(line))).toHaveLength(
      Number(side('training') > 0) + Number(side('validation') > 0),
    )
    const heldOut = (await bench.calls['training.heldOut']({ run: run.id }))!
    expect(heldOut.flatMap(({ patch }) => [...patch]).filter((patch) => gone.includes(patch))).toEqual([])
  })

  test('folds: a patch that can not be read leaves every fold, and each other keeps its side', async () => {
    const { bench, grid, gone } = await benchWithBoth()
    await bench.labelMosaic(grid, 25)
    const patches = Uint32Array.from(gone.slice(0, 6))
    await bench.calls['labels.assign']({ source: grid.id, patches, class: 2, why: 'label', prediction: null })
    const labels = await bench.calls['labels.of']({ source: grid.id })
    const lost = [...labels.patch].filter((patch) => gone.includes(patch))
    const order = bench.settings({ sources: [grid.id], folds: 2 })
    const started = await bench.calls['training.start'](order)
    expect(await bench.settled(started.job)).toMatchObject({ state: 'done', fault: null })
    const model = (await bench.calls['models.list']())[0]!
    expect(model.card.split.unread).toBe(lost.length)
    // the smaller part has fewer patches now than the plan took for a step
    expect(model.card.training.batchSize).toBeLessThan(started.settings.batchSize)
    expect(model.card.split.sentence).toContain(`so each step takes ${model.card.training.batchSize} of them`)
    expect(model.card.validation!.n).toBe(labels.patch.length - lost.length)
    const heldOut = (await bench.calls['training.heldOut']({ run: started.id }))![0]!
    expect([...heldOut.patch].toSorted((a, b) => a - b)).toEqual(
      [...labels.patch].filter((patch) => !gone.includes(patch)).toSorted((a, b) => a - b),
    )
    const classOf = new Map([...labels.patch].map((patch, i) => [patch, labels.class[i]!]))
    for (const [i, patch] of heldOut.patch.entries()) expect(order.classes[heldOut.truth[i]!]).toBe(classOf.get(patch))
  })

  test('the command line says how many patches are not in the CSV', async () => {
    const { file } = damagedMosaic(TILES)
    const out = path.join(temporaryFolder(), 'out.csv')
    const { code, stdout, stderr } = await tessera([
      'predict',
      '--model',
      'lymph-node',
      '--slide',
      file,
      '--no-tta',
      '--out',
      out,
      '--json',
    ])
    expect(code, stderr).toBe(0)
    const { patches, unread } = JSON.parse(stdout) as { patches: number; unread: number }
    expect(unread).toBeGreaterThan(10)
    expect(parse(readFileSync(out), { columns: true })).toHaveLength(patches)
    expect(stderr).toContain(`Note: ${unread} of ${patches + unread} patches lie where the slide’s file is damaged`)
  })
})

test(
  'a slide of which nothing can be read: the prediction fails by name, and so does a training on it',
  { timeout: 120_000 },
  async () => {
    const bench = RoomsBench.create()
    const { slide: whole, grid: soundGrid } = await bench.addMosaic()
    await bench.labelMosaic(soundGrid, 12)
    const training = await bench.calls['training.start'](bench.settings({ sources: [soundGrid.id] }))
    await bench.settled(training.job)
    const model = (await bench.calls['models.list']())[0]!
    const { columns, rows } = damagedMosaic([])
    const every = Array.from({ length: columns * rows }, (_, i) => ({
      column: i % columns,
      row: Math.floor(i / columns),
    }))
    const slide = await bench.rooms.addSlide(damagedMosaic(every).file, '')
    expect(slide.id).not.toBe(whole.id)
    await bench.calls['patches.createGrid']({ slide: slide.id, params: soundGrid.params })
    const grid = (await bench.activeGrid(slide))!
    const [run] = await bench.calls['predictions.start']({ model: model.id, slides: [slide.id], sets: [] })
    const fault = {
      code: 'PATCHES_UNREADABLE',
      message: expect.stringMatching(/^None of the \d+ patches of “damaged”/),
    }
    expect(await bench.settled(run!.job)).toMatchObject({ state: 'failed', fault })
    expect((await bench.calls['predictions.runs']())[0]).toMatchObject({ complete: false, unread: null })
    await bench.labelMosaic(grid, 12)
    const again = await bench.calls['training.start'](bench.settings({ sources: [soundGrid.id, grid.id] }))
    expect(await bench.settled(again.job)).toMatchObject({ state: 'failed', fault })
  },
)
