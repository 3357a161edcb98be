/**
 * A map of 100,489 points in a real browser (the window over made-up data): how long the window's thread is busy for one
 * frame while the map is zoomed at one place and out again at another, which moves it. Counted is all script of a frame:
 * the event, what the window makes of it, and the drawing; not what the graphics card does, which there is none of here.
 */
import { FakeWindowHost } from '../e2e/fakeWindow.ts'
import { launchBrowser } from '../e2e/webHost.ts'
import { type Figure, median, print, quantile } from './bench.ts'

const POINTS = 317 * 317

const host = new FakeWindowHost()
const browser = await launchBrowser('--enable-unsafe-swiftshader')
try {
  await host.start()
  const { page } = await host.open(browser, 'wide')
  await page.locator('[data-ready="true"]').waitFor()
  await page.evaluate(openMapInPage)
  await page.locator(`[data-testid="map-plot"][data-points="${POINTS}"]`).waitFor({ timeout: 120_000 })
  const figures: Figure[] = []
  for (const colour of ['class', 'confidence']) {
    await page.getByRole('combobox', { name: 'Colour' }).selectOption(colour)
    await page.waitForTimeout(3000)
    const { frames, hovers } = await page.evaluate(measureInPage)
    const figure = (what: string, ours: number): void =>
      void figures.push({ what: `${what}, coloured by ${colour}`, unit: 'ms', ours, peer: null, higherIsBetter: false })
    figure(`script of a frame (wanted: under 4), median of ${frames.length}`, median(frames))
    figure('script of a frame, 99 % of them', quantile(frames, 0.99))
    figure('a point found under the pointer, median', median(hovers))
  }
  print('map', figures, null, [
    `${POINTS.toLocaleString('en')} points; Chromium without a graphics card, 1280 × 800 px`,
  ])
} finally {
  await browser.close()
  await host.remove()
}

/** Runs in the page, as the next one: an encoder, its features of the open slide, and the map of them. */
async function openMapInPage(): Promise<void> {
  const app = (
    document.querySelector('#app') as unknown as {
      __vue_app__: { config: { globalProperties: { $pinia: { _s: Map<string, unknown> } } } }
    }
  ).__vue_app__
  const stores = app.config.globalProperties.$pinia._s
  const features = stores.get('features') as {
    openSource: string
    add(order: object): Promise<unknown>
    extract(sources: string[]): Promise<void>
  }
  await features.add({ from: { kind: 'shipped', key: 'made-up' }, words: {} })
  await features.extract([features.openSource])
  ;(stores.get('map') as { open: boolean }).open = true
}

async function measureInPage(): Promise<{ frames: number[]; hovers: number[] }> {
  const plot = document.querySelector<HTMLElement>('[data-testid="map-plot"]')!
  const box = plot.getBoundingClientRect()
  const before = window.requestAnimationFrame
  let drawing = 0
  let drawn = 0
  window.requestAnimationFrame = (callback) =>
    before((time) => {
      const start = performance.now()
      callback(time)
      drawing += performance.now() - start
      drawn++
    })
  /** Whatever the window does in answer is done when its promises are settled. */
  const settled = async (): Promise<void> => {
    for (let i = 0; i < 50; i++) await Promise.resolve()
  }
  const frames: number[] = []
  const STEPS = 200
  for (let step = 0; step < STEPS; step++) {
    const inwards = step % 2 === 0
    drawing = 0
    drawn = 0
    const start = performance.now()
    plot.dispatchEvent(
      new WheelEvent('wheel', {
        deltaY: inwards ? -200 : 200,
        clientX: box.left + box.width * (inwards ? 0.3 : 0.32),
        clientY: box.top + box.height / 2,
        bubbles: true,
        cancelable: true,
      }),
    )
    await settled()
    const answered = performance.now() - start
    await new Promise((resolve) => before(() => before(resolve)))
    if (drawn === 0) throw new Error('nothing was drawn')
    frames.push(answered + drawing)
  }
  window.requestAnimationFrame = before
  const hovers: number[] = []
  for (let step = 0; step < 100; step++) {
    const at = { clientX: box.left + 20 + step * 3, clientY: box.top + box.height / 2, bubbles: true }
    const start = performance.now()
    plot.dispatchEvent(new PointerEvent('pointermove', at))
    hovers.push(performance.now() - start)
    await new Promise((resolve) => before(resolve))
  }
  return { frames, hovers }
}
