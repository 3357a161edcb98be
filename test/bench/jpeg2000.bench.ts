/**
 * Tiles of a JPEG 2000 slide out of the reading process, decoded on every core and handed over as PNG: looked at for the
 * first time, and again while they are kept. The peer is OpenSlide's region as a JPEG. By turns.
 */
import { availableParallelism } from 'node:os'
import { nodeWorkerHost } from '../../src-main/host/node/nodeWorkerHost.ts'
import { createSlideReader } from '../../src-main/slides/reader.ts'
import { TILES_PER_REQUEST } from '../../src-shared/slides.ts'
import { byTurns, type Figure, options, print } from './bench.ts'
import { JPEG2000_EDGE, jpeg2000Slide, TILE } from './hugeSlide.ts'
import { openSlideRate, peerNames } from './slidePeers.ts'

const ROUNDS = 5
/** As many tiles as four screens hold, and fewer than are kept decoded. */
const VIEW = 160
const IN_FLIGHT = 4

const file = await jpeg2000Slide()
const across = JPEG2000_EDGE / TILE
const reader = createSlideReader(nodeWorkerHost, { name: 'slide-view', niceness: 0, heapMb: 512 })
const subject = { key: 'bench', name: 'bench' }
await reader.ask(subject, 'slides.open', { file, fingerprint: null })

let from = 0
const places = (first: number): [number, number][] =>
  Array.from({ length: VIEW }, (_, i) => [(first + i) % across, Math.floor((first + i) / across) % across])

async function look(tiles: [number, number][]): Promise<number> {
  const start = performance.now()
  let next = 0
  await Promise.all(
    Array.from({ length: IN_FLIGHT }, async () => {
      while (next < tiles.length) {
        const asked = tiles.slice(next, (next += TILES_PER_REQUEST))
        const found = await reader.ask(subject, 'slides.tiles', { file, fingerprint: null, level: 0, tiles: asked })
        if (!found.every((tile) => tile instanceof Uint8Array))
          throw new Error('a tile of the test slide was not decoded')
      }
    }),
  )
  return (tiles.length / (performance.now() - start)) * 1000
}
const order = () => ({
  places: places(from).map(([column, row]) => [column * TILE, row * TILE] as const),
  read: TILE,
  edge: TILE,
})

await look(places((from += VIEW))) // the threads are started
const rates = await byTurns(ROUNDS, {
  first: () => look(places((from += VIEW))),
  again: () => look(places(from)),
  openSlide: () => openSlideRate(file, 'tiles', order()),
  openSlideTwo: () => openSlideRate(file, 'tiles', order(), 2),
})
reader.stop()
const figure = (what: string, ours: number, theirs: number): Figure => ({
  what,
  unit: 'tiles/s',
  ours,
  peer: Number.isNaN(theirs) ? null : theirs,
  higherIsBetter: true,
})
print(
  'jpeg2000',
  [
    figure('seen for the first time, beside OpenSlide', rates.first, rates.openSlide),
    figure('seen for the first time, beside two of them', rates.first, rates.openSlideTwo),
    figure('seen again, beside OpenSlide', rates.again, rates.openSlide),
  ],
  options.noPeer ? null : peerNames(),
  [`${availableParallelism()} threads of ours; ${VIEW} tiles of ${TILE} px in a turn, medians of ${ROUNDS} rounds`],
)
