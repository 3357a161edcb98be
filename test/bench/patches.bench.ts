/**
 * Patches per second out of the reading process and into a file, as training and prediction get them: beside OpenSlide
 * from Python, libvips, and what libjpeg-turbo alone could decode on both cores. Ours and the peers' by turns.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { nodeWorkerHost } from '../../src-main/host/node/nodeWorkerHost.ts'
import { createSlideReader } from '../../src-main/slides/reader.ts'
import { gridGeometry, patchCount, patchRect } from '../../src-shared/patches.ts'
import { micronPerPx } from '../../src-shared/units.ts'
import { integerBelow, seeded } from '../fixtures/random.ts'
import { byTurns, type Figure, median, options, print } from './bench.ts'
import { HUGE_EDGE, hugeSlide } from './hugeSlide.ts'
import { descendants, processorMs } from './processTime.ts'
import { decodingLimit, libvipsRate, openSlideRate, peerNames, processorMsOfOpenSlide } from './slidePeers.ts'

const ROUNDS = 5
const SEED = 1
const MPP = micronPerPx(0.25)

type Case = { what: string; edge: number; mpp: number; count: number; order: 'rows' | 'scattered' }
const cases: Case[] = (
  [
    { what: '96 px as stored', edge: 96, mpp: 0.25, count: 12_000, order: 'rows' },
    { what: '224 px as stored', edge: 224, mpp: 0.25, count: 4000, order: 'rows' },
    { what: '224 px, 0.25 → 0.35 µm/px', edge: 224, mpp: 0.35, count: 2000, order: 'rows' },
    { what: '224 px, far apart', edge: 224, mpp: 0.25, count: 500, order: 'scattered' },
  ] satisfies Case[]
).filter(({ what }) => what.startsWith(options.only))

/** How many a peer reads in one turn: one or two seconds. */
const PEER_COUNT = 600

const file = await hugeSlide()
const folder = mkdtempSync(path.join(tmpdir(), 'tessera-bench-'))
const reader = createSlideReader(nodeWorkerHost, { name: 'slide-read', niceness: 0, heapMb: 512 })
const subject = { key: 'bench', name: 'bench' }
await reader.ask(subject, 'slides.open', { file, fingerprint: null })
const limit = await decodingLimit(reader, file, 2)

const reading = descendants(process.pid).find(({ command }) => /slide-read/.test(command))!.pid
const figures: Figure[] = []
const notes: string[] = []
for (const { what, edge, mpp, count, order } of cases) {
  const grid = gridGeometry('bench', { width: HUGE_EDGE, height: HUGE_EDGE }, MPP, MPP, {
    edgePx: edge,
    mpp: micronPerPx(mpp),
    stridePx: edge,
    offsetXPx: order === 'rows' ? 0 : 37,
    offsetYPx: order === 'rows' ? 0 : 91,
  })
  const random = seeded(SEED)
  const all = patchCount(grid)
  // rows: whole rows of the grid, as a slide's patches are read; a block of rows of the slide is complete
  const patches = Uint32Array.from({ length: count }, (_, i) =>
    order === 'rows' ? inSquare(i, count, grid.columns) : integerBelow(random, all),
  )
  const places = Array.from(patches.subarray(0, PEER_COUNT), (patch) => {
    const { x, y } = patchRect(grid, patch)
    return [x, y] as const
  })
  const peerOrder = { places, read: Number(grid.edgeX), edge }
  processorMsOfOpenSlide.length = 0
  const processorTimes: number[] = []
  let turn = 0
  const rates = await byTurns(ROUNDS, {
    async ours() {
      const out = path.join(folder, `${turn++}.pixels`)
      const before = processorMs(reading)
      const start = performance.now()
      await reader.follow(
        subject,
        'patches.read',
        {
          origin: { kind: 'grid', slide: { file, fingerprint: null }, grid, patches },
          edgePx: edge,
          channels: 3,
          file: out,
        },
        () => undefined,
      )
      const rate = (count / (performance.now() - start)) * 1000
      processorTimes.push((processorMs(reading) - before) / count)
      rmSync(out)
      return rate
    },
    openSlide: () => openSlideRate(file, 'patches', peerOrder),
    openSlideTwo: () => openSlideRate(file, 'patches', peerOrder, 2),
    libvips: () => libvipsRate(file, 'patches', peerOrder),
    libvipsTwo: () => libvipsRate(file, 'patches', peerOrder, 2),
    limit: () => limit.pxPerSecond() / Number(grid.edgeX) ** 2,
  })
  const beside = (name: string, rate: number): Figure => ({
    what: `${what}, beside ${name}`,
    unit: 'patches/s',
    ours: rates.ours,
    peer: Number.isNaN(rate) ? null : rate,
    higherIsBetter: true,
  })
  figures.push(
    beside('OpenSlide', rates.openSlide),
    beside('two of them', rates.openSlideTwo),
    beside('libvips', rates.libvips),
    beside('two of them ', rates.libvipsTwo),
    beside('libjpeg-turbo, 2 cores', rates.limit),
  )
  const [own, theirs] = [median(processorTimes), median(processorMsOfOpenSlide.length ? processorMsOfOpenSlide : [NaN])]
  notes.push(
    `${what}: ${own.toFixed(3)} ms of processor time for a patch, OpenSlide ${theirs.toFixed(3)}: ${(theirs / own).toFixed(2)} times less`,
  )
}
limit.close()
reader.stop()
rmSync(folder, { recursive: true, force: true })
print('patches', figures, options.noPeer ? null : `${peerNames()}; one process and two, arrays in memory`, [
  `slide of ${HUGE_EDGE} × ${HUGE_EDGE} px, 256 px tiles; medians of ${ROUNDS} rounds, ours and each peer by turns; scattered places: seed ${SEED}`,
  'Ours is one process with two threads that decode, and includes writing the pixels to a file.',
  ...notes,
])

/** The i-th of `count` patches of a square in the corner of the grid, row by row. */
function inSquare(i: number, count: number, columns: number): number {
  const across = Math.ceil(Math.sqrt(count))
  return Math.floor(i / across) * columns + (i % across)
}
