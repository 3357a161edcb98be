/** How a slide is shown, in the pixels of the viewer: stains alone, brightness and contrast, kept and reset. */
import path from 'node:path'
import { type Browser, expect, test } from '@playwright/test'
import Database from 'better-sqlite3'
import sharp from 'sharp'
import { displayTable, SlideLook } from '../../src-shared/look.ts'
import type { TesseraWindow } from './tesseraWindow.ts'
import { launchBrowser, WebHost } from './webHost.ts'

test.describe.configure({ mode: 'serial' })

let browser: Browser
let host: WebHost
let window: TesseraWindow

test.beforeAll(async () => {
  host = new WebHost()
  await host.start()
  browser = await launchBrowser()
  window = await host.open(browser)
  await window.begin()
  await window.fit()
})

test.afterAll(async () => {
  await browser.close()
  await host.remove()
})

test.afterEach(async ({ browserName: _ }, info) => {
  if (info.status !== info.expectedStatus) await window.page.screenshot({ path: info.outputPath('window.png') })
  expect(window.complaints, 'nothing went wrong in the page').toEqual([])
})

/** What is drawn of tiles: how many px, how many of them are coloured, and the sum of all, to tell two pictures apart. */
const drawn = () =>
  window.page.evaluate(() => {
    const canvas = document.querySelector<HTMLCanvasElement>('.viewer .openseadragon-canvas canvas')!
    const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height)
    let [px, coloured, sum] = [0, 0, 0]
    for (let i = 0; i < data.length; i += 4) {
      if (data[i + 3] === 0) continue
      px++
      const [r, g, b] = [data[i]!, data[i + 1]!, data[i + 2]!]
      if (Math.max(r, g, b) - Math.min(r, g, b) > 3) coloured++
      sum = (sum + (i + 1) * (r + 3 * g + 7 * b)) % 1_000_000_007
    }
    return { px, coloured, sum }
  })

const looks = (key: string) => expect(window.viewer).toHaveAttribute('data-look', key)

/** What is drawn once nothing changes any more: the same three times, a quarter of a second apart. */
async function settled() {
  let before = await drawn()
  let times = 0
  await expect
    .poll(
      async () => {
        const now = await drawn()
        times = now.sum === before.sum && now.px > 0 ? times + 1 : 0
        before = now
        return times
      },
      { intervals: [250] },
    )
    .toBeGreaterThanOrEqual(2)
  return before
}

const panel = () => window.page.getByRole('dialog', { name: 'Look' })

test('one stain in greys leaves no coloured px on the screen, at once and after zooming', async () => {
  const colour = await settled()
  const zoom = await window.viewer.getAttribute('data-zoom')
  expect(colour.coloured).toBeGreaterThan(colour.px / 2)

  await window.press('l')
  await panel().getByRole('radio', { name: 'H', exact: true }).click()
  await panel().getByRole('switch', { name: 'In greys' }).click()
  await looks('haematoxylin-h-e-grey')
  // the very frame that says so, and every one after it
  expect((await drawn()).coloured).toBe(0)
  const grey = await settled()
  expect(await window.viewer.getAttribute('data-zoom'), 'the view stays where it is').toBe(zoom)
  expect(grey).toMatchObject({ px: colour.px, coloured: 0 })

  await window.press('+')
  await window.press('+')
  await settled()
  expect((await drawn()).coloured).toBe(0)
  await window.press('f')
  await expect.poll(async () => (await drawn()).sum).toBe(grey.sum)
})

test('looks that follow each other faster than tiles come end in the last one, and colour is what it was', async () => {
  await panel().getByRole('radio', { name: 'Colour', exact: true }).click()
  await looks('colour')
  const before = await settled()
  await window.press('Escape')
  for (let i = 0; i < 7; i++) await window.press('Shift+l')
  await looks('residual-h-e-grey')
  expect((await settled()).coloured).toBe(0)
  await window.press('Shift+l')
  await looks('colour')
  expect(await settled()).toEqual(before)
})

test('brightness and contrast change what is seen by the formula, and not the overlay', async () => {
  await window.press('g')
  await window.press('a')
  const box = (await window.viewer.boundingBox())!
  const area = { x: box.x + box.width / 2 - 60, y: box.y + box.height / 2 - 60, width: 120, height: 120 }
  await window.page.mouse.move(5, 300)
  const seen = async () =>
    sharp(await window.page.screenshot({ clip: area }))
      .removeAlpha()
      .raw()
      .toBuffer()
  const before = await seen()
  await window.press('l')
  const light = { brightness: 0.1, contrast: 2 ** 0.5 }
  await panel().getByRole('slider', { name: 'Brightness' }).focus()
  for (let i = 0; i < 10; i++) await window.press('ArrowRight')
  await panel().getByRole('slider', { name: 'Contrast' }).focus()
  for (let i = 0; i < 50; i++) await window.press('ArrowRight')
  await expect(panel().getByText('+10', { exact: true })).toBeVisible()
  await expect(panel().getByText('1.41', { exact: true })).toBeVisible()
  await window.press('Escape')
  const table = displayTable(SlideLook.parse(light))
  const after = await seen()
  let greatest = 0
  for (const [i, value] of before.entries()) greatest = Math.max(greatest, Math.abs(after[i]! - 255 * table[value]!))
  expect(greatest).toBeLessThan(1.5)
  // tiles are inside what is filtered, overlays are not
  expect(
    await window.page.evaluate(() => {
      const tiles = document.querySelector<HTMLElement>('.viewer .openseadragon-canvas')!
      return [
        tiles.style.filter !== '',
        [...document.querySelectorAll('.overlay-canvas')].some((each) => tiles.contains(each)),
      ]
    }),
  ).toEqual([true, false])
})

test('a look is kept in the project, comes back with the window, and Reset ends it', async () => {
  await window.press('Shift+l')
  await looks('haematoxylin-h-e-grey')
  const kept = () => {
    const sqlite = new Database(path.join(host.project(), 'project.sqlite'), { readonly: true })
    const rows = sqlite.prepare('SELECT look FROM slide_looks').pluck().all() as string[]
    sqlite.close()
    return rows.map((row) => JSON.parse(row) as SlideLook)
  }
  await expect
    .poll(kept)
    .toEqual([expect.objectContaining({ shown: 'haematoxylin', grey: true, brightness: expect.closeTo(0.1, 5) })])
  await window.page.reload()
  await window.ready()
  await looks('haematoxylin-h-e-grey')
  expect((await settled()).coloured).toBe(0)
  await expect(window.page.getByRole('button', { name: 'Look (not as stored)' })).toBeVisible()
  await window.press('l')
  await panel().getByRole('button', { name: 'Reset' }).click()
  await looks('colour')
  await expect.poll(kept).toEqual([SlideLook.parse({})])
  await expect(window.page.getByRole('button', { name: 'Look: brightness, contrast, stains' })).toBeVisible()
})

test('the panel is whole in a small and a large window, axe finds nothing, and the slide can be moved beside it', async () => {
  for (const viewport of [
    { width: 1280, height: 800 },
    { width: 1920, height: 1080 },
  ]) {
    await window.page.setViewportSize(viewport)
    await expect(panel()).toBeVisible()
    expect.soft(await window.layoutProblems()).toEqual([])
    expect.soft(await window.accessibilityProblems()).toEqual([])
  }
  const zoom = await window.viewer.getAttribute('data-zoom')
  await window.hoverMiddle()
  await window.page.mouse.wheel(0, -300)
  await expect.poll(() => window.viewer.getAttribute('data-zoom')).not.toBe(zoom)
  await expect(panel()).toBeVisible()
  await window.press('l')
  await expect(panel()).toBeHidden()
})
