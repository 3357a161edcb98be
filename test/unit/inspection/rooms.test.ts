/** Looking inside the model and the encoder that come with Tessera, through the rooms, with real processes. */
import { readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { expect, test } from 'vitest'
import type { ExcitedNews, SaliencyMap, SaliencyNews } from '../../../src-shared/inspection.ts'
import { patchCount, patchRect } from '../../../src-shared/patches.ts'
import { micronPerPx } from '../../../src-shared/units.ts'
import { damagedMosaic } from '../../fixtures/damagedMosaic.ts'
import { RoomsBench } from '../../fixtures/roomsBench.ts'

const never = new AbortController().signal

async function mapOf(news: AsyncIterable<SaliencyNews>): Promise<SaliencyMap> {
  for await (const each of news) if (each.kind === 'map') return each
  throw new Error('no map came')
}
async function lastOf(news: AsyncIterable<ExcitedNews>): Promise<ExcitedNews> {
  let last: ExcitedNews | null = null
  for await (const each of news) last = each
  return last!
}

test(
  'a model: its probabilities are those it predicts, and the patches found for a channel are those of looking one by one',
  { timeout: 120_000 },
  async () => {
    const bench = RoomsBench.create()
    const { slide, grid } = await bench.addMosaic()
    const model = await bench.calls['models.addShipped']({ key: 'lymph-node' })
    const of = { kind: 'model', model: model.id, member: 0 } as const
    const network = await bench.calls['inspection.network']({ of, source: grid.id })
    expect(network).toMatchObject({ members: 1, input: [3, 96, 96], noGradients: null })

    const [run] = await bench.calls['predictions.start']({
      model: model.id,
      slides: [slide.id],
      sets: [],
      testTime: 'none',
    })
    await bench.settled(run!.job)
    const predicted = await bench.rooms.readPredictions(run!.id)
    for (const patch of [0, 100, patchCount(grid) - 1]) {
      const seen = await bench.calls['inspection.patch']({ of, source: grid.id, patch })
      const row = predicted.patch.indexOf(patch)
      expect(seen.probabilities![0]).toBeCloseTo(predicted.probabilities[2 * row]!, 4)
      expect(seen.pixels).toHaveLength(3 * 96 * 96)
    }

    const layer = 'stem1_relu'
    const news = await lastOf(
      bench.rooms.streams['inspection.excited']({ of, source: grid.id, layer, by: 'largest' }, never),
    )
    expect(news).toMatchObject({ done: patchCount(grid), total: patchCount(grid), leftOut: 0, channels: 16, width: 48 })
    const [channel, kept] = [4, news.most.kept]
    for (const end of [news.most, news.least]) {
      const at = channel * kept
      const name = { of, source: grid.id, patch: end.patch[at]!, layer, first: channel, count: 1 }
      const map = await bench.calls['inspection.maps'](name)
      expect(Math.max(...map.values)).toBeCloseTo(end.value[at]!, 4)
      expect(map.values[end.place[at]!]).toBeCloseTo(end.value[at]!, 4)
    }
    const numbers = await bench.calls['inspection.window']({
      of,
      source: grid.id,
      patch: 3,
      layer: 'stem1',
      channel: 1,
      row: 2,
      column: 3,
    })
    expect(numbers.following.map(({ name }) => name)).toEqual(['stem1_norm', 'stem1_relu'])

    const folders = () => readdirSync(tmpdir()).filter((name) => name.startsWith('tessera-inside-')).length
    const before = folders()
    await bench.close()
    expect(folders()).toBeLessThan(before)
  },
)

test('a grid of another scale is refused: the network would be explained by what it does not know', async () => {
  const bench = RoomsBench.create()
  const { slide, grid } = await bench.addMosaic()
  const model = await bench.calls['models.addShipped']({ key: 'lymph-node' })
  const coarse = await bench.calls['patches.createGrid']({
    slide: slide.id,
    params: { ...grid.params, mpp: micronPerPx(2 * grid.params.mpp) },
  })
  const of = { kind: 'model', model: model.id, member: 0 } as const
  await expect(bench.calls['inspection.patch']({ of, source: coarse.id, patch: 0 })).rejects.toMatchObject({
    code: 'MODEL_SPACING_MISMATCH',
  })
  await expect(
    bench.calls['inspection.maps']({ of, source: grid.id, patch: 0, layer: 'nothing', first: 0, count: 1 }),
  ).rejects.toMatchObject({ code: 'LAYER_UNKNOWN' })
})

test(
  'an encoder: layers of its graph, maps and occlusion of its features; of classes and gradients it has none',
  { timeout: 120_000 },
  async () => {
    const bench = RoomsBench.create()
    const { grid } = await bench.addMosaic()
    const encoder = await bench.calls['encoders.add']({ from: { kind: 'shipped', key: 'embedded' }, words: {} })
    const of = { kind: 'encoder', encoder: encoder.id } as const
    const network = await bench.calls['inspection.network']({ of, source: grid.id })
    expect(network.noGradients).toContain('another program')
    const convolutions = network.layers.filter(({ kind }) => kind === 'Conv')
    expect(convolutions.length).toBeGreaterThan(5)
    expect(network.layers.at(-1)!.shape).toEqual([encoder.card.dimensions])
    const seen = await bench.calls['inspection.patch']({ of, source: grid.id, patch: 5 })
    expect(seen.probabilities).toBeNull()
    const on = { of, source: grid.id, patch: 5 }
    const maps = await bench.calls['inspection.maps']({ ...on, layer: convolutions[2]!.name, first: 0, count: 4 })
    expect(maps.shape).toEqual(convolutions[2]!.shape)
    const common = { ...on, class: null, layer: null, square: 32, step: 32 }
    const map = await mapOf(bench.rooms.streams['inspection.saliency']({ ...common, method: 'occlusion' }, never))
    expect(map.score).toBeCloseTo(1, 4)
    expect(Math.min(...map.values)).toBeGreaterThan(-1e-4)
    expect(Math.max(...map.values)).toBeGreaterThan(0.001)
    await expect(
      mapOf(bench.rooms.streams['inspection.saliency']({ ...common, method: 'grad-cam' }, never)),
    ).rejects.toMatchObject({ code: 'GRADIENTS_NOT_POSSIBLE' })
  },
)

test('patches that lie where the slide is damaged are refused one by one, and left out and counted among many', async () => {
  const bench = RoomsBench.create()
  const { grid: sound } = await bench.addMosaic()
  const { file, meets } = damagedMosaic([{ column: 1, row: 0 }])
  const slide = await bench.rooms.addSlide(file, '')
  await bench.calls['patches.createGrid']({ slide: slide.id, params: sound.params })
  const grid = (await bench.activeGrid(slide))!
  const gone = Array.from({ length: patchCount(grid) }, (_, patch) => patch).filter((patch) =>
    meets(patchRect(grid, patch)),
  )
  const model = await bench.calls['models.addShipped']({ key: 'lymph-node' })
  const of = { kind: 'model', model: model.id, member: 0 } as const
  await expect(bench.calls['inspection.patch']({ of, source: grid.id, patch: gone[0]! })).rejects.toMatchObject({
    code: 'PATCHES_UNREADABLE',
  })
  const order = { of, source: grid.id, layer: 'stem1', by: 'mean' } as const
  const news = await lastOf(bench.rooms.streams['inspection.excited'](order, never))
  expect(news).toMatchObject({ done: patchCount(grid), leftOut: gone.length })
  expect([...news.least.patch, ...news.most.patch].filter((patch) => gone.includes(patch))).toEqual([])

  // Whoever stops gets no more.
  const stop = new AbortController()
  let came = 0
  for await (const each of bench.rooms.streams['inspection.excited'](order, stop.signal)) {
    came = each.done
    stop.abort()
  }
  expect(came).toBeLessThan(patchCount(grid))
})
