/** The tissue mask in the window: ink and focus shown and left out, a brush, settings kept under a name. */
import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { type Browser, expect, type Locator, test } from '@playwright/test'
import Database from 'better-sqlite3'
import sharp from 'sharp'
import { CMU } from '../fixtures/samples.ts'
import type { TesseraWindow } from './tesseraWindow.ts'
import { launchBrowser, WebHost } from './webHost.ts'

test.describe.configure({ mode: 'serial' })

let browser: Browser
let host: WebHost
let window: TesseraWindow
let label: Locator

/** What is in force: [patch], 0 or 1; null = all patches. */
function inForce(): number | null {
  const sqlite = new Database(path.join(host.project(), 'project.sqlite'), { readonly: true })
  const row = sqlite
    .prepare(
      `SELECT masks.inside FROM grids JOIN slides ON slides.seq = grids.slide LEFT JOIN masks ON masks.seq = grids.mask
       WHERE slides.name = 'inked' AND grids.active = 1`,
    )
    .get() as { inside: Buffer | null } | undefined
  sqlite.close()
  if (!row?.inside) return null
  return [...row.inside].reduce((sum, byte) => sum + byte.toString(2).replaceAll('0', '').length, 0)
}

test.beforeAll(async () => {
  host = new WebHost()
  const home = path.join(host.data, 'home')
  mkdirSync(home)
  // real tissue with a stroke of green ink over it
  const { width, height } = await sharp(CMU, { page: 0 }).metadata()
  const pen = Buffer.from(
    `<svg width="${width}" height="${height}"><path d="M 300 500 Q 1200 900 1900 2400" fill="none" stroke="rgb(10,125,70)" stroke-opacity="0.85" stroke-width="230"/></svg>`,
  )
  await sharp(CMU, { page: 0 })
    .composite([{ input: pen }])
    .removeAlpha()
    .tiff({
      compression: 'jpeg',
      quality: 90,
      tile: true,
      tileWidth: 256,
      tileHeight: 256,
      pyramid: true,
      xres: 2004,
      yres: 2004,
    })
    .toFile(path.join(home, 'inked.tif'))
  host.environment = { HOME: home, USERPROFILE: home }
  await host.start()
  browser = await launchBrowser()
  window = await host.open(browser)
  await window.begin()
  await window.press('Control+o')
  const dialog = window.page.getByRole('dialog', { name: 'Add slides' })
  await dialog.getByRole('option', { name: /inked/ }).click()
  await dialog.getByRole('button', { name: /^Add/ }).last().click()
  await window.page.getByRole('option', { name: /inked/ }).click()
  await window.ready()
  label = (await window.stage('Label')).getByRole('region', { name: 'Tissue' })
})

test.afterAll(async () => {
  await browser.close()
  await host.remove()
})

test.afterEach(async ({ browserName: _ }, info) => {
  if (info.status !== info.expectedStatus) await window.page.screenshot({ path: info.outputPath('window.png') })
  expect(window.complaints, 'nothing went wrong in the page').toEqual([])
})

/** “91 of 117 patches count” */
async function counting(): Promise<number> {
  const text = await label.getByText(/patches count; the others are dimmed/).textContent()
  return Number(/([\d,]+) of/.exec(text!)![1]!.replaceAll(',', ''))
}

test('patches with green ink are counted and gone through, and left out as one step', async () => {
  await label.getByRole('button', { name: 'Find tissue…' }).click()
  await expect(label.getByText(/patches count; the others are dimmed/)).toBeVisible()
  const all = await counting()
  await label.getByRole('button', { name: /^Leave out/ }).click()
  const row = label.locator('[data-kind="green"]')
  await expect(row).toContainText(/\d+ with green ink/)
  const inked = Number(/(\d+) with/.exec((await row.textContent())!)![1])
  expect(inked).toBeGreaterThan(5)
  await row.getByRole('button', { name: 'Next patch with green ink' }).click()
  await row.getByRole('switch').click()
  await expect.poll(counting).toBe(all - inked)
  expect(inForce()).toBeNull()
  await label.getByRole('button', { name: 'Apply' }).click()
  await expect.poll(inForce).toBe(all - inked)
  await window.undo()
  await expect.poll(inForce).toBeNull()
  await window.press('Control+y')
  await expect.poll(inForce).toBe(all - inked)
})

test('the focus is measured by a job, and then there is a threshold to move', async () => {
  await label.getByRole('button', { name: 'Change…' }).click()
  await label.getByRole('button', { name: /^Leave out/ }).click()
  await label.getByRole('button', { name: 'Measure focus' }).click()
  await expect(label.getByText('Least sharpness')).toBeVisible()
  await expect(label.getByRole('button', { name: 'Measure focus' })).toHaveCount(0)
})

test('settings are kept under a name, and new masks begin with them', async () => {
  await label.getByRole('button', { name: 'Save as…' }).click()
  await label.getByRole('textbox', { name: 'Name of the settings' }).fill('Without green')
  await label.getByRole('button', { name: 'Save', exact: true }).click()
  await label.getByRole('button', { name: 'For new masks' }).click()
  await expect(label.getByRole('combobox', { name: 'Settings' })).toHaveValue('named Without green')
  await label.getByRole('combobox', { name: 'Settings' }).selectOption('built-in')
  await expect(label.getByText('nothing', { exact: true })).toBeVisible()
  await label.getByRole('button', { name: 'Cancel' }).click()
  await label.getByRole('button', { name: 'Remove' }).click()
  await label.getByRole('button', { name: 'Find tissue…' }).click()
  await expect(label.getByRole('combobox', { name: 'Settings' })).toHaveValue('named Without green')
  await label.getByRole('button', { name: 'Apply' }).click()
  await expect.poll(inForce).not.toBeNull()
})

test('a stroke of the brush takes patches out of the tissue, is one step, and is forgotten on demand', async () => {
  const before = inForce()!
  await window.fit()
  await window.press('Shift+T')
  const box = (await window.viewer.boundingBox())!
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2]
  await window.page.mouse.move(x - 60, y - 80)
  await window.page.mouse.down()
  await window.page.mouse.move(x + 60, y - 80, { steps: 8 })
  await window.page.mouse.up()
  await expect.poll(inForce).toBeLessThan(before)
  const painted = inForce()!
  await expect(label.getByText(`${before - painted} patches changed by hand`)).toBeVisible()
  await window.undo()
  await expect.poll(inForce).toBe(before)
  await window.press('Control+y')
  await expect.poll(inForce).toBe(painted)
  await label.getByRole('button', { name: 'Forget hand changes' }).click()
  await expect.poll(inForce).toBe(before)
  await window.press('B')
})
