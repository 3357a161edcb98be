/** Labels of a patch set on their whole way: corrected by a person, seen by training and export, taken back, there again. */
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { parse } from 'csv-parse/sync'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import type { SourceId } from '../../../src-shared/ids.ts'
import { RoomsBench } from '../../fixtures/roomsBench.ts'
import { SAMPLE_PATCHES } from '../../fixtures/samples.ts'
import { temporaryFolder } from '../../fixtures/temporary.ts'

const TUMOR = 1
const NORMAL = 2
const EACH = 20

/** Twenty patches of each class; the set's first twenty are normal. */
function pictures(): string {
  const folder = temporaryFolder()
  for (const name of ['normal', 'tumor']) {
    mkdirSync(path.join(folder, name), { recursive: true })
    for (const file of readdirSync(path.join(SAMPLE_PATCHES, name)).slice(0, EACH))
      copyFileSync(path.join(SAMPLE_PATCHES, name, file), path.join(folder, name, file))
  }
  return folder
}

async function benchWith(folder: string) {
  const bench = RoomsBench.create()
  const set = await bench.calls['patches.addFolder']({ folder: bench.handle(folder), mpp: null })
  await bench.calls['labels.importFromSet']({ set: set.id })
  const settings = (source: SourceId) => bench.settings({ sources: [source], classes: [TUMOR, NORMAL] })
  /** [tumor, normal] of both sides */
  const trainedOn = async () => {
    const { split } = await bench.calls['training.plan'](settings(set.id))
    return split!.training.perClass.map((count, k) => count + split!.validation.perClass[k]!)
  }
  const exported = async (): Promise<Record<string, string>[]> => {
    const file = path.join(temporaryFolder(), 'out.csv')
    await bench.rooms.writeExport({ format: 'csv', source: set.id, run: null }, file)
    return parse(readFileSync(file, 'utf8'), { columns: true })
  }
  const label = (patches: number[], number: number) =>
    bench.calls['labels.assign']({
      source: set.id,
      patches: Uint32Array.from(patches),
      class: number,
      why: 'label',
      prediction: null,
    })
  return { bench, set, settings, trainedOn, exported, label }
}

describe('labels of a set', { timeout: 180_000 }, () => {
  test('three corrected patches are trained on and exported as corrected; undo gives them back; a restart keeps both', async () => {
    const { bench, set, trainedOn, exported, label } = await benchWith(pictures())
    expect(await trainedOn()).toEqual([EACH, EACH])
    await label([0, 1, 2], TUMOR)
    expect(await trainedOn()).toEqual([EACH + 3, EACH - 3])
    const rows = await exported()
    expect(rows.slice(0, 4).map((row) => [path.dirname(row['file']!), row['label']])).toEqual([
      ['normal', 'tumor'],
      ['normal', 'tumor'],
      ['normal', 'tumor'],
      ['normal', 'normal'],
    ])
    const again = await bench.reopened()
    const counts = async (from: RoomsBench) =>
      Object.fromEntries((await from.calls['labels.counts']()).map((each) => [each.class, each.count]))
    expect(await counts(again)).toEqual({ [TUMOR]: EACH + 3, [NORMAL]: EACH - 3 })
    const undone = await again.calls['labels.undo']()
    expect(undone.gesture).toMatchObject({ text: 'label 3 patches as tumor', source: set.id, slide: null })
    expect(await counts(again)).toEqual({ [TUMOR]: EACH, [NORMAL]: EACH })
  })

  test('a training learns from what was corrected: its own list of patches has the new class', async () => {
    const { bench, set, settings, label } = await benchWith(pictures())
    await label([0, 1, 2], TUMOR)
    const run = await bench.calls['training.start']({ ...settings(set.id), length: { kind: 'steps', steps: 1 } })
    expect(await bench.settled(run.job)).toMatchObject({ state: 'done', fault: null })
    expect(run.split.training.perClass.map((count, k) => count + run.split.validation.perClass[k]!)).toEqual([
      EACH + 3,
      EACH - 3,
    ])
  })

  test('pictures that do not fit can be labelled, and are left out of training, which says so, and of prediction', async () => {
    const folder = pictures()
    await sharp({ create: { width: 90, height: 96, channels: 3, background: 'pink' } })
      .png()
      .toFile(path.join(folder, 'tumor', 'zz-odd.png'))
    writeFileSync(path.join(folder, 'tumor', 'zzz-broken.png'), 'no picture')
    const { bench, set, settings, trainedOn } = await benchWith(folder)
    expect(set).toMatchObject({ patches: 2 * EACH + 2, notes: { unfit: 2 } })
    expect((await bench.calls['labels.counts']()).find((each) => each.class === TUMOR)).toMatchObject({
      count: EACH + 2,
    })
    expect(await trainedOn()).toEqual([EACH, EACH])
    const { warnings } = await bench.calls['training.plan'](settings(set.id))
    expect(warnings).toContainEqual(expect.stringMatching(/^2 labelled pictures of “.*” are left out: not 96 × 96 px/))
    const run = await bench.calls['training.start']({ ...settings(set.id), length: { kind: 'steps', steps: 1 } })
    expect(await bench.settled(run.job)).toMatchObject({ state: 'done', fault: null })
    const [model] = await bench.calls['models.list']()
    const [predicted] = await bench.calls['predictions.start']({ model: model!.id, slides: [], sets: [set.id] })
    expect(predicted!.total).toBe(2 * EACH)
    expect(await bench.settled(predicted!.job)).toMatchObject({ state: 'done', fault: null })
    const { patch } = await bench.rooms.readPredictions(predicted!.id)
    expect([...patch]).toEqual(Array.from({ length: 2 * EACH }, (_, i) => i))
  })
})
