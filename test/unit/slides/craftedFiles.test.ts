/**
 * Eighteen files made to hurt, each from CMU-1-Small-Region.svs by one change, read by a real process as a person and a
 * network would. Each ends in pixels, or in an error with a code that names the file and the fault; at once, in little
 * memory, and the process lives.
 */
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { toFault } from '../../../src-shared/errors.ts'
import type { SlideReader } from '../../../src-main/slides/reader.ts'
import { peakMemoryMb } from '../../fixtures/processMemory.ts'
import { countingHost, readerOn } from '../../fixtures/slideReaders.ts'
import { temporaryFolder } from '../../fixtures/temporary.ts'
import { svsSample, TiffBytes } from '../../fixtures/tinySlides.ts'

/** After this they would be killed. */
const LIMIT_MS = 8_000
const LIMIT_MB = 400

const WIDTH = 256
const HEIGHT = 257
const TILE_WIDTH = 322
const TILE_HEIGHT = 323
const OFFSETS = 324
const BYTE_COUNTS = 325
const TABLES = 347
const TILES = 130

type Read = {
  /** why the file can not be opened; null = it opens */
  opening: { code: string; message: string } | null
  /** code of each tile, of the first row: null = pixels */
  tiles: (string | null)[]
  /** code of a region over the first two tiles, as networks read it; null = pixels */
  region: string | null
  warnings: string[]
}

const refusedAs = (code: string, words: RegExp) => (read: Read) => {
  expect(read.opening).toMatchObject({ code, message: expect.stringMatching(words) })
  expect(read.opening!.message).toMatch(/“hostile\.svs”/)
}
const broken = (words: RegExp) => refusedAs('SLIDE_BROKEN', words)

/** It opens, and the tiles say what is wrong with them. */
const tilesBroken = (tiles: (string | null)[], region: string | null) => (read: Read) => {
  expect(read).toMatchObject({ opening: null, tiles, region })
}
const EACH_BROKEN = new Array<string>(4).fill('SLIDE_TILE_BROKEN')

type Crafted = { title: string; change: (file: TiffBytes) => Buffer | void; expected: (read: Read) => void }

const crafted: Crafted[] = [
  {
    title: 'half of the file is missing, and with it the directories',
    change: ({ bytes }) => bytes.subarray(0, bytes.length >> 1),
    expected: broken(/points to bytes/),
  },
  {
    title: 'only 6 bytes of the header are left',
    change: ({ bytes }) => bytes.subarray(0, 6),
    expected: broken(/no TIFF header/),
  },
  {
    title: 'the file is empty',
    change: () => Buffer.alloc(0),
    expected: refusedAs('SLIDE_NOT_A_SLIDE', /it is empty/),
  },
  {
    title: 'the last 2,000 bytes are missing, and with them the macro image: the slide is shown, and it is said',
    change: ({ bytes }) => bytes.subarray(0, bytes.length - 2000),
    expected(read) {
      expect(read).toMatchObject({ opening: null, tiles: [null, null, null, null], region: null })
      expect(read.warnings).toEqual([expect.stringMatching(/end of the file is missing/)])
    },
  },
  {
    title: 'a directory that is followed by itself',
    change: (tiff) => void tiff.bytes.writeUInt32LE(tiff.directory(0), tiff.nextAt(tiff.directory(0))),
    expected: broken(/form a circle/),
  },
  {
    title: 'a slide of 2,147,483,647² px',
    change: (tiff) => void tiff.set(WIDTH, 0x7fffffff).set(HEIGHT, 0x7fffffff),
    expected: broken(/2147483647 × 2147483647 px/),
  },
  {
    title: 'a slide of 1,000,000² px, with places for 130 tiles',
    change: (tiff) => void tiff.set(WIDTH, 1_000_000).set(HEIGHT, 1_000_000),
    expected: broken(/claims to have 17363889 tiles/),
  },
  {
    title: 'a slide without width',
    change: (tiff) => void tiff.set(WIDTH, 0),
    expected: broken(/0 × 2967 px/),
  },
  {
    title: 'tiles without width',
    change: (tiff) => void tiff.set(TILE_WIDTH, 0),
    expected: broken(/tiles of 0 × 240 px/),
  },
  {
    title: 'tiles of 268,435,456² px, at which OpenSlide ends its process',
    change: (tiff) => void tiff.set(TILE_WIDTH, 0x10000000).set(TILE_HEIGHT, 0x10000000),
    expected: broken(/tiles of 268435456 × 268435456 px/),
  },
  {
    title: 'every tile behind the end of the file',
    change(tiff) {
      for (let i = 0; i < TILES; i++) tiff.setValue(OFFSETS, i, 0xfffffff0 - i)
    },
    expected: tilesBroken(EACH_BROKEN, 'SLIDE_TILE_BROKEN'),
  },
  {
    title: 'every tile of 2,147,483,647 bytes',
    change(tiff) {
      for (let i = 0; i < TILES; i++) tiff.setValue(BYTE_COUNTS, i, 0x7fffffff)
    },
    expected: tilesBroken(EACH_BROKEN, 'SLIDE_TILE_BROKEN'),
  },
  {
    title: 'a list of 4,294,967,295 tiles',
    change: (tiff) => void tiff.setCount(OFFSETS, 0xffffffff),
    expected: broken(/tag 324 has 4294967295 values/),
  },
  {
    title: 'a list of tiles behind the end of the file',
    change: (tiff) => void tiff.bytes.writeUInt32LE(0xfffffff0, tiff.entry(OFFSETS).at + 8),
    expected: broken(/points to bytes 4294967280/),
  },
  {
    title: 'a directory of 65,535 entries',
    change: (tiff) => void tiff.bytes.writeUInt16LE(65_535, tiff.directory(0)),
    expected: broken(/65535 entries/),
  },
  {
    title: 'JPEG tables of 2,147,483,647 bytes',
    change: (tiff) => void tiff.setCount(TABLES, 0x7fffffff),
    expected: broken(/tag 347 has 2147483647 bytes/),
  },
  {
    title: 'a tile that unpacks to 65,500² px',
    change(tiff) {
      const from = tiff.valueOf(OFFSETS, 0)
      const frame = tiff.bytes.indexOf(Buffer.of(0xff, 0xc0), from)
      tiff.bytes.writeUInt16BE(65_500, frame + 5)
      tiff.bytes.writeUInt16BE(65_500, frame + 7)
    },
    expected: tilesBroken(['SLIDE_TILE_BROKEN', null, null, null], 'SLIDE_TILE_BROKEN'),
  },
  {
    title:
      'noise over the first tiles: a browser draws what it can of the one that has a header, a network is given none',
    change(tiff) {
      const from = tiff.valueOf(OFFSETS, 0)
      for (let at = from + 700; at < from + 9000; at++) tiff.bytes[at] = (at * 2_654_435_761) >>> 13
    },
    expected: tilesBroken([null, ...EACH_BROKEN.slice(1)], 'SLIDE_TILE_BROKEN'),
  },
]

const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => null,
    (error: unknown) => toFault(error).code,
  )

async function readAll(reader: SlideReader, file: string): Promise<Read> {
  const subject = { key: file, name: path.basename(file) }
  const slide = { file, fingerprint: null }
  const opened = await reader.ask(subject, 'slides.open', slide).catch((error: unknown) => toFault(error))
  if ('code' in opened) return { opening: opened, tiles: [], region: null, warnings: [] }
  const tiles = [0, 1, 2, 3].map((column): [number, number] => [column, 0])
  const replies = await reader.ask(subject, 'slides.tiles', { ...slide, level: 0, tiles })
  for (const [i, reply] of replies.entries())
    if (reply && 'code' in reply) expect(reply.data).toMatchObject({ file, column: i })
  const region = { x: 0, y: 0, width: 400, height: 200, at: { level: 0 } }
  return {
    opening: null,
    tiles: replies.map((reply) => (reply && 'code' in reply ? reply.code : null)),
    region: await codeOf(reader.ask(subject, 'slides.region', { ...slide, ...region })),
    warnings: opened.header.warnings,
  }
}

describe('eighteen crafted files', () => {
  test('there are eighteen', () => expect(crafted).toHaveLength(18))

  test.each(crafted)('$title', async ({ change, expected }) => {
    const file = path.join(temporaryFolder(), 'hostile.svs')
    const tiff = new TiffBytes(svsSample)
    writeFileSync(file, change(tiff) ?? tiff.bytes)
    const host = countingHost()
    const reader = readerOn(host)
    await reader.ask({ key: svsSample, name: 'sound' }, 'slides.open', { file: svsSample, fingerprint: null })
    const begun = performance.now()
    expected(await readAll(reader, file))
    expect(performance.now() - begun).toBeLessThan(LIMIT_MS)
    expect(peakMemoryMb(host.started[0]!.pid) ?? 0).toBeLessThan(LIMIT_MB)
    const sound = { file: svsSample, fingerprint: null, level: 0, tiles: [[0, 0] as [number, number]] }
    expect(await reader.ask({ key: svsSample, name: 'sound' }, 'slides.tiles', sound)).toEqual([expect.any(Uint8Array)])
    expect(host.started, 'the reading process ended').toHaveLength(1)
  })
})
