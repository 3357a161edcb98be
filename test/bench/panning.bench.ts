/**
 * Memory while a person moves about a slide of 50,000 × 50,000 px for two to three minutes, until 25,000 tiles were shown:
 * the most the reading process holds, and what it and the page have grown by since the first 2,500. In a real browser on
 * the web host.
 */
import type { Page } from '@playwright/test'
import { launchBrowser, WebHost } from '../e2e/webHost.ts'
import { integerBelow, seeded } from '../fixtures/random.ts'
import { print } from './bench.ts'
import { HUGE_EDGE, hugeSlide } from './hugeSlide.ts'
import { descendants, privateBytes, residentBytes } from './processTime.ts'

const SECONDS = 120
/** On a busy machine fewer tiles are shown by then; how many is told. */
const MOST_SECONDS = 180
/** The first ones fill what is kept on purpose. */
const WARM_TILES = 2500
const TILES = 25_000
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
    return { page: privateBytes(rendering), reading: privateBytes(reading) }
  }
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
    if (!warm && shown >= WARM_TILES) warm = await sample()
  }
  if (!warm) throw new Error(`only ${shown} tiles were shown in ${elapsed().toFixed(0)} s, too few to speak of growth`)
  const end = await sample()
  const seconds = elapsed()
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
    ],
  )
} finally {
  await browser.close()
  await host.remove()
}

declare global {
  /** In the page only. */
  var bitmapsMade: number
}

/** Runs in the page: every tile becomes a bitmap, whatever draws it. */
function countBitmaps(): void {
  globalThis.bitmapsMade = 0
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
