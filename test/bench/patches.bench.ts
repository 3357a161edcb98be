/** Patches per second out of the reading process and into a file, as training and prediction get them, beside OpenSlide. */
import { rmSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { nodeWorkerHost } from '../../src-main/host/node/nodeWorkerHost.ts'
import { createSlideReader } from '../../src-main/slides/reader.ts'
import { gridGeometry } from '../../src-shared/patches.ts'
import { micronPerPx } from '../../src-shared/units.ts'
import { median, type Figure, peer, print } from './bench.ts'
import { BIG_EDGE, bigSlide } from './bigSlide.ts'

const ROUNDS = 5
/** The slide is taken as 0.5 µm/px, so that 0.7 µm/px is a reduction by 1.4. */
const cases = [
  { what: '96 px as stored', edge: 96, scale: 1, count: 6000 },
  { what: '224 px as stored', edge: 224, scale: 1, count: 2400 },
  { what: '224 px reduced by 1.4', edge: 224, scale: 1.4, count: 1200 },
]

const file = await bigSlide()
const folder = mkdtempSync(path.join(tmpdir(), 'tessera-bench-'))
const reader = createSlideReader(nodeWorkerHost, { name: 'slide-read', niceness: 0, heapMb: 512 })
const subject = { key: 'bench', name: 'bench' }
await reader.ask(subject, 'slides.open', { file, fingerprint: null })

const figures: Figure[] = []
let version: string | null = null
for (const { what, edge, scale, count } of cases) {
  const mpp = micronPerPx(0.5)
  const at = micronPerPx(0.5 * scale)
  const grid = gridGeometry('bench', { width: BIG_EDGE, height: BIG_EDGE }, mpp, mpp, {
    edgePx: edge,
    mpp: at,
    stridePx: edge,
    offsetXPx: 0,
    offsetYPx: 0,
  })
  const patches = Uint32Array.from({ length: count }, (_, i) => i)
  const rates: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const out = path.join(folder, `${round}.pixels`)
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
    rates.push((count / (performance.now() - start)) * 1000)
    rmSync(out)
  }
  const theirs = peer<{ perSecond: number; perSecondTwo: number; version: string }>('openslidePeer.py', [
    file,
    'patches',
    String(edge),
    String(Math.min(count, 1200)),
    String(scale),
  ])
  version = theirs?.version ?? null
  figures.push({
    what: `${what}, beside one process`,
    unit: 'patches/s',
    ours: median(rates),
    peer: theirs?.perSecond ?? null,
    higherIsBetter: true,
  })
  figures.push({
    what: `${what}, beside two processes`,
    unit: 'patches/s',
    ours: median(rates),
    peer: theirs?.perSecondTwo ?? null,
    higherIsBetter: true,
  })
}
reader.stop()
rmSync(folder, { recursive: true, force: true })
print('patches', figures, version && `OpenSlide from Python ${version}, arrays in memory`, [
  'Ours includes writing the pixels to a file and crossing a process.',
])
