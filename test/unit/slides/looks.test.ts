/** How slides are shown, kept in the project; channels put together for the screen and for networks alike. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { listModels } from '../../../src-main/models/rows.ts'
import { listRuns } from '../../../src-main/predictions/rows.ts'
import { openPicture, toRgb } from '../../../src-main/slides/pixels/decoder.ts'
import { insertRunChannels } from '../../../src-main/training/rows.ts'
import type { ChannelMapping } from '../../../src-shared/channels.ts'
import { SlideId } from '../../../src-shared/ids.ts'
import { AS_STORED } from '../../../src-shared/look.ts'
import { patchRect } from '../../../src-shared/patches.ts'
import type { Slide } from '../../../src-shared/slides.ts'
import { cd8At, dapiAt, writeFluorescence } from '../../fixtures/fluorescence.ts'
import { openedSlide } from '../../fixtures/pixels.ts'
import { SlideBench } from '../../fixtures/slideBench.ts'
import { sharedReader } from '../../fixtures/slideReaders.ts'

const reader = sharedReader()
const call = (bench: SlideBench) => bench.slides.handlers

const GREEN_DAPI: ChannelMapping = [
  { shown: true, colour: [0, 255, 0], from: 200, to: 700 },
  { shown: false, colour: [255, 0, 0], from: 0, to: 4000 },
]
const BOTH: ChannelMapping = [
  { shown: true, colour: [255, 255, 255], from: 0, to: 2000 },
  { shown: true, colour: [255, 0, 100], from: 1000, to: 5000 },
]

/** The formula, rounded as a byte array clamps. */
const expected = (mapping: ChannelMapping, x: number, y: number): number[] =>
  [0, 1, 2].map((byte) => {
    const sum = [dapiAt(x), cd8At(y)].reduce((total, value, i) => {
      const { shown, colour, from, to } = mapping[i]!
      return total + (shown ? Math.min(1, Math.max(0, (value - from) / (to - from))) * colour[byte]! : 0)
    }, 0)
    return Math.min(255, Math.round(sum))
  })

async function fluorescence(): Promise<{ bench: SlideBench; slide: Slide }> {
  const bench = SlideBench.create(reader)
  return { bench, slide: await bench.add(writeFluorescence(path.join(bench.folder, 'a.ome.tif'))) }
}

test('a look is kept for each slide, told to windows, and there again after a restart', async () => {
  const bench = SlideBench.create(reader)
  const first = await bench.add(bench.file('a.tif'))
  expect(first).toMatchObject({ look: AS_STORED, channels: null })
  const look = { ...AS_STORED, gamma: 1.4, shown: 'other' as const, stains: 'h-dab' as const }
  await call(bench)['slides.setLook']({ slides: [first.id], look })
  expect(bench.changes.at(-1)!.changed).toEqual([{ ...first, look }])
  await bench.reopen()
  expect(bench.now(first).look).toEqual(look)
  const unknown = SlideId.parse('019aaaaa-0000-7000-8000-000000000000')
  expect(() => call(bench)['slides.setLook']({ slides: [unknown], look })).toThrow(
    expect.objectContaining({ code: 'SLIDE_UNKNOWN' }),
  )
})

describe('channels', () => {
  test('are told with name, colour, range and a histogram that counts every px', async () => {
    const { bench, slide } = await fluorescence()
    const { channels } = await call(bench)['slides.colours']({ slide: slide.id })
    expect(channels).toMatchObject([
      { name: 'DAPI', colour: [0, 0, 255], from: dapiAt(3), greatest: 1000, most: 65_535 },
      { name: 'CD8', colour: [255, 0, 0], greatest: 4000, most: 65_535 },
    ])
    for (const { histogram } of channels) {
      expect(histogram.reduce((sum, each) => sum + each, 0)).toBe(300 * 200)
      // ramps: every step holds about as many px
      expect(Math.max(...histogram)).toBeLessThan(2 * Math.min(...histogram))
    }
    const colour = await bench.add(bench.file('b.tif'))
    expect((await call(bench)['slides.colours']({ slide: colour.id })).channels).toEqual([])
  })

  test.each([{ mapping: GREEN_DAPI }, { mapping: BOTH }])(
    'put together as asked are the formula, in tiles and in regions: $mapping',
    async ({ mapping }) => {
      const { bench, slide } = await fluorescence()
      const tiles = await bench.slides.tiles({ slide: slide.id, level: 0, tiles: [[1, 1]], channels: mapping })
      const source = await openedSlide(path.join(bench.folder, 'a.ome.tif'))
      const region = await source.channels!.levels(mapping)[0]!.region({ x: 128, y: 128, width: 128, height: 72 })
      const tile = await toRgb(openPicture(Buffer.from(tiles[0] as Uint8Array)))
      for (const [x, y] of [
        [128, 128],
        [200, 150],
        [255, 199],
        [180, 190],
      ] as const) {
        const at = ((y - 128) * 128 + (x - 128)) * 3
        const wanted = expected(mapping, x, y)
        expect([...tile.data.subarray(at, at + 3)]).toEqual(wanted)
        expect([...region.data.subarray(at, at + 3)]).toEqual(wanted)
      }
    },
  )

  test('chosen for a slide are what thumbnails and networks get, after a restart too; asked for otherwise, tiles differ', async () => {
    const { bench, slide } = await fluorescence()
    const grid = bench.grids(slide)[0]!
    const { x, y } = patchRect(grid, 1)
    const patchPixel = async () => {
      const file = path.join(bench.folder, 'p.raw')
      await bench.patches.readPatchPixels(
        { source: grid, patches: Uint32Array.of(1), edgePx: 96, channels: 3 },
        file,
        {},
      )
      return [...readFileSync(file).subarray((10 * 96 + 20) * 3, (10 * 96 + 20) * 3 + 3)]
    }
    const before = await patchPixel()
    await call(bench)['slides.setChannels']({ slide: slide.id, channels: GREEN_DAPI })
    expect(bench.now(slide).channels).toEqual(GREEN_DAPI)
    const after = await patchPixel()
    expect(after).toEqual(expected(GREEN_DAPI, x + 20, y + 10))
    expect(after).not.toEqual(before)
    const green = async () => {
      const { jpeg } = await call(bench)['slides.thumbnail']({ slide: slide.id, edge: 300 })
      const { data, width } = await toRgb(openPicture(Buffer.from(jpeg)))
      return [...data.subarray((100 * width + 280) * 3, (100 * width + 280) * 3 + 3)]
    }
    expect(await green()).toEqual([expect.closeTo(0, -1.5), expect.closeTo(255, -1.5), expect.closeTo(0, -1.5)])
    await bench.reopen()
    expect(await patchPixel()).toEqual(after)
    await call(bench)['slides.setChannels']({ slide: slide.id, channels: null })
    expect(await patchPixel()).toEqual(before)
  })

  test('of another number than the slide has are refused, by the room and by the reading process', async () => {
    const { bench, slide } = await fluorescence()
    const one = GREEN_DAPI.slice(0, 1)
    await expect(call(bench)['slides.setChannels']({ slide: slide.id, channels: one })).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      message: expect.stringMatching(/has 2 channels .* 1 were given/),
    })
    const colour = await bench.add(bench.file('b.tif'))
    await expect(
      bench.slides.tiles({ slide: colour.id, level: 0, tiles: [[0, 0]], channels: GREEN_DAPI }),
    ).rejects.toMatchObject({ code: 'INPUT_INVALID' })
  })

  test('that were changed after a training or a prediction make both out of date, and changed back they are not', async () => {
    const { bench, slide } = await fluorescence()
    const { store } = bench.project
    const grid = bench.grids(slide)[0]!
    await call(bench)['slides.setChannels']({ slide: slide.id, channels: GREEN_DAPI })
    const card = JSON.parse(
      readFileSync(new URL('../../../resources/models/lymph-node.card.json', import.meta.url), 'utf8'),
    ) as object
    store.transaction('as if it had been trained', (db) => {
      const source = db.get<{ seq: number }>('SELECT seq FROM sources WHERE id = @id', { id: grid.id })!.seq
      for (const id of ['019aaaaa-0000-7000-8000-00000000000a', '019aaaaa-0000-7000-8000-00000000000b'])
        db.run(
          `INSERT INTO jobs SELECT NULL, @id, 'training', 'x', '{}', 'done', 1, 1, 'steps', '', NULL, 1, 1, 2, 0`,
          { id },
        )
      db.run(`INSERT INTO runs VALUES (1, '019aaaaa-0000-7000-8000-000000000001', 1, '{}', '[]', '{}', 10, 5, 1)`)
      db.run(`INSERT INTO run_patches VALUES (1, 'training', @source, x'00000000', x'0000')`, { source })
      insertRunChannels(db, 1)
      db.run(
        `INSERT INTO models VALUES (1, '019aaaaa-0000-7000-8000-000000000002', 'model', 1, 'mo', @card, 'ab', 1)`,
        { card: JSON.stringify(card) },
      )
      db.run(
        `INSERT INTO prediction_runs VALUES (1, '019aaaaa-0000-7000-8000-000000000003', 2, 1, @source, NULL, 'ab', @how, 'onnx', '[]', 6, NULL, NULL, 1)`,
        { source, how: JSON.stringify({ testTime: 'none', channels: GREEN_DAPI }) },
      )
    })
    const stale = () => [...listModels(store.read), ...listRuns(store.read)].map((each) => each.stale)
    expect(stale()).toEqual([null, null])
    await call(bench)['slides.setChannels']({ slide: slide.id, channels: BOTH })
    expect(stale()).toEqual([
      expect.stringMatching(/^The channels of a\.ome are put together in another way/),
      expect.stringMatching(/^The channels of the slide are put together in another way/),
    ])
    await call(bench)['slides.setChannels']({ slide: slide.id, channels: GREEN_DAPI })
    expect(stale()).toEqual([null, null])
    await call(bench)['slides.setChannels']({ slide: slide.id, channels: null })
    expect(stale()).not.toContain(null)
  })
})
