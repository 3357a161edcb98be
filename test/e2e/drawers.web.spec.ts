/**
 * Both drawers of tiles, and the traps of OpenSeadragon that were measured: its batching loses tiles, a limit of its loader
 * slows it down, and blobs given to its WebGL drawer are never let go.
 */
import { type Browser, expect, test } from '@playwright/test'
import { FakeWindowHost } from './fakeWindow.ts'
import type { TesseraWindow } from './tesseraWindow.ts'
import { launchBrowser } from './webHost.ts'

// WebGL is computed by the processor here
test.setTimeout(300_000)

interface Counted {
  /** tiles and thumbnails that were made, and at most at once */
  made: number
  atOnce: number
  /** object URLs that are not let go */
  urls: number
}

let host: FakeWindowHost

test.beforeAll(async () => {
  host = new FakeWindowHost()
  await host.start()
})

test.afterAll(() => host.remove())

/** @param renderer what WebGL says draws it; null = as it is */
async function openLarge(browser: Browser, renderer: string | null): Promise<TesseraWindow> {
  return host.open(browser, 'full', {}, async (page) => {
    await page.addInitScript((name) => {
      const counted = { made: 0, atOnce: 0, urls: 0 }
      let now = 0
      Object.assign(globalThis, { counted })
      const { convertToBlob } = OffscreenCanvas.prototype
      OffscreenCanvas.prototype.convertToBlob = async function (...options) {
        now++
        counted.made++
        counted.atOnce = Math.max(counted.atOnce, now)
        try {
          return await convertToBlob.apply(this, options)
        } finally {
          now--
        }
      }
      const { createObjectURL, revokeObjectURL } = URL
      const living = new Set<string>()
      URL.createObjectURL = (blob) => {
        const url = createObjectURL.call(URL, blob)
        living.add(url)
        counted.urls = living.size
        return url
      }
      URL.revokeObjectURL = (url) => {
        living.delete(url)
        counted.urls = living.size
        revokeObjectURL.call(URL, url)
      }
      if (name === null) return
      const { getParameter } = WebGLRenderingContext.prototype
      WebGLRenderingContext.prototype.getParameter = function (parameter) {
        // UNMASKED_RENDERER_WEBGL
        return parameter === 0x9246 ? name : getParameter.call(this, parameter)
      }
    }, renderer)
  })
}

const counted = (window: TesseraWindow): Promise<Counted> =>
  window.page.evaluate(() => ({ ...(globalThis as unknown as { counted: Counted }).counted }))

/** Goes far away, and waits until a picture of the view can be saved: that is when every tile of it is drawn. */
async function jump(window: TesseraWindow, place: string): Promise<void> {
  await window.press('Control+g')
  await window.page.getByRole('textbox', { name: 'Place' }).fill(place)
  await window.press('Enter')
  const notice = window.page.getByTestId('saved-picture')
  if (await notice.isVisible()) await notice.getByRole('button', { name: 'Put away' }).click()
  await window.press('Alt+Shift+S')
  await expect(notice.getByRole('link')).toBeVisible({ timeout: 60_000 })
}

const places = Array.from({ length: 12 }, (_, i) => `${9000 + ((i * 37) % 12) * 6500}, ${2500 + ((i * 5) % 12) * 1100}`)

for (const [drawer, renderer] of [
  ['canvas', null],
  ['webgl', 'ANGLE (NVIDIA, NVIDIA GeForce RTX 4070)'],
] as const)
  test(`${drawer}: every tile of a jump arrives, many at once, and hundreds of them leave no object URL behind`, async () => {
    const browser = await launchBrowser('--enable-unsafe-swiftshader')
    const window = await openLarge(browser, renderer)
    await expect(window.page.locator('[data-drawer]')).toHaveAttribute('data-drawer', drawer)
    await window.page.getByRole('button', { name: '20x', exact: true }).click()
    for (const place of places.slice(0, 4)) await jump(window, place)
    const before = await counted(window)
    for (const place of places.slice(4)) await jump(window, place)
    const after = await counted(window)
    expect(after.made - before.made, 'tiles between the two counts').toBeGreaterThan(80)
    expect(after.urls - before.urls, 'object URLs that stayed').toBeLessThanOrEqual(1)
    expect(after.atOnce, 'tiles on their way at once: the loader has no limit').toBeGreaterThan(16)
    expect(await window.page.locator('.fault').count()).toBe(0)
    await browser.close()
  })

test('webgl: a picture of the view holds the tissue, which the canvas of WebGL itself would have lost', async () => {
  const browser = await launchBrowser('--enable-unsafe-swiftshader')
  const window = await openLarge(browser, 'ANGLE (NVIDIA, NVIDIA GeForce RTX 4070)')
  await window.page.evaluate(() => {
    const { toBlob } = HTMLCanvasElement.prototype
    HTMLCanvasElement.prototype.toBlob = function (...options) {
      const { data } = this.getContext('2d')!.getImageData(0, 0, this.width, this.height)
      const colours = new Set<number>()
      for (let i = 0; i < data.length; i += 4 * 97) colours.add((data[i]! << 16) | (data[i + 1]! << 8) | data[i + 2]!)
      Object.assign(globalThis, { colours: colours.size })
      toBlob.apply(this, options)
    }
  })
  await window.page.getByRole('button', { name: '20x', exact: true }).click()
  await jump(window, '30000, 9000')
  expect(await window.page.evaluate(() => (globalThis as unknown as { colours: number }).colours)).toBeGreaterThan(100)
  await browser.close()
})
