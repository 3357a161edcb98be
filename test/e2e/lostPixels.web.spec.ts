/** Pixels that can not be had, in the window: tiles that are missing in the file, and a file whose drive goes away. */
import { mkdirSync, renameSync } from 'node:fs'
import path from 'node:path'
import { type Browser, expect, test } from '@playwright/test'
import sharp from 'sharp'
import { CUT, isMissing, writeCutSlide } from '../fixtures/cutSlide.ts'
import type { TesseraWindow } from './tesseraWindow.ts'
import { launchBrowser, WebHost } from './webHost.ts'

test.describe.configure({ mode: 'serial' })

let browser: Browser
let host: WebHost
let window: TesseraWindow
let share: string

test.beforeAll(async () => {
  host = new WebHost()
  share = path.join(host.data, 'share')
  mkdirSync(share)
  const { file } = await writeCutSlide(share)
  await host.start(file)
  browser = await launchBrowser()
  window = await host.open(browser)
  await window.begin()
  await window.page.getByRole('option', { name: /^cut/ }).click()
  await window.ready()
})

test.afterAll(async () => {
  await browser.close()
  await host.remove()
})

/** Colours on the screen in the middle of each tile, once the view stands still. */
async function coloursOfTiles(): Promise<{ column: number; row: number; saturation: number; brightest: number }[]> {
  const viewer = window.page.locator('.viewer')
  const box = (await viewer.boundingBox())!
  const zoom = Number(await viewer.getAttribute('data-zoom'))
  const { data, info } = await sharp(await viewer.screenshot())
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true })
  const left = (box.width - CUT.width * zoom) / 2
  const top = (box.height - CUT.height * zoom) / 2
  const found = []
  for (let row = 0; row < CUT.rows; row++)
    for (let column = 0; column < CUT.columns; column++) {
      let [saturation, brightest] = [0, 0]
      // the upper third of a tile: the word stands in its middle
      for (let y = 0.1; y < 0.35; y += 0.02)
        for (let x = 0.1; x < 0.9; x += 0.02) {
          const px = Math.round(left + (column + x) * CUT.tile * zoom)
          const py = Math.round(top + (row + y) * CUT.tile * zoom)
          const [r, g, b] = data.subarray((py * info.width + px) * 3, (py * info.width + px) * 3 + 3)
          saturation = Math.max(saturation, Math.max(r!, g!, b!) - Math.min(r!, g!, b!))
          brightest = Math.max(brightest, r!)
        }
      found.push({ column, row, saturation, brightest })
    }
  return found
}

test('missing tiles are grey stripes, never white; the others are there, and the fault is named once', async () => {
  await window.press('f')
  await window.press('g') // the grid would lie over the tiles
  await expect(window.page.getByText('SLIDE_TILE_BROKEN').first()).toBeVisible()
  await window.page.waitForTimeout(500)
  await window.page.screenshot({ path: test.info().outputPath('missing.png') })
  await window.page.evaluate(() => {
    // what stands over the corners of the slide
    for (const corner of document.querySelectorAll<HTMLElement>('.corner')) corner.style.visibility = 'hidden'
  })
  await expect
    .poll(async () => (await coloursOfTiles()).filter(({ saturation }) => saturation < 12).length, { timeout: 15_000 })
    .toBe(9)
  for (const { column, row, saturation, brightest } of await coloursOfTiles())
    if (isMissing(column, row)) {
      expect(saturation, `${column}, ${row}`).toBeLessThan(12)
      expect(brightest, `${column}, ${row}`).toBeLessThan(200)
    } else expect(saturation, `${column}, ${row}`).toBeGreaterThan(60)
})

test('a folder that goes away makes the slide missing, and it is shown again by itself when it is back', async () => {
  test.setTimeout(90_000)
  const away = path.join(host.data, 'away')
  renameSync(share, away)
  await window.page.reload()
  await window.page.getByRole('option', { name: /^cut/ }).click()
  await expect(window.page.getByRole('heading', { name: 'File not found' })).toBeVisible({ timeout: 20_000 })
  await window.page.screenshot({ path: test.info().outputPath('away.png') })
  renameSync(away, share)
  await window.ready()
  await expect(window.page.getByRole('heading', { name: 'File not found' })).toBeHidden()
})
