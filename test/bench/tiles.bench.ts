/**
 * Tiles to the screen: out of the reading process, and decoded in a real browser over the web host's one request for each
 * batch. The peers are what a tile server around OpenSlide or libvips does: read a region, encode a JPEG. And the time from
 * the click on a slide to its first tiles.
 */
import { nodeWorkerHost } from '../../src-main/host/node/nodeWorkerHost.ts'
import { createSlideReader } from '../../src-main/slides/reader.ts'
import { TILES_PER_REQUEST } from '../../src-shared/slides.ts'
import { launchBrowser, WebHost } from '../e2e/webHost.ts'
import { seeded, integerBelow } from '../fixtures/random.ts'
import { byTurns, type Figure, median, options, print, quantile } from './bench.ts'
import { HUGE_EDGE, hugeSlide, TILE } from './hugeSlide.ts'
import { descendants, processorMs } from './processTime.ts'
import { decodingLimit, libvipsRate, openSlideRate, peerNames } from './slidePeers.ts'

const SECONDS = 2
const ROUNDS = 5
const IN_FLIGHT = 6
const CLICKS = 12
const PEER_COUNT = 600
const SEED = 1

const file = await hugeSlide()
const across = Math.floor(HUGE_EDGE / TILE)
const random = seeded(SEED)
const place = (): [number, number] => [integerBelow(random, across), integerBelow(random, across)]
const batch = (): [number, number][] => Array.from({ length: TILES_PER_REQUEST }, place)

const figures: Figure[] = []
const notes: string[] = []
if ('encoded'.startsWith(options.only)) await outOfTheProcess()
if ('decoded'.startsWith(options.only)) await inTheBrowser()
print('tiles', figures, options.noPeer ? null : `${peerNames()}, region and JPEG of quality 80, one process`, [
  `slide of ${HUGE_EDGE} × ${HUGE_EDGE} px, random places (seed ${SEED}); medians of ${ROUNDS} rounds, ours and each peer by turns`,
  ...notes,
])

async function outOfTheProcess(): Promise<void> {
  const reader = createSlideReader(nodeWorkerHost, { name: 'slide-view', niceness: 0, heapMb: 512 })
  const subject = { key: 'bench', name: 'bench' }
  await reader.ask(subject, 'slides.open', { file, fingerprint: null })
  const limit = await decodingLimit(reader, file, 1)
  const order = () => ({
    places: Array.from({ length: PEER_COUNT }, () => {
      const [column, row] = place()
      return [column * TILE, row * TILE] as const
    }),
    read: TILE,
    edge: TILE,
  })
  const rates = await byTurns(ROUNDS, {
    async ours() {
      const start = performance.now()
      let done = 0
      await Promise.all(
        Array.from({ length: IN_FLIGHT }, async () => {
          while (performance.now() < start + SECONDS * 1000) {
            const asked = { file, fingerprint: null, level: 0, tiles: batch() }
            const tiles = await reader.ask(subject, 'slides.tiles', asked)
            done += tiles.filter((tile) => tile instanceof Uint8Array).length
          }
        }),
      )
      return (done / (performance.now() - start)) * 1000
    },
    openSlide: () => openSlideRate(file, 'tiles', order()),
    libvips: () => libvipsRate(file, 'tiles', order()),
    limit: () => limit.pxPerSecond() / TILE ** 2,
  })
  limit.close()
  reader.stop()
  for (const [name, rate] of [
    ['OpenSlide → JPEG', rates.openSlide],
    ['libvips → JPEG', rates.libvips],
  ] as const)
    figures.push({
      what: `encoded, out of the reading process, beside ${name}`,
      unit: 'tiles/s',
      ours: rates.ours,
      peer: Number.isNaN(rate) ? null : rate,
      higherIsBetter: true,
    })
  if (!options.noPeer) notes.push(`libjpeg-turbo decodes ${rates.limit.toFixed(0)} of these tiles/s on one core`)
}

async function inTheBrowser(): Promise<void> {
  const host = new WebHost()
  host.environment = { TESSERA_STRICT: '' } // as it is shipped
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
    const big = new RegExp(`mosaic-${HUGE_EDGE}`)
    await page.getByRole('option', { name: big }).click()
    await again.ready()
    const slide = (await again.viewer.getAttribute('data-slide'))!
    const firstTiles: number[] = []
    for (let click = 0; click < CLICKS; click++) {
      const option = page.getByRole('option', { name: click % 2 === 0 ? /pcam_composite_demo/ : big })
      const before = await again.viewer.getAttribute('data-slide')
      const start = performance.now()
      await option.click()
      await page.waitForFunction(
        (old) => {
          const ready = document.querySelector('[data-ready="true"]')
          return ready !== null && ready.getAttribute('data-slide') !== old
        },
        before,
        { polling: 'raf' },
      )
      if (click % 2 === 1) firstTiles.push(performance.now() - start)
    }
    notes.push(
      `click on the slide to its first tiles: median ${median(firstTiles).toFixed(0)} ms, slowest of ${firstTiles.length} ${quantile(firstTiles, 1).toFixed(0)} ms`,
    )

    const { encode } = await import('@msgpack/msgpack')
    const bodies = Array.from({ length: 60 }, () => [...encode({ slide, level: 0, tiles: batch() })])
    await page.evaluate(prepareInPage, { bodies, inFlight: IN_FLIGHT })
    const session = await browser.newBrowserCDPSession()
    const times = async () => {
      const { processInfo } = await session.send('SystemInfo.getProcessInfo')
      const found = new Map<string, number>()
      for (const { type, cpuTime } of processInfo) found.set(type, (found.get(type) ?? 0) + cpuTime * 1000)
      for (const { pid, command } of descendants(process.pid))
        if (/web\.js/.test(command)) found.set('web host', processorMs(pid))
        else if (/slide-view/.test(command)) found.set('reading process', processorMs(pid))
      return found
    }
    const spent = new Map<string, Map<string, number>>()
    const run = async (name: 'fetched' | 'alone'): Promise<number> => {
      const before = await times()
      const { done, ms } = await page.evaluate(([which, seconds]) => globalThis.tilesBench[which](seconds), [
        name,
        SECONDS,
      ] as const)
      const of = spent.get(name) ?? new Map<string, number>()
      spent.set(name, of)
      for (const [type, after] of await times())
        of.set(type, (of.get(type) ?? 0) + (after - (before.get(type) ?? 0)) / done / ROUNDS)
      return (done / ms) * 1000
    }
    const rates = await byTurns(ROUNDS, { ours: () => run('fetched'), alone: () => run('alone') })
    figures.push({
      what: 'decoded in the browser, beside createImageBitmap alone',
      unit: 'tiles/s',
      ours: rates.ours,
      peer: rates.alone,
      higherIsBetter: true,
    })
    for (const [name, of] of spent)
      notes.push(
        `${name}: ms of processor time for a tile: ${[...of]
          .filter(([, ms]) => ms >= 0.005)
          .map(([type, ms]) => `${type} ${ms.toFixed(2)}`)
          .join(', ')}`,
      )
  } finally {
    await browser.close()
    await host.remove()
  }
}

declare global {
  /** In the page only. */
  var tilesBench: Record<'fetched' | 'alone', (seconds: number) => Promise<{ done: number; ms: number }>>
}

/** Runs in the page. “alone” = the same bytes, fetched before and lying in memory. */
async function prepareInPage({ bodies, inFlight }: { bodies: number[][]; inFlight: number }): Promise<void> {
  // The page has no MessagePack of its own to lend, so the answers are taken apart here.
  const tilesOf = (bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer>[] => {
    const found: Uint8Array<ArrayBuffer>[] = []
    let at = bytes[0] === 0xdc ? 3 : 1
    while (at < bytes.length) {
      const kind = bytes[at]!
      const [length, head] =
        kind === 0xc4
          ? [bytes[at + 1]!, 2]
          : kind === 0xc5
            ? [(bytes[at + 1]! << 8) | bytes[at + 2]!, 3]
            : [(bytes[at + 1]! << 24) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 8) | bytes[at + 4]!, 5]
      found.push(bytes.subarray(at + head, at + head + length))
      at += head + length
    }
    return found
  }
  const fetched = async (body: Uint8Array<ArrayBuffer>) => {
    const answer = await fetch('/tiles', { method: 'POST', body })
    return tilesOf(new Uint8Array(await answer.arrayBuffer()))
  }
  const decodeAll = (tiles: Uint8Array<ArrayBuffer>[]) =>
    Promise.all(tiles.map(async (tile) => (await createImageBitmap(new Blob([tile], { type: 'image/jpeg' }))).close()))
  const asked = bodies.map((body) => new Uint8Array(body))
  const kept: Uint8Array<ArrayBuffer>[][] = []
  for (const body of asked) kept.push(await fetched(body))
  let turn = 0
  const run = async (seconds: number, next: () => Promise<Uint8Array<ArrayBuffer>[]>) => {
    const start = performance.now()
    let done = 0
    await Promise.all(
      Array.from({ length: inFlight }, async () => {
        while (performance.now() - start < seconds * 1000) {
          const tiles = await next()
          await decodeAll(tiles)
          done += tiles.length
        }
      }),
    )
    return { done, ms: performance.now() - start }
  }
  globalThis.tilesBench = {
    fetched: (seconds) => run(seconds, () => fetched(asked[turn++ % asked.length]!)),
    alone: (seconds) => run(seconds, async () => kept[turn++ % kept.length]!),
  }
}
