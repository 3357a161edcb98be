/** Features of a whole project, through the rooms, with real processes: kept once, gone on with, checked when read. */
import { copyFileSync, truncateSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import type { FeatureElement, FeatureSet } from '../../../src-shared/features.ts'
import { firstMask, MaskParams } from '../../../src-shared/masks.ts'
import { patchCount } from '../../../src-shared/patches.ts'
import { micronPerPx } from '../../../src-shared/units.ts'
import { readFeatures } from '../../../src-main/features/featureFile.ts'
import { readRows } from '../../../src-main/encoders/featureStore.ts'
import { shippedEncodersFolder, shippedModelsFolder } from '../../../src-main/host/resources.ts'
import { damagedMosaic } from '../../fixtures/damagedMosaic.ts'
import { RoomsBench } from '../../fixtures/roomsBench.ts'
import { temporaryFolder } from '../../fixtures/temporary.ts'

const LYMPH_NODE = path.join(shippedModelsFolder, 'lymph-node.onnx')
const never = new AbortController().signal

async function encoderBench() {
  const bench = RoomsBench.create()
  const { slide, grid } = await bench.addMosaic()
  const encoder = await bench.calls['encoders.add']({ from: { kind: 'shipped', key: 'lymph-node' }, words: {} })
  const start = async (element: FeatureElement = 'float32') => {
    const [set] = await bench.calls['features.extract']({ encoder: encoder.id, sources: [grid.id], element })
    return set!
  }
  const extracted = async (element: FeatureElement = 'float32') => {
    const set = await start(element)
    expect(await bench.settled(set.job!)).toMatchObject({ state: 'done', fault: null })
    return (await setOf(bench, set))!
  }
  return { bench, slide, grid, encoder, start, extracted }
}

const setOf = async (bench: RoomsBench, { id }: FeatureSet) =>
  (await bench.calls['features.sets']()).find((set) => set.id === id)

test(
  'features of a slide are those of its patches one by one, and are there after a restart',
  { timeout: 120_000 },
  async () => {
    const { bench, grid, encoder, extracted } = await encoderBench()
    const set = await extracted()
    expect(set).toMatchObject({
      encoder: encoder.id,
      source: grid.id,
      rows: patchCount(grid),
      total: patchCount(grid),
      stale: null,
    })
    const kept = await readRows(bench.rooms.storedFeatures(set.id))
    const some = Uint32Array.of(0, 7, patchCount(grid) - 1)
    const file = path.join(temporaryFolder(), 'some.f32')
    await bench.rooms.withEncoder(LYMPH_NODE, {}, (ready) =>
      ready.extract({ source: grid, patches: some, file, signal: never, onProgress: () => undefined }),
    )
    const alone = await readFeatures(file, some.length, set.dimensions)
    for (const [i, patch] of some.entries()) {
      const row = kept.patches.indexOf(patch)
      const [first, own] = [row * set.dimensions, i * set.dimensions]
      for (let j = 0; j < set.dimensions; j++) expect(kept.features[first + j]).toBeCloseTo(alone[own + j]!, 4)
    }
    const again = await bench.reopened()
    expect(await again.calls['features.sets']()).toEqual([set])
    expect(await again.calls['encoders.list']()).toEqual([encoder])
    expect((await readRows(again.rooms.storedFeatures(set.id))).features).toEqual(kept.features)
  },
)

test('asked again, nothing is done twice; a wider mask adds the patches that are missing', async () => {
  const { bench, grid, extracted, start } = await encoderBench()
  const params = MaskParams.parse(firstMask('otsu-saturation'))
  await bench.calls['labels.setMask']({ grid: grid.id, params })
  const narrow = await extracted()
  expect(narrow.rows).toBeGreaterThan(0)
  expect(narrow.rows).toBeLessThan(patchCount(grid))
  expect(await start()).toEqual(narrow)
  await bench.calls['labels.setMask']({ grid: grid.id, params: null })
  const wide = await extracted()
  expect(wide).toMatchObject({ id: narrow.id, rows: patchCount(grid) })
  const { patches } = await readRows(bench.rooms.storedFeatures(wide.id))
  expect(new Set(patches).size).toBe(patchCount(grid))
}, 120_000)

test('paused and gone on with after a restart, the features are those of an extraction in one go', async () => {
  const { bench, start } = await encoderBench()
  const whole = await start()
  while (((await setOf(bench, whole))?.rows ?? 0) === 0) await new Promise((go) => setTimeout(go, 20))
  await bench.calls['jobs.pause']({ job: whole.job! })
  const some = (await setOf(bench, whole))!
  expect(some.rows).toBeLessThan(some.total)
  const again = await bench.reopened()
  await again.calls['jobs.resume']({ job: whole.job! })
  expect(await again.settled(whole.job!)).toMatchObject({ state: 'done' })
  const resumed = await readRows(again.rooms.storedFeatures(whole.id))
  await again.calls['features.discard']({ set: whole.id })
  const [anew] = await again.calls['features.extract']({
    encoder: whole.encoder,
    sources: [whole.source],
    element: 'float32',
  })
  await again.settled(anew!.job!)
  const once = await readRows(again.rooms.storedFeatures(anew!.id))
  expect([...once.patches]).toEqual([...resumed.patches])
  expect(once.features).toEqual(resumed.features)
}, 120_000)

test('float16 keeps three digits of each feature in half the space', async () => {
  const { bench, extracted } = await encoderBench()
  const exact = await readRows(bench.rooms.storedFeatures((await extracted('float32')).id))
  const halved = await extracted('float16')
  const kept = await readRows(bench.rooms.storedFeatures(halved.id))
  const apart = kept.features.map((each, i) => Math.abs(each - exact.features[i]!) / Math.max(1e-3, exact.features[i]!))
  expect(Math.max(...apart)).toBeLessThan(2 ** -10)
  expect((await bench.calls['features.sets']()).map((set) => set.id)).toEqual([halved.id])
}, 120_000)

test('a file cut short is noticed when it is read, and named', async () => {
  const { bench, extracted } = await encoderBench()
  const stored = bench.rooms.storedFeatures((await extracted()).id)
  truncateSync(stored.file, 1000)
  await expect(readRows(stored)).rejects.toMatchObject({
    code: 'FEATURES_FILE_BROKEN',
    message: expect.stringContaining(path.basename(stored.file)) as string,
  })
}, 120_000)

test('features are older than a corrected µm/px, and say so; extracted again they are made anew', async () => {
  const { bench, slide, encoder, grid, extracted } = await encoderBench()
  const old = await extracted()
  await bench.calls['slides.setMpp']({ slide: slide.id, mppX: micronPerPx(1), mppY: micronPerPx(1) })
  const stale = (await setOf(bench, old))!
  expect(stale.stale).toContain('µm/px')
  expect(() => bench.rooms.storedFeatures(old.id)).toThrow(expect.objectContaining({ code: 'FEATURES_STALE' }) as Error)
  expect(encoder.card.input.mpp).toBeCloseTo(0.97)
  const fresh = await bench.calls['features.extract']({ encoder: encoder.id, sources: [grid.id], element: 'float16' })
  expect(fresh[0]!.id).not.toBe(old.id)
}, 120_000)

test('an encoder whose file was replaced by another is refused: features of two must not be mixed', async () => {
  const bench = RoomsBench.create()
  const { grid } = await bench.addMosaic()
  const file = path.join(temporaryFolder(), 'mine.onnx')
  copyFileSync(LYMPH_NODE, file)
  copyFileSync(LYMPH_NODE.replace('.onnx', '.card.json'), file.replace('.onnx', '.card.json'))
  const encoder = await bench.calls['encoders.add']({ from: { kind: 'file', file: bench.handle(file) }, words: {} })
  const again = await bench.calls['encoders.add']({ from: { kind: 'shipped', key: 'lymph-node' }, words: {} })
  expect(again.id).toBe(encoder.id)
  const other = await bench.calls['encoders.add']({
    from: { kind: 'file', file: bench.handle(file) },
    words: { layer: 'stem1_relu' },
  })
  expect(other.id).not.toBe(encoder.id)
  copyFileSync(path.join(shippedEncodersFolder, 'embedded.onnx'), file)
  const [mixed] = await bench.calls['features.extract']({
    encoder: encoder.id,
    sources: [grid.id],
    element: 'float16',
  })
  expect(await bench.settled(mixed!.job!)).toMatchObject({ state: 'failed', fault: { code: 'ENCODER_CHANGED' } })
  expect((await setOf(bench, mixed!))!.rows).toBe(0)
  truncateSync(file, 5000)
  const [set] = await bench.calls['features.extract']({ encoder: encoder.id, sources: [grid.id], element: 'float16' })
  expect(await bench.settled(set!.job!)).toMatchObject({ state: 'failed', fault: { code: 'MODEL_FILE_BROKEN' } })
}, 120_000)

test('patches that lie where the slide is damaged have no features; the job says how many, and the rest is there', async () => {
  const bench = RoomsBench.create()
  const slide = await bench.rooms.addSlide(damagedMosaic([{ column: 1, row: 1 }]).file, 'damaged')
  const grid = (await bench.activeGrid(slide))!
  const encoder = await bench.calls['encoders.add']({ from: { kind: 'shipped', key: 'lymph-node' }, words: {} })
  const [set] = await bench.calls['features.extract']({ encoder: encoder.id, sources: [grid.id], element: 'float16' })
  expect(await bench.settled(set!.job!)).toMatchObject({ state: 'done' })
  const done = (await setOf(bench, set!))!
  expect(done.rows).toBeGreaterThan(0)
  expect(done.rows).toBeLessThan(patchCount(grid))
  expect(done.total).toBe(done.rows)
  const log = await bench.calls['jobs.log']({ job: set!.job! })
  expect(log.map(({ text }) => text).join('\n')).toContain(
    `${patchCount(grid) - done.rows} of ${patchCount(grid)} patches`,
  )
}, 120_000)
