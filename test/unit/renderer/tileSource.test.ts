/** What the viewer asks the reading process for, and what it makes of the answer. */
import { beforeEach, expect, test, vi } from 'vitest'
import { v7 as uuidv7 } from 'uuid'
import { SlideId } from '../../../src-shared/ids.ts'
import type { Slide, TileReply, TileRequest } from '../../../src-shared/slides.ts'
import { useTileReader } from '../../../src-renderer/api/tiles.ts'
import { slideTileSource } from '../../../src-renderer/viewer/tileSource.ts'

vi.mock('openseadragon', () => ({ default: { TileSource: Object, Point: Object } }))

const level = (width: number, height: number) => ({
  width,
  height,
  downsample: 4096 / width,
  tileWidth: 256,
  tileHeight: 256,
  columns: width / 256,
  rows: height / 256,
})
const slide = {
  id: SlideId.parse(uuidv7()),
  width: 4096,
  height: 4096,
  levels: [level(4096, 4096), level(1024, 1024)],
} as unknown as Slide

let requests: TileRequest[]
/** Bytes that no JPEG decoder would take: whoever looked into them would fail. */
const bytesOf = (column: number, row: number) => Uint8Array.of(column, row, 3, 4)

beforeEach(() => {
  requests = []
  useTileReader(async (request) => {
    requests.push(request)
    return request.tiles.map(([column, row]): TileReply => bytesOf(column, row))
  })
})

const AS_IT_COMES = { key: 'colour', channels: null, paint: null, profile: null }

function ask(source: ReturnType<typeof slideTileSource>, osdLevel: number, x: number, y: number) {
  return new Promise<{ data: Blob; type: string }>((resolve, reject) => {
    const job = {
      src: source.getTileUrl(osdLevel, x, y),
      userData: {},
      finish: (data: Blob, _: unknown, type: string) => resolve({ data, type }),
      fail: reject,
    }
    source.downloadTileStart(job as never)
  })
}

test('tiles asked for in one turn travel in as few requests as allowed, each of one level', async () => {
  const source = slideTileSource(slide, 'rasterBlob', AS_IT_COMES, () => undefined)
  const fine = Array.from({ length: 40 }, (_, i) => ask(source, 1, i % 16, Math.floor(i / 16)))
  const coarse = [ask(source, 0, 0, 0), ask(source, 0, 1, 1)]
  await Promise.all([...fine, ...coarse])
  expect(requests.map(({ level: asked, tiles }) => [asked, tiles.length])).toEqual([
    [0, 16],
    [0, 16],
    [0, 8],
    [1, 2],
  ])
})

test('the bytes of a tile reach the browser’s decoder untouched', async () => {
  const source = slideTileSource(slide, 'rasterBlob', AS_IT_COMES, () => undefined)
  const { data, type } = await ask(source, 1, 5, 9)
  expect(type).toBe('rasterBlob')
  expect(new Uint8Array(await data.arrayBuffer())).toEqual(bytesOf(5, 9))
})
