/** Slides, grids, masks and projects in the window: what is asked, what is refused, what is found again. */
import { copyFileSync, mkdirSync, renameSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { type Browser, expect, test } from '@playwright/test'
import Database from 'better-sqlite3'
import sharp from 'sharp'
import { CMU, MOSAIC_FILE } from '../fixtures/samples.ts'
import type { TesseraWindow } from './tesseraWindow.ts'
import { launchBrowser, WebHost } from './webHost.ts'

test.describe.configure({ mode: 'serial' })

let browser: Browser
let host: WebHost
let window: TesseraWindow
let home: string

const sql = <T>(query: string): T[] => {
  const sqlite = new Database(path.join(host.project(), 'project.sqlite'), { readonly: true })
  const rows = sqlite.prepare(query).all() as T[]
  sqlite.close()
  return rows
}

test.beforeAll(async () => {
  host = new WebHost()
  home = path.join(host.data, 'home')
  mkdirSync(home)
  writeFileSync(path.join(home, 'notes.svs'), 'dear diary')
  // 25,400 µm at 72 dpi: what programs write that know nothing of the scanner
  await sharp(MOSAIC_FILE)
    .resize(1344)
    .tiff({ compression: 'jpeg', tile: true, tileWidth: 256, tileHeight: 256, xres: 2.83, yres: 2.83 })
    .toFile(path.join(home, 'no scale Ä 🔬.tif'))
  host.environment = { HOME: home, USERPROFILE: home }
  await host.start()
  browser = await launchBrowser()
  window = await host.open(browser)
  await window.begin()
})

test.afterAll(async () => {
  await browser.close()
  await host.remove()
})

test.afterEach(async ({ browserName: _ }, info) => {
  if (info.status !== info.expectedStatus) await window.page.screenshot({ path: info.outputPath('window.png') })
  expect(window.complaints, 'nothing went wrong in the page').toEqual([])
})

async function addFromBrowser(...names: RegExp[]): Promise<void> {
  await window.press('Control+o')
  const dialog = window.page.getByRole('dialog', { name: 'Add slides' })
  for (const name of names) await dialog.getByRole('option', { name }).click({ modifiers: ['Control'] })
  await dialog.getByRole('button', { name: /^Add/ }).last().click()
}

test('a text file called .svs is refused by name with its reason, and the slide beside it is added', async () => {
  await addFromBrowser(/notes\.svs/, /no scale/)
  // the slide asks for its scale; the refusal stays to be read
  await window.page.getByRole('dialog', { name: 'µm/px' }).getByRole('button', { name: 'Later' }).click()
  await expect(window.page.getByText(/notes\.svs.*is not a/).first()).toBeVisible()
  await expect(window.page.getByText('SLIDE_NOT_A_SLIDE').first()).toBeVisible()
  await expect(window.page.getByRole('option', { name: /no scale Ä 🔬/ })).toBeVisible()
})

test('an implausible µm/px is asked for, and stored with who said it', async () => {
  await window.page.getByRole('option', { name: /no scale Ä 🔬/ }).click()
  await window.ready()
  await (await window.stage('Label')).getByRole('button', { name: 'Say µm/px…' }).click()
  const dialog = window.page.getByRole('dialog').filter({ hasText: 'no microscope scan has' })
  await dialog.getByRole('spinbutton', { name: 'One pixel is' }).fill('1.94')
  await dialog.getByRole('button', { name: 'Save' }).click()
  await expect
    .poll(() =>
      sql<{ mpp_x: number; mpp_source: string }>(`SELECT mpp_x, mpp_source FROM slides WHERE name LIKE 'no scale%'`),
    )
    .toEqual([{ mpp_x: 1.94, mpp_source: expect.stringContaining('Anna Berg') }])
  await expect(window.page.getByText(/1\.94 µm\/px/).first()).toBeVisible()
})

test('the tissue mask is previewed, put in force as one step, and taken back', async () => {
  await window.page.getByRole('option', { name: /pcam_composite_demo/ }).click()
  await window.ready()
  const label = await window.stage('Label')
  await label.getByRole('button', { name: 'Find tissue…' }).click()
  await expect(label.getByText(/of 672/).first()).toBeVisible()
  await label.getByRole('button', { name: /^(Apply|Use)/ }).click()
  await expect
    .poll(() => sql<{ n: number }>('SELECT count(*) AS n FROM grids WHERE mask IS NOT NULL'))
    .toEqual([{ n: 1 }])
  await window.undo()
  await expect
    .poll(() => sql<{ n: number }>('SELECT count(*) AS n FROM grids WHERE mask IS NOT NULL'))
    .toEqual([{ n: 0 }])
})

test('a second window on the same project can look, is told who has it, and can change nothing', async () => {
  const second = new WebHost(host.data)
  await second.start()
  const looking = await second.open(browser)
  await looking.ready()
  await expect(looking.page.getByText(/Opened for reading only: Tessera in the browser \(process \d+/)).toBeVisible()
  await expect(looking.page.getByRole('button', { name: 'Add slides' })).toBeDisabled()
  await looking.fit()
  await looking.click([10, 10])
  await looking.page.waitForTimeout(300)
  expect(sql<{ n: number }>('SELECT count(*) AS n FROM labels')).toEqual([{ n: 0 }])
  await looking.page.close()
  await second.stop()
})

test('a slide whose file was moved says so, and is found again where the person says', async () => {
  const moved = path.join(home, 'elsewhere')
  mkdirSync(moved)
  await window.page.close()
  await host.stop()
  copyFileSync(CMU, path.join(moved, 'renamed.svs'))
  renameSync(path.join(home, 'no scale Ä 🔬.tif'), path.join(moved, 'found.tif'))
  await host.start()
  window = await host.open(browser)
  await window.ready()
  await window.page.getByRole('option', { name: /no scale Ä 🔬/ }).click()
  await window.page.getByRole('button', { name: /Find/ }).first().click()
  const dialog = window.page.getByRole('dialog')
  await dialog.getByRole('option', { name: /elsewhere/ }).dblclick()
  await dialog.getByRole('option', { name: /found\.tif/ }).click()
  await dialog
    .getByRole('button', { name: /Choose|Open|Find|Use/ })
    .last()
    .click()
  await window.ready()
  await expect
    .poll(() => sql<{ absolute_path: string }>(`SELECT absolute_path FROM slides WHERE name LIKE 'no scale%'`))
    .toEqual([{ absolute_path: path.join(moved, 'found.tif') }])
})

test('a slide named on the command line is added to the project', async () => {
  const file = path.join(home, 'from the command line.tif')
  await sharp(MOSAIC_FILE)
    .resize(1000)
    .tiff({ compression: 'jpeg', tile: true, tileWidth: 256, tileHeight: 256, xres: 1000, yres: 1000 })
    .toFile(file)
  await window.page.close()
  await host.stop()
  await host.start(file)
  window = await host.open(browser)
  await window.ready()
  await window.page.getByRole('option', { name: /from the command line/ }).click()
  await window.ready()
  await expect(window.page.getByRole('button', { name: '1.00 µm/px (file)' })).toBeVisible()
})
