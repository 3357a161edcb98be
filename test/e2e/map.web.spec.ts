/** The map of the sample project: made from features, hovered, lassoed, labelled in one step, and a UMAP of it. */
import path from 'node:path'
import { type Browser, expect, type Locator, test } from '@playwright/test'
import Database from 'better-sqlite3'
import type { TesseraWindow } from './tesseraWindow.ts'
import { launchBrowser, WebHost } from './webHost.ts'

test.describe.configure({ mode: 'serial' })

const PATCHES = 672

let browser: Browser
let host: WebHost
let window: TesseraWindow

test.beforeAll(async () => {
  host = new WebHost()
  await host.start()
  browser = await launchBrowser('--enable-unsafe-swiftshader')
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

const pane = (): Locator => window.page.getByRole('region', { name: 'Map' })
const plot = (): Locator => window.page.getByTestId('map-plot')
const hover = (): Locator => window.page.getByTestId('map-hover')

function labelsOnDisk(): number {
  const sqlite = new Database(path.join(host.project(), 'project.sqlite'), { readonly: true })
  const count = sqlite.prepare('SELECT count(*) FROM labels WHERE class = 1').pluck().get() as number
  sqlite.close()
  return count
}

/** Goes around a rectangle of the plot, given in shares of its edges. */
async function goAround([left, top, right, bottom]: readonly [number, number, number, number]): Promise<void> {
  const box = (await plot().boundingBox())!
  const to = (x: number, y: number) =>
    window.page.mouse.move(box.x + x * box.width, box.y + y * box.height, { steps: 8 })
  await to(left, top)
  await window.page.mouse.down()
  await to(right, top)
  await to(right, bottom)
  await to(left, bottom)
  await to(left, top)
  await window.page.mouse.up()
}

/** How many points are selected, as the map says. */
async function selected(): Promise<number> {
  const said = await pane().getByRole('status').first().innerText()
  return Number(/^([\d,]+) patch(?:es)? selected/.exec(said)?.[1]?.replaceAll(',', '') ?? 0)
}

test('without an encoder the map says what it needs, and leads there', async () => {
  await window.press('Shift+M')
  await expect(pane().getByText('No encoder yet')).toBeVisible()
  await pane().getByRole('button', { name: 'Go to Features' }).click()
  const features = window.page.getByRole('tabpanel', { name: 'Features' })
  await features.getByRole('button', { name: 'Add an encoder…' }).click()
  const dialog = window.page.getByRole('dialog', { name: 'Add an encoder' })
  await dialog.getByRole('button', { name: 'Add', exact: true }).click()
  await expect(dialog).toBeHidden()
  await expect(pane().getByText('No features yet')).toBeVisible({ timeout: 60_000 })
})

test('with features every patch is a point, at once', async () => {
  await pane().getByRole('button', { name: 'Extract features' }).click()
  await expect(plot()).toHaveAttribute('data-points', String(PATCHES), { timeout: 110_000 })
  await expect(pane().getByRole('status').first()).toContainText(`${PATCHES} patches ·`)
  await expect(pane().getByRole('figure', { name: 'Colours: Label' })).toContainText(`No label${PATCHES}`)
})

test('the pointer on a point shows its patch, and a click goes there on the slide', async () => {
  const box = (await plot().boundingBox())!
  // somewhere along a line through the middle there is a point
  for (let x = 0.1; x < 0.9 && !(await hover().isVisible()); x += 0.02)
    await window.page.mouse.move(box.x + x * box.width, box.y + box.height / 2)
  await expect(hover().locator('img')).toBeVisible()
  await expect(hover()).toContainText('No label')
  const before = await window.viewer.getAttribute('data-zoom')
  await window.page.mouse.down()
  await window.page.mouse.up()
  await expect.poll(selected).toBe(1)
  await expect.poll(() => window.viewer.getAttribute('data-zoom')).not.toBe(before)
})

test('a lasso selects many, a class key labels them, and one undo takes all of it back', async () => {
  await window.page.keyboard.down('Shift')
  await goAround([0.05, 0.1, 0.5, 0.9])
  await window.page.keyboard.up('Shift')
  await expect.poll(selected).toBeGreaterThan(20)
  const many = await selected()
  expect(many).toBeLessThan(PATCHES)
  await window.press('1')
  await expect.poll(labelsOnDisk).toBe(many)
  // The disk knows of a step before the window does, which takes the next one only then.
  const legend = pane().getByRole('figure', { name: 'Colours: Label' })
  await expect(legend).toContainText(`tumor${many}`)
  await window.undo()
  await expect(legend).not.toContainText('tumor')
  expect(labelsOnDisk()).toBe(0)
  await window.redo()
  await expect(legend).toContainText(`tumor${many}`)
  expect(labelsOnDisk()).toBe(many)
  await window.undo()
  await expect.poll(labelsOnDisk).toBe(0)
  await plot().focus()
  await window.press('Escape')
  await expect.poll(selected).toBe(0)
})

test('with Ctrl a second lasso adds to the first, and the menu labels both', async () => {
  await pane()
    .getByRole('button', { name: /^Lasso/ })
    .click()
  await goAround([0.0, 0.1, 0.4, 0.9])
  await expect.poll(selected).toBeGreaterThan(0)
  const first = await selected()
  await window.page.keyboard.down('Control')
  await goAround([0.6, 0.1, 1.0, 0.9])
  await window.page.keyboard.up('Control')
  await expect.poll(selected).toBeGreaterThan(first)
  const both = await selected()
  await pane().getByRole('button', { name: 'Label as' }).click()
  await window.page.getByRole('menuitem', { name: /tumor/ }).click()
  await expect.poll(labelsOnDisk).toBe(both)
  await window.undo()
  await expect.poll(labelsOnDisk).toBe(0)
  await pane()
    .getByRole('button', { name: /^Lasso/ })
    .click()
})

test('a UMAP is a job, and is there afterwards', async () => {
  await pane().getByRole('radio', { name: 'UMAP' }).click()
  await pane().getByRole('button', { name: 'Make the UMAP' }).click()
  await expect(plot()).toHaveAttribute('data-points', String(PATCHES), { timeout: 110_000 })
  await pane().getByRole('combobox', { name: 'Colour' }).selectOption('slide')
  await expect(pane().getByRole('figure', { name: 'Colours: Slide' })).toContainText(String(PATCHES))
  expect(await window.layoutProblems()).toEqual([])
  expect(await window.accessibilityProblems()).toEqual([])
})

test('Escape closes the map, and the slide has its room again', async () => {
  await plot().focus()
  await window.press('Escape')
  await window.press('Escape')
  await expect(pane()).toBeHidden()
})

test('without WebGL 2 the map says so, and the rest of the window works', async () => {
  const bare = await launchBrowser('--disable-3d-apis')
  try {
    const other = await host.open(bare)
    await other.ready()
    await other.press('Shift+M')
    await expect(other.page.getByRole('heading', { name: 'WebGL 2 is missing' })).toBeVisible()
    await other.press('Shift+M')
    await expect(other.page.getByRole('region', { name: 'Map' })).toBeHidden()
  } finally {
    await bare.close()
  }
})
