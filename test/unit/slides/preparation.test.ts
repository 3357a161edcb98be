/** A large picture in a project: a job makes what it lacks, and the slide says how it stands. */
import { existsSync, readdirSync, rmSync } from 'node:fs'
import path from 'node:path'
import sharp from 'sharp'
import { beforeEach, expect, test, vi } from 'vitest'
import { handle, SlideBench } from '../../fixtures/slideBench.ts'
import { startReader } from '../../fixtures/slideReaders.ts'
import { temporaryFolder } from '../../fixtures/temporary.ts'
import { pattern } from '../../fixtures/tinySlides.ts'

let cache: string
beforeEach(() => {
  cache = temporaryFolder()
  vi.stubEnv('TESSERA_CACHE', cache)
})

async function large(width: number, height: number): Promise<string> {
  const file = path.join(temporaryFolder(), 'large.png')
  await sharp(pattern(width, height), { raw: { width, height, channels: 3 } })
    .png({ compressionLevel: 1 })
    .toFile(file)
  return file
}

const states = (bench: SlideBench) => bench.changes.flatMap(({ changed }) => changed.map(({ state }) => state.kind))

test('it is added at once, prepared by a job, and ready when the job is done', async () => {
  const bench = SlideBench.create(startReader())
  const { added } = await bench.slides.handlers['slides.add']({ files: [handle(await large(4200, 300))] })
  expect(added[0]).toMatchObject({ width: 4200, state: { kind: 'preparing' } })
  const [job] = await bench.jobs.handlers['jobs.list']()
  expect(job).toMatchObject({ kind: 'pyramid', title: 'Prepare “large”', unit: 'MB', total: expect.any(Number) })
  expect((await bench.jobs.settled(job!.id)).state).toBe('done')
  expect(states(bench).at(-1)).toBe('ready')
  const { jpeg } = await bench.slides.handlers['slides.thumbnail']({ slide: added[0]!.id, edge: 64 })
  expect(await sharp(jpeg).metadata()).toMatchObject({ width: 64 })
})

test('cancelling the job leaves nothing half, and trying again begins another', async () => {
  const bench = SlideBench.create(startReader())
  const { added } = await bench.slides.handlers['slides.add']({ files: [handle(await large(4200, 2000))] })
  const [job] = await bench.jobs.handlers['jobs.list']()
  await bench.jobs.handlers['jobs.cancel']({ job: job!.id })
  expect((await bench.jobs.settled(job!.id)).state).toBe('cancelled')
  const slide = added[0]!.id
  expect(bench.slides.shown(bench.slides.byId(slide)).state).toMatchObject({
    kind: 'unreadable',
    fault: { code: 'SLIDE_NOT_PREPARED' },
  })
  expect(
    existsSync(path.join(cache, 'pyramids'))
      ? readdirSync(path.join(cache, 'pyramids')).filter((name) => name.endsWith('.tif'))
      : [],
  ).toEqual([])
  expect((await bench.slides.handlers['slides.retry']({ slide })).state.kind).toBe('preparing')
  const second = (await bench.jobs.handlers['jobs.list']()).find(({ id }) => id !== job!.id)!
  expect((await bench.jobs.settled(second.id)).state).toBe('done')
})

test('a pyramid that is gone from the cache is made again when the slide is looked at', async () => {
  const bench = SlideBench.create(startReader())
  const { added } = await bench.slides.handlers['slides.add']({ files: [handle(await large(4200, 300))] })
  const [job] = await bench.jobs.handlers['jobs.list']()
  await bench.jobs.settled(job!.id)
  rmSync(path.join(cache, 'pyramids'), { recursive: true })
  await expect(bench.slides.handlers['slides.thumbnail']({ slide: added[0]!.id, edge: 64 })).rejects.toMatchObject({
    code: 'SLIDE_NOT_PREPARED',
  })
  const second = (await bench.jobs.handlers['jobs.list']()).find(({ id }) => id !== job!.id)!
  expect((await bench.jobs.settled(second.id)).state).toBe('done')
  expect(
    (await bench.slides.handlers['slides.thumbnail']({ slide: added[0]!.id, edge: 64 })).jpeg.length,
  ).toBeGreaterThan(100)
})
