/** Maps of a whole project, through the rooms, with real processes. */
import { truncateSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { MapId } from '../../../src-shared/ids.ts'
import { firstMask, MaskParams } from '../../../src-shared/masks.ts'
import { patchCount } from '../../../src-shared/patches.ts'
import { RoomsBench } from '../../fixtures/roomsBench.ts'

async function mapBench() {
  const bench = RoomsBench.create()
  const { slide, grid } = await bench.addMosaic()
  const encoder = await bench.calls['encoders.add']({ from: { kind: 'shipped', key: 'lymph-node' }, words: {} })
  const extract = async () => {
    const [set] = await bench.calls['features.extract']({
      encoder: encoder.id,
      sources: [grid.id],
      element: 'float32',
    })
    await bench.settled(set!.job!)
    return set!
  }
  return { bench, slide, grid, encoder, extract }
}

const params = { neighbours: 15, seed: 1 }

test('principal components are there at once, for every patch; a UMAP is a job, kept over a restart', async () => {
  const { bench, grid, extract } = await mapBench()
  const set = await extract()
  const principal = await bench.calls['maps.principal']({ sets: [set.id] })
  expect(principal).toMatchObject({ sources: [grid.id], counts: [patchCount(grid)] })
  expect(new Set(principal.patch).size).toBe(patchCount(grid))
  expect(principal.explained[0]).toBeGreaterThan(principal.explained[1])

  const begun = await bench.calls['maps.start']({ sets: [set.id], params })
  expect(begun).toMatchObject({ complete: false, sources: [grid.id] })
  expect((await bench.calls['maps.start']({ sets: [set.id], params })).id).toBe(begun.id)
  expect(await bench.settled(begun.job)).toMatchObject({ state: 'done', fault: null })
  const points = await bench.calls['maps.points']({ map: begun.id })
  expect(points.patch).toEqual(principal.patch)
  expect(points.position.every(Number.isFinite)).toBe(true)

  const again = await bench.reopened()
  const [kept] = await again.calls['maps.list']()
  expect(kept).toMatchObject({ id: begun.id, complete: true, stale: null, points: patchCount(grid) })
  expect(await again.calls['maps.points']({ map: begun.id })).toEqual(points)
  const second = await again.calls['maps.start']({ sets: [set.id], params })
  await again.settled(second.job)
  expect((await again.calls['maps.list']()).map((map) => map.id)).toEqual([second.id])
  expect((await again.calls['maps.points']({ map: second.id })).position).toEqual(points.position)
}, 180_000)

test('a map says that more patches have features now, and one that is cancelled leaves nothing', async () => {
  const { bench, grid, extract } = await mapBench()
  await bench.calls['labels.setMask']({ grid: grid.id, params: MaskParams.parse(firstMask('otsu-saturation')) })
  const set = await extract()
  const { id, job } = await bench.calls['maps.start']({ sets: [set.id], params })
  await bench.settled(job)
  await bench.calls['labels.setMask']({ grid: grid.id, params: null })
  await extract()
  const [old] = await bench.calls['maps.list']()
  expect(old).toMatchObject({ id, complete: true })
  expect(old!.stale).toContain('More patches')
  // a window that is open was told, and need not ask
  expect(bench.events.findLast(([name]) => name === 'maps.changed')).toEqual([
    'maps.changed',
    { changed: [old], removed: [] },
  ])
  expect((await bench.calls['maps.points']({ map: id })).patch.length).toBeLessThan(patchCount(grid))

  const next = await bench.calls['maps.start']({ sets: [set.id], params })
  await bench.calls['jobs.cancel']({ job: next.job })
  await bench.settled(next.job)
  expect((await bench.calls['maps.list']()).map((map) => map.id)).toEqual([id])
}, 180_000)

test('a map that is not there, and one whose file was cut short, are refused by name', async () => {
  const { bench, extract } = await mapBench()
  const set = await extract()
  const unknown = MapId.parse('01900000-0000-7000-8000-000000000001')
  await expect(bench.calls['maps.points']({ map: unknown })).rejects.toMatchObject({ code: 'MAP_UNKNOWN' })
  const { id, job } = await bench.calls['maps.start']({ sets: [set.id], params })
  await bench.settled(job)
  truncateSync(path.join(bench.rooms.featuresFolder, `${id}.map`), 100)
  await expect(bench.calls['maps.points']({ map: id })).rejects.toMatchObject({ code: 'MAP_FILE_BROKEN' })
}, 180_000)
