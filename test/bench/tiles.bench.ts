/**
 * Tiles to the screen: out of the reading process, and decoded in a real browser over the web host's one request for each
 * batch. The peer is what a tile server around OpenSlide does: read a region, encode a JPEG. And the time from the click
 * on a slide to its first tiles.
 */
import { nodeWorkerHost } from '../../src-main/host/node/nodeWorkerHost.ts'
import { createSlideReader } from '../../src-main/slides/reader.ts'
import { TILES_PER_REQUEST } from '../../src-shared/slides.ts'
import { launchBrowser, WebHost } from '../e2e/webHost.ts'
import { seeded, integerBelow } from '../fixtures/random.ts'
import { median, type Figure, peer, print, quantile } from './bench.ts'
import { BIG_EDGE, bigSlide } from './bigSlide.ts'

const EDGE = 256
const SECONDS = 4
const IN_FLIGHT = 6
const CLICKS = 12

const file = await bigSlide()
const across = BIG_EDGE / EDGE
const random = seeded(1)
const batch = (): [number, number][] =>
  Array.from({ length: TILES_PER_REQUEST }, () => [integerBelow(random, across), integerBelow(random, across)])

const encoded = await outOfTheProcess()
const { decoded, alone, firstTiles } = await inTheBrowser()
const theirs = peer<{ perSecond: number; version: string }>('openslidePeer.py', [
  file,
  'tiles',
  String(EDGE),
  '1200',
  '1',
])
const figures: Figure[] = [
  {
    what: 'encoded, out of the reading process',
    unit: 'tiles/s',
    ours: encoded,
    peer: theirs?.perSecond ?? null,
    higherIsBetter: true,
  },
  {
    what: 'decoded in the browser',
    unit: 'tiles/s',
    ours: decoded,
    peer: theirs?.perSecond ?? null,
    higherIsBetter: true,
  },
]
print('tiles', figures, theirs && `OpenSlide from Python ${theirs.version}, read_region and JPEG, one process`, [
  `createImageBitmap alone, same bytes in memory: ${alone.toFixed(0)} tiles/s; ours is ${((100 * decoded) / alone).toFixed(0)} % of it`,
  `click on a slide to its first tiles: median ${median(firstTiles).toFixed(0)} ms, slowest of ${CLICKS} ${quantile(firstTiles, 1).toFixed(0)} ms`,
])

async function outOfTheProcess(): Promise<number> {
  const reader = createSlideReader(nodeWorkerHost, { name: 'slide-view', niceness: 0, heapMb: 512 })
  const subject = { key: 'bench', name: 'bench' }
  await reader.ask(subject, 'slides.open', { file, fingerprint: null })
  const until = performance.now() + SECONDS * 1000
  const start = performance.now()
  let done = 0
  await Promise.all(
    Array.from({ length: IN_FLIGHT }, async () => {
      while (performance.now() < until) {
        const tiles = await reader.ask(subject, 'slides.tiles', { file, fingerprint: null, level: 0, tiles: batch() })
        done += tiles.filter((tile) => tile instanceof Uint8Array).length
      }
    }),
  )
  const rate = (done / (performance.now() - start)) * 1000
  reader.stop()
  return rate
}

async function inTheBrowser(): Promise<{ decoded: number; alone: number; firstTiles: number[] }> {
  const host = new WebHost()
  const browser = await launchBrowser()
  try {
    await host.start()
    const window = await host.open(browser)
    await window.begin('bench')
    await host.stop()
    await host.start(file)
    const again = await host.open(browser)
    await again.ready()
    const { page } = again
    await page.getByRole('option', { name: /mosaic-16384/ }).click()
    await again.ready()
    const slide = (await again.viewer.getAttribute('data-slide'))!
    const firstTiles: number[] = []
    for (let click = 0; click < CLICKS; click++) {
      const name = click % 2 === 0 ? /pcam_composite_demo/ : /mosaic-16384/
      const option = page.getByRole('option', { name })
      const before = await again.viewer.getAttribute('data-slide')
      const start = performance.now()
      await option.click()
      await page.waitForFunction(
        (old) =>
          document.querySelector('[data-ready="true"]')?.getAttribute('data-slide') !== old &&
          document.querySelector('[data-ready="true"]') !== null,
        before,
        { polling: 'raf' },
      )
      firstTiles.push(performance.now() - start)
    }
    const { encode } = await import('@msgpack/msgpack')
    const bodies = Array.from({ length: 60 }, () => [...encode({ slide, level: 0, tiles: batch() })])
    // The page has no MessagePack of its own to lend, so the answers are taken apart here: JPEGs begin with FF D8.
    const rates = await page.evaluate(
      async ({ asked, inFlight, seconds }) => {
        const jpegs = (bytes: Uint8Array): Blob[] => {
          const found: Blob[] = []
          let at = 3 // an array of 16 is 3 bytes long
          while (at < bytes.length) {
            const kind = bytes[at]!
            const [length, head] =
              kind === 0xc4
                ? [bytes[at + 1]!, 2]
                : kind === 0xc5
                  ? [(bytes[at + 1]! << 8) | bytes[at + 2]!, 3]
                  : [(bytes[at + 1]! << 24) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 8) | bytes[at + 4]!, 5]
            found.push(new Blob([bytes.slice(at + head, at + head + length)], { type: 'image/jpeg' }))
            at += head + length
          }
          return found
        }
        const decodeAll = (blobs: Blob[]) =>
          Promise.all(blobs.map(async (blob) => (await createImageBitmap(blob)).close()))
        const run = async (next: () => Promise<number>) => {
          const start = performance.now()
          let done = 0
          await Promise.all(
            Array.from({ length: inFlight }, async () => {
              while (performance.now() - start < seconds * 1000) done += await next()
            }),
          )
          return (done / (performance.now() - start)) * 1000
        }
        let turn = 0
        const decoded = await run(async () => {
          const body = new Uint8Array(asked[turn++ % asked.length]!)
          const answer = await fetch('/tiles', { method: 'POST', body })
          const blobs = jpegs(new Uint8Array(await answer.arrayBuffer()))
          await decodeAll(blobs)
          return blobs.length
        })
        const first = await fetch('/tiles', { method: 'POST', body: new Uint8Array(asked[0]!) })
        const kept = jpegs(new Uint8Array(await first.arrayBuffer()))
        const alone = await run(async () => {
          await decodeAll(kept)
          return kept.length
        })
        return { decoded, alone }
      },
      { asked: bodies, inFlight: IN_FLIGHT, seconds: SECONDS },
    )
    return { ...rates, firstTiles }
  } finally {
    await browser.close()
    await host.remove()
  }
}
