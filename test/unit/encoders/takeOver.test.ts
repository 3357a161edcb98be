/** Features as HDF5 there and back: written of a slide, taken over onto another project's, refused where they do not lie. */
import path from 'node:path'
import { expect, test } from 'vitest'
import { File, ready } from 'h5wasm/node'
import type { Grid } from '../../../src-shared/patches.ts'
import { micronPerPx } from '../../../src-shared/units.ts'
import { readRows } from '../../../src-main/encoders/featureStore.ts'
import { gridOfRows, patchesOnGrid } from '../../../src-main/encoders/placedRows.ts'
import { gridGeometry, patchCount, patchRect } from '../../../src-shared/patches.ts'
import { seeded } from '../../../src-main/nn/random.ts'
import { readFeatureH5 } from '../../../src-main/features/featureH5.ts'
import { RoomsBench } from '../../fixtures/roomsBench.ts'
import { temporaryFolder } from '../../fixtures/temporary.ts'

async function written() {
  const bench = RoomsBench.create()
  const { slide, grid } = await bench.addMosaic()
  await bench.labelMosaic(grid, 3)
  const encoder = await bench.calls['encoders.add']({ from: { kind: 'shipped', key: 'lymph-node' }, words: {} })
  const [set] = await bench.calls['features.extract']({ encoder: encoder.id, sources: [grid.id], element: 'float32' })
  await bench.settled(set!.job!)
  const file = path.join(temporaryFolder(), 'mosaic.h5')
  await bench.rooms.writeExport({ format: 'features', set: set!.id }, file)
  return { bench, slide, grid, encoder, set: set!, file }
}

/** Rows of patches written as CLAM or TRIDENT would; attributes of `coords` as given. */
async function h5Of(coords: number[], attributes: Record<string, number>, type: '<i' | '<q' = '<q'): Promise<string> {
  await ready
  const file = path.join(temporaryFolder(), 'other.h5')
  const out = new File(file, 'w')
  const rows = coords.length / 2
  out.create_dataset({ name: 'features', data: new Float32Array(rows * 2).fill(1), shape: [rows, 2], dtype: '<f' })
  const data = type === '<q' ? BigInt64Array.from(coords, BigInt) : Int32Array.from(coords)
  const places = out.create_dataset({ name: 'coords', data, shape: [rows, 2], dtype: type })
  for (const [name, value] of Object.entries(attributes))
    places.create_attribute(name, BigInt64Array.of(BigInt(value)), [], '<q')
  out.close()
  return file
}

const cornersOf = (grid: Grid, patches: number[]) =>
  patches.flatMap((patch) => {
    const { x, y } = patchRect(grid, patch)
    return [x, y]
  })

test('written as HDF5 and taken over in another project, features lie on the same patches by the same encoder', async () => {
  const { bench, grid, encoder, set, file } = await written()
  const before = await readRows(bench.rooms.storedFeatures(set.id))
  const h5 = await readFeatureH5(file)
  expect(h5).toMatchObject({ patches: patchCount(grid), edgeLevel0: grid.edgeX, card: encoder.card })
  expect([...h5.coords.subarray(2 * 7, 2 * 7 + 2)].map(Number)).toEqual(cornersOf(grid, [7]))
  const other = RoomsBench.create()
  const there = await other.addMosaic()
  const taken = await other.calls['features.importH5']({
    file: other.handle(file),
    slide: there.slide.id,
    edgeLevel0: null,
  })
  expect(taken).toMatchObject({ source: there.grid.id, rows: patchCount(grid), job: null, stale: null })
  const after = await readRows(other.rooms.storedFeatures(taken.id))
  for (const [row, patch] of after.patches.entries()) {
    const own = before.patches.indexOf(patch) * set.dimensions
    const found = after.features.subarray(row * set.dimensions, (row + 1) * set.dimensions)
    expect(found).toEqual(before.features.subarray(own, own + set.dimensions))
  }
  const [known] = await other.calls['encoders.list']()
  expect(known!.card).toEqual(encoder.card)
  const again = await other.calls['features.importH5']({
    file: other.handle(file),
    slide: there.slide.id,
    edgeLevel0: null,
  })
  expect((await other.calls['features.sets']()).map(({ id }) => id)).toEqual([again.id])
}, 120_000)

test('a file of CLAM, with int32 corners and no edge, asks for the edge, and then makes the grid it lies on', async () => {
  const bench = RoomsBench.create()
  const { slide, grid } = await bench.addMosaic()
  const corners = [0, 0, 96, 0, 192, 96, 480, 384]
  const file = bench.handle(await h5Of(corners, {}, '<i'))
  const take = (edgeLevel0: number | null) => bench.calls['features.importH5']({ file, slide: slide.id, edgeLevel0 })
  await expect(take(null)).rejects.toMatchObject({
    code: 'FEATURES_NOT_PLACED',
    message: expect.stringContaining('edge') as string,
  })
  const set = await take(48)
  expect(set.source).not.toBe(grid.id)
  const made = (await bench.calls['patches.sources']()).find(({ id }) => id === set.source) as Grid
  const { patches } = await readRows(bench.rooms.storedFeatures(set.id))
  expect(cornersOf(made, [...patches])).toEqual(corners)
  const [encoder] = await bench.calls['encoders.list']()
  expect(encoder).toMatchObject({ origin: { kind: 'elsewhere' }, card: { kind: 'elsewhere', name: 'other' } })
  const [refused] = await bench.calls['features.extract']({
    encoder: encoder!.id,
    sources: [made.id],
    element: 'float32',
  })
  expect(await bench.settled(refused!.job!)).toMatchObject({ state: 'failed', fault: { code: 'ENCODER_UNKNOWN' } })
  expect((await readRows(bench.rooms.storedFeatures(set.id))).patches).toEqual(patches)
}, 60_000)

test.each([
  ['outside the slide', [0, 0, 9_600_000, 0], { patch_size_level0: 96 }, 'FEATURES_NOT_PLACED'],
  ['two rows of one patch', [0, 0, 96, 0, 0, 0], { patch_size_level0: 96 }, 'FEATURES_NOT_PLACED'],
  ['corners anywhere', [0, 0, 97, 0, 200, 11], { patch_size_level0: 96 }, 'FEATURES_NOT_PLACED'],
  ['no place at all', [-1, -1], { patch_size_level0: 96 }, 'FEATURES_NOT_PLACED'],
] as const)('%s is refused, and nothing is left behind', async (_, corners, attributes, code) => {
  const bench = RoomsBench.create()
  const { slide, grid } = await bench.addMosaic()
  const file = bench.handle(await h5Of([...corners], attributes))
  await expect(bench.calls['features.importH5']({ file, slide: slide.id, edgeLevel0: null })).rejects.toMatchObject({
    code,
  })
  expect(await bench.calls['features.sets']()).toEqual([])
  expect(await bench.calls['encoders.list']()).toEqual([])
  expect(await bench.calls['patches.sources']()).toEqual([grid])
})

test('from any patches of a grid its numbers are found again (seed 5)', () => {
  const random = seeded(5)
  for (let trial = 0; trial < 200; trial++) {
    const edge = 32 + Math.floor(random.next() * 300)
    const stride = Math.max(1, Math.floor(edge * (0.25 + random.next())))
    const params = {
      edgePx: edge,
      mpp: micronPerPx(0.25),
      stridePx: stride,
      offsetXPx: Math.floor(random.next() * stride),
      offsetYPx: Math.floor(random.next() * stride),
    }
    const grid = gridGeometry('s', { width: 9000, height: 8000 }, params.mpp, params.mpp, params)
    const patches = Array.from({ length: patchCount(grid) }, (_, i) => i).filter(
      (i) => i < 2 || i === grid.columns || random.next() < 0.05,
    )
    const coords = Uint32Array.from(cornersOf(grid as Grid, patches))
    const rows = { file: 'f', coords, edgeLevel0: edge, edgePx: null }
    const found = gridOfRows(rows, params.mpp)
    expect(found).toEqual(params)
    expect([...patchesOnGrid(rows, grid)!]).toEqual(patches)
  }
})
