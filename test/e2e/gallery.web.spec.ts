/** A patch set in the window: opened as a gallery, labelled by keys, undone, filtered, enlarged, lost and found again. */
import { cpSync, mkdirSync, renameSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { type Browser, expect, type Locator, test } from '@playwright/test'
import Database from 'better-sqlite3'
import sharp from 'sharp'
import { SAMPLE_PATCHES } from '../fixtures/samples.ts'
import type { TesseraWindow } from './tesseraWindow.ts'
import { launchBrowser, WebHost } from './webHost.ts'

test.describe.configure({ mode: 'serial' })

const DIGITS = 70_000

let browser: Browser
let host: WebHost
let window: TesseraWindow
let home: string

/** [patch, class] of the set, as they lie on the disk. */
function onDisk(): [number, number][] {
  const sqlite = new Database(path.join(host.project(), 'project.sqlite'), { readonly: true })
  const rows = sqlite
    .prepare(
      `SELECT patch, class FROM labels JOIN patch_sets ON patch_sets.source = labels.source WHERE name = 'nodes' ORDER BY patch`,
    )
    .raw()
    .all() as [number, number][]
  sqlite.close()
  return rows
}
const tumor = () => onDisk().filter(([, number]) => number === 1).length

/** As large as MNIST: a header, and 28 × 28 bytes for each digit. */
function writeDigits(): void {
  const head = (...numbers: number[]) => {
    const bytes = Buffer.alloc(4 * numbers.length)
    for (const [i, number] of numbers.entries()) bytes.writeUInt32BE(number, 4 * i)
    return bytes
  }
  const pixels = Buffer.alloc(DIGITS * 784)
  for (let i = 0; i < pixels.length; i++) pixels[i] = (i * 7 + Math.floor(i / 784) * 31) & 255
  writeFileSync(path.join(home, 'digits-images-idx3-ubyte'), Buffer.concat([head(2051, DIGITS, 28, 28), pixels]))
  const labels = Buffer.from(Uint8Array.from({ length: DIGITS }, (_, i) => i % 10))
  writeFileSync(path.join(home, 'digits-labels-idx1-ubyte'), Buffer.concat([head(2049, DIGITS), labels]))
}

test.beforeAll(async () => {
  host = new WebHost()
  home = path.join(host.data, 'home')
  mkdirSync(home)
  cpSync(SAMPLE_PATCHES, path.join(home, 'nodes'), { recursive: true })
  await sharp({ create: { width: 60, height: 96, channels: 3, background: 'pink' } })
    .png()
    .toFile(path.join(home, 'nodes', 'tumor', 'zz-odd.png'))
  writeFileSync(path.join(home, 'nodes', 'tumor', 'zzz-broken.png'), 'no picture')
  writeDigits()
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

const gallery = (name = 'nodes'): Locator => window.page.getByRole('listbox', { name: `Patches of ${name}` })
const card = (number: number): Locator =>
  window.page.getByRole('option', { name: new RegExp(`^Patch ${number.toLocaleString('en')},`) })
const counts = (): Locator => window.page.locator('.counts')

async function addPatches(item: RegExp): Promise<void> {
  const label = await window.stage('Label')
  const add = label.getByRole('button', { name: 'Add patches' })
  if (!(await add.isVisible())) await label.getByRole('button', { name: 'Patch sets' }).click()
  await add.click()
  await window.page.getByRole('menuitem', { name: item }).click()
}

async function choose(dialogName: string, entry: string | RegExp): Promise<void> {
  const dialog = window.page.getByRole('dialog', { name: dialogName })
  await dialog.getByRole('option', { name: entry }).click()
  await dialog
    .getByRole('button', { name: /^Choose/ })
    .last()
    .click()
}

test('a folder that is added is shown as a gallery; what does not fit is marked and said', async () => {
  await addPatches(/^Folder/)
  await choose('Choose a folder of patches', 'nodes')
  await expect(counts()).toContainText('202 of 202')
  await expect(counts()).toContainText('96 × 96 px, colour, folder')
  await expect(window.page.getByText('1 picture is not 96 × 96 px, 1 picture can not be read.')).toBeVisible()
  await expect(card(1).locator('img')).toBeVisible()
})

test('its labels are taken over, and each card has the frame of its class', async () => {
  await window.page.getByRole('button', { name: 'Take its labels over' }).first().click()
  await expect.poll(tumor).toBe(102)
  await expect(card(1)).toHaveAccessibleName('Patch 1, normal')
})

test('a key labels what is selected, as one step on the disk; undo takes it back and Delete clears', async () => {
  await card(1).click()
  await card(3).click({ modifiers: ['Shift'] })
  await expect(counts()).toContainText('3 patches selected')
  await window.press('1')
  await expect.poll(tumor).toBe(105)
  await expect(card(2)).toHaveAccessibleName('Patch 2, tumor, the set says normal')
  await window.undo()
  await expect.poll(tumor).toBe(102)
  await expect(card(2)).toHaveAccessibleName('Patch 2, normal')
  await window.press('Delete')
  await expect.poll(() => onDisk().length).toBe(199)
  await expect(card(2)).toHaveAccessibleName('Patch 2, no label, the set says normal')
  await window.undo()
  await expect.poll(() => onDisk().length).toBe(202)
})

test('a drag selects a rectangle of cards, and its class is given by the menu', async () => {
  const [from, to] = [await card(1).boundingBox(), await card(2).boundingBox()]
  const below = (await card(1).boundingBox())!.height + 10
  await window.page.mouse.move(from!.x + 30, from!.y + 30)
  await window.page.mouse.down()
  await window.page.mouse.move(to!.x + 30, to!.y + 30 + below, { steps: 5 })
  await window.page.mouse.up()
  await expect(counts()).toContainText('4 patches selected')
  await window.page.getByRole('button', { name: 'Label as' }).click()
  await window.page.getByRole('menuitem', { name: /tumor/ }).click()
  await expect.poll(tumor).toBe(106)
  await window.undo()
  await expect.poll(tumor).toBe(102)
})

test('the filter shows one class; a corrected patch stays until the list is gathered again', async () => {
  const filter = window.page.getByRole('combobox', { name: 'Which patches' })
  await filter.selectOption({ label: 'tumor (102)' })
  await expect(counts()).toContainText('102 of 202')
  await card(101).click()
  await window.press('2')
  await expect.poll(tumor).toBe(101)
  await expect(card(101)).toHaveAccessibleName('Patch 101, normal, the set says tumor')
  await window.page.getByRole('button', { name: /gather again/ }).click()
  await expect(counts()).toContainText('101 of 202')
  await filter.selectOption('changed')
  await expect(counts()).toContainText('1 of 202')
  await window.undo()
  await expect.poll(tumor).toBe(102)
  await filter.selectOption('all')
})

test('arrow keys go from card to card; Z looks closely, and says what the file is or why it can not be read', async () => {
  await gallery().focus()
  await window.press('Home')
  await window.press('ArrowRight')
  await window.press('z')
  const enlarged = window.page.getByRole('region', { name: 'Patch 2' })
  await expect(enlarged.getByText('96 × 96 px')).toBeVisible()
  await expect(enlarged.getByText('8 bits a value')).toBeVisible()
  await expect(enlarged.getByRole('img', { name: 'Patch 2' })).toBeVisible()
  await window.press('End')
  const broken = window.page.getByRole('region', { name: 'Patch 202' })
  await expect(broken.getByText('PATCH_SET_BROKEN')).toBeVisible()
  await expect(broken.getByText('left out: it can not be read')).toBeVisible()
  expect(await window.accessibilityProblems(), 'axe on the enlarged patch').toEqual([])
  await window.press('Escape')
  await expect(broken).toBeHidden()
  await expect(gallery()).toBeFocused()
})

test('axe finds nothing and nothing is cut, in light and in dark, at both sizes', async () => {
  for (const [width, height] of [
    [1280, 800],
    [1920, 1080],
  ] as const)
    for (const colorScheme of ['light', 'dark'] as const) {
      await window.page.setViewportSize({ width, height })
      await window.page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      expect(await window.accessibilityProblems(), `${width} px, ${colorScheme}`).toEqual([])
      expect(await window.layoutProblems(), `${width} px, ${colorScheme}`).toEqual([])
    }
  await window.page.setViewportSize({ width: 1280, height: 800 })
})

test('a folder that was moved is missed by name, and found again', async () => {
  renameSync(path.join(home, 'nodes'), path.join(home, 'moved nodes'))
  await window.page.reload()
  await window.ready()
  await window.page.getByRole('option', { name: /^nodes/ }).click()
  await expect(window.page.getByRole('heading', { name: 'Patch set not found' })).toBeVisible()
  await window.page.getByRole('button', { name: 'Find it again…' }).click()
  await choose('Choose a folder of patches', 'moved nodes')
  await expect(counts()).toContainText('202 of 202')
  await expect(card(1).locator('img')).toBeVisible()
  expect(tumor()).toBe(102)
})

test('seventy thousand digits: only cards in view are in the document, the last is one key away', async () => {
  await addPatches(/^IDX pair/)
  await choose('Choose an IDX file of images', /digits-images/)
  await choose('Choose an IDX file of labels', /digits-labels/)
  await expect(counts()).toContainText('70,000 of 70,000')
  await expect(card(1).locator('img')).toBeVisible()
  await card(1).click()
  await window.press('End')
  await expect(card(DIGITS).locator('img')).toBeVisible()
  expect(await gallery('digits').getByRole('option').count()).toBeLessThan(300)
  await window.press('PageUp')
  await window.press('Home')
  await expect(card(1)).toBeVisible()
})

test('large pictures make a list higher than its scroll bar: both ends are reached, the wheel moves by its own step', async () => {
  for (let i = 0; i < 12; i++) await window.press('+')
  const height = await gallery('digits')
    .locator('.all')
    .evaluate((all) => all.clientHeight)
  expect(height).toBe(8_000_000)
  await window.press('End')
  await expect(card(DIGITS).locator('img')).toBeVisible()
  await window.press('PageUp')
  await window.press('PageUp')
  const before = (await gallery('digits').getByRole('option', { selected: true }).boundingBox())!
  await gallery('digits').hover()
  await window.page.mouse.wheel(0, 60)
  await expect
    .poll(async () => (await gallery('digits').getByRole('option', { selected: true }).boundingBox())!.y)
    .toBe(before.y - 60)
  await window.press('Home')
  await expect(card(1)).toBeVisible()
  for (let i = 0; i < 12; i++) await window.press('-')
})

test('a slide that is chosen stands in place of the gallery, and the other way round', async () => {
  await window.page.getByRole('option', { name: /pcam_composite/ }).click()
  await window.ready()
  await expect(gallery('digits')).toBeHidden()
  await window.page.getByRole('option', { name: /^digits/ }).click()
  await expect(counts()).toContainText('70,000 of 70,000')
})
