/** Tiles asked of the web host: what its answer becomes. */
import { encode } from '@msgpack/msgpack'
import { expect, test, vi } from 'vitest'
import { v7 as uuidv7 } from 'uuid'
import { SlideId } from '../../../src-shared/ids.ts'
import { packTiles } from '../../../src-main/host/web/packTiles.ts'
import { openTiles, readTiles } from '../../../src-renderer/api/tiles.ts'

const request = { slide: SlideId.parse(uuidv7()), level: 0, tiles: [[0, 0]] as [number, number][], channels: null }

function answering(pieces: readonly Uint8Array[]): void {
  vi.stubGlobal('window', {})
  vi.stubGlobal('fetch', async () => new Response(Buffer.concat(pieces)))
  openTiles()
}

test.each([1, 15, 16])(
  'a batch of %i tiles arrives byte for byte, with what is not stored and what is broken',
  async (count) => {
    const broken = { code: 'SLIDE_TILE_BROKEN', message: 'A tile is damaged.', data: { level: 0, column: 3, row: 4 } }
    const replies = Array.from({ length: count }, (_, i) =>
      i === 1 ? null : i === 2 ? broken : Uint8Array.from({ length: i === 3 ? 70_000 : 300 * i }, (_, k) => k * 7),
    )
    answering(packTiles(replies))
    expect(await readTiles(request)).toEqual(replies)
  },
)

test('a batch that failed as a whole is an error with its code, not tiles that are white', async () => {
  const fault = { code: 'SLIDE_FILE_MISSING', message: 'The file is gone.', data: { file: 'a.svs' } }
  answering([encode({ fault })])
  await expect(readTiles(request)).rejects.toMatchObject(fault)
})
