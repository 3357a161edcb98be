/**
 * Memory while a person moves about a slide of 50,000 × 50,000 px for two to three minutes, until 25,000 tiles were shown:
 * the most the reading process holds, and what it and the page have grown by since the first 2,500. In a real browser on
 * the web host. With --long until 45,000 tiles, however long that takes: whether it ever levels off.
 */
import type { Page } from '@playwright/test'
import { launchBrowser, WebHost } from '../e2e/webHost.ts'
import { integerBelow, seeded } from '../fixtures/random.ts'
import { print } from './bench.ts'
import { HUGE_EDGE, hugeSlide } from './hugeSlide.ts'
import { descendants, privateBytes, residentBytes } from './processTime.ts'

const isLong = process.argv.includes('--long')
const SECONDS = 120
/** On a busy machine fewer tiles are shown by then; how many is told. */
const MOST_SECONDS = isLong ? 1800 : 180
/** The first ones fill what is kept on purpose. */
const WARM_TILES = 2500
const TILES = isLong ? 45_000 : 25_000
/** Tiles from one sample to the next. */
const EVERY = 5000
const MOST_MB = 150
const SEED = 1
const MB = 1e6

const file = await hugeSlide()
const host = new WebHost()
host.environment = { TESSERA_STRICT: '' } // as it is shipped
const browser = await launchBrowser()
try {
  await host.start()
  await (await host.open(browser)).begin('bench')
  await host.stop()
  await host.start(file)
  const window = await host.open(browser)
  await window.ready()
  const { page } = window
  await page.getByRole('option', { name: new RegExp(`mosaic-${HUGE_EDGE}`) }).click()
  await window.ready()
  await page.evaluate(countBitmaps)
  await page.getByRole('button', { name: '40x', exact: true }).click()

  const session = await page.context().newCDPSession(page)
  const reading = descendants(process.pid).find(({ command }) => /slide-view/.test(command))!.pid
  const rendering = await rendererOf(page)
  const sample = async () => {
    await session.send('HeapProfiler.collectGarbage')
    await page.waitForTimeout(500) // what was collected is given back a little later
    const { usedSize } = await session.send('Runtime.getHeapUsage')
    const { nodes, jsEventListeners } = await session.send('Memory.getDOMCounters')
    const [made, held] = await page.evaluate(() => [
      globalThis.bitmapsMade,
      globalThis.bitmapsMade - globalThis.bitmapsClosed,
    ])
    return {
      page: privateBytes(rendering),
      reading: privateBytes(reading),
      heap: usedSize,
      nodes,
      listeners: jsEventListeners,
      made,
      held,
    }
  }
  const series: Awaited<ReturnType<typeof sample>>[] = []
  const map = page.getByTestId('overview')
  const box = (await map.boundingBox())!
  const random = seeded(SEED)
  let warm: Awaited<ReturnType<typeof sample>> | null = null
  let most = 0
  let shown = 0
  const start = performance.now()
  const elapsed = () => (performance.now() - start) / 1000
  while (elapsed() < SECONDS || (shown < TILES && elapsed() < MOST_SECONDS)) {
    await page.mouse.click(
      box.x + 4 + integerBelow(random, box.width - 8),
      box.y + 4 + integerBelow(random, box.height - 8),
    )
    await page.waitForTimeout(100)
    most = Math.max(most, residentBytes(reading))
    shown = await page.evaluate(() => globalThis.bitmapsMade)
    if (!warm && shown >= WARM_TILES) {
      series.push((warm = await sample()))
      console.error(inWords(warm))
    } else if (warm && shown >= series.at(-1)!.made + EVERY) {
      series.push(await sample())
      console.error(inWords(series.at(-1)!))
    }
  }
  if (!warm) throw new Error(`only ${shown} tiles were shown in ${elapsed().toFixed(0)} s, too few to speak of growth`)
  const end = await sample()
  series.push(end)
  const seconds = elapsed()
  // what belongs to the slide goes with it
  await page.getByRole('option', { name: /pcam_composite_demo/ }).click()
  await window.ready()
  await page.waitForTimeout(2000)
  const left = await sample()
  const since = warm
  const grown = (which: 'page' | 'reading') => (end[which] - since[which]) / MB
  print(
    'panning',
    [
      {
        what: `the reading process holds at most (wanted: under ${MOST_MB})`,
        unit: 'MB',
        ours: most / MB,
        peer: null,
        higherIsBetter: false,
      },
      {
        what: `it grew over the last ${shown - WARM_TILES} tiles by`,
        unit: 'MB',
        ours: grown('reading'),
        peer: null,
        higherIsBetter: false,
      },
      { what: 'the page grew by', unit: 'MB', ours: grown('page'), peer: null, higherIsBetter: false },
      { what: 'the page holds', unit: 'MB', ours: end.page / MB, peer: null, higherIsBetter: false },
    ],
    null,
    [
      `${shown} tiles in ${seconds.toFixed(0)} s, jumps at 1 to 1 (seed ${SEED}); growth: private memory after a collection of garbage`,
      ...series.map(inWords),
      `with another slide: ${inWords(left)}`,
    ],
  )
} finally {
  await browser.close()
  await host.remove()
}

type Sample = {
  page: number
  reading: number
  heap: number
  nodes: number
  listeners: number
  made: number
  held: number
}

/** One line of the series. */
function inWords({ page: pageBytes, reading, heap, nodes, listeners, made, held }: Sample): string {
  const mb = (bytes: number) => `${(bytes / MB).toFixed(0)} MB`
  return `${made} tiles: page ${mb(pageBytes)} (JavaScript ${mb(heap)}, ${held} bitmaps not closed, ${nodes} nodes, ${listeners} listeners), reading process ${mb(reading)}`
}

declare global {
  /** In the page only. */
  var bitmapsMade: number
  var bitmapsClosed: number
}

/** Runs in the page: every tile becomes a bitmap, whatever draws it. */
function countBitmaps(): void {
  globalThis.bitmapsMade = 0
  globalThis.bitmapsClosed = 0
  const close = Reflect.get(ImageBitmap.prototype, 'close')
  ImageBitmap.prototype.close = function () {
    globalThis.bitmapsClosed++
    close.call(this)
  }
  const make = globalThis.createImageBitmap.bind(globalThis)
  globalThis.createImageBitmap = ((...args: Parameters<typeof make>) => {
    globalThis.bitmapsMade++
    return make(...args)
  }) as typeof createImageBitmap
}

/** The process that draws a page: the busiest renderer while the page is busy. */
async function rendererOf(busy: Page): Promise<number> {
  const session = await browser.newBrowserCDPSession()
  const times = async () => {
    const { processInfo } = await session.send('SystemInfo.getProcessInfo')
    return processInfo.filter(({ type }) => type === 'renderer')
  }
  const before = new Map((await times()).map(({ id, cpuTime }) => [id, cpuTime]))
  await busy.evaluate(() => {
    for (const end = performance.now() + 300; performance.now() < end;) continue
  })
  const after = await times()
  return after.reduce((best, each) =>
    each.cpuTime - (before.get(each.id) ?? 0) > best.cpuTime - (before.get(best.id) ?? 0) ? each : best,
  ).id
}
