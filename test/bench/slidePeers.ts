/** The peers of slide reading, and the limit that none of them can pass: each is asked for one rate at a time. */
import { rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { SlideReader } from '../../src-main/slides/reader.ts'
import { TILES_PER_REQUEST } from '../../src-shared/slides.ts'
import { peer } from './bench.ts'

/** What a peer is to read: squares of `read` px at places in level-0 px, as `edge` × `edge` px. */
export type PeerOrder = { places: readonly (readonly [number, number])[]; read: number; edge: number }

/** ms of processor time of OpenSlide for each tile or patch, as told with every rate: it depends least on what else runs. */
export const processorMsOfOpenSlide: number[] = []

/** Programs and their versions, as they tell them. */
export const versions = new Map<string, string>()

/** @returns tiles or patches per second; NaN with --no-peer */
function rateOf(
  script: string,
  name: string,
  file: string,
  what: 'tiles' | 'patches',
  order: PeerOrder,
  processes: number,
) {
  const answer = peer<{ perSecond: number[]; processorMs?: number; version: string }>(script, [file, what], {
    ...order,
    processes: [processes],
  })
  if (!answer) return Number.NaN
  versions.set(name, answer.version)
  if (answer.processorMs !== undefined) processorMsOfOpenSlide.push(answer.processorMs)
  return answer.perSecond[0]!
}

export const openSlideRate = (file: string, what: 'tiles' | 'patches', order: PeerOrder, processes = 1): number =>
  rateOf('openslidePeer.py', 'OpenSlide from Python', file, what, order, processes)

export const libvipsRate = (file: string, what: 'tiles' | 'patches', order: PeerOrder, processes = 1): number =>
  rateOf('libvipsPeer.py', 'libvips', file, what, order, processes)

const LIMIT_TILES = 64

/** libjpeg-turbo on tiles of the slide, from memory, nothing else. @returns a measure in px per second */
export async function decodingLimit(
  reader: SlideReader,
  file: string,
  processes: number,
): Promise<{ pxPerSecond: () => number; close: () => void }> {
  const stored = path.join(tmpdir(), `tessera-bench-tiles-${process.pid}`)
  const parts: Buffer[] = []
  for (let from = 0; from < LIMIT_TILES; from += TILES_PER_REQUEST) {
    const tiles = Array.from({ length: TILES_PER_REQUEST }, (_, i): [number, number] => [from + i, 3])
    const found = await reader.ask({ key: 'limit', name: 'limit' }, 'slides.tiles', {
      file,
      fingerprint: null,
      level: 0,
      tiles,
    })
    for (const tile of found) {
      if (!(tile instanceof Uint8Array)) throw new Error('a tile of the test slide is missing')
      const length = Buffer.alloc(4)
      length.writeUInt32LE(tile.length)
      parts.push(length, Buffer.from(tile))
    }
  }
  writeFileSync(stored, Buffer.concat(parts))
  return {
    pxPerSecond() {
      const answer = peer<{ perSecond: number[]; px: number }>('turboPeer.py', [stored, '1'], {
        processes: [processes],
      })
      return answer ? answer.perSecond[0]! * answer.px : Number.NaN
    },
    close: () => rmSync(stored),
  }
}

export const peerNames = (): string => [...versions].map(([name, version]) => `${name} ${version}`).join('; ')
