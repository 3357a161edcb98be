/**
 * Takes every screen, in light and in dark, after a short morning's work on the sample project, and then what goes wrong
 * and what is very large over made-up data: for docs/images, and to be looked at. Run it with `npm run screenshots` after
 * the window has changed.
 */
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import sharp from 'sharp'
import type { TesseraWindow } from '../e2e/tesseraWindow.ts'
import { cellsOf } from '../e2e/truth.ts'
import { FakeWindowHost, type SceneName } from '../e2e/fakeWindow.ts'
import { launchBrowser, WebHost } from '../e2e/webHost.ts'
import { SAMPLE_PATCHES } from '../fixtures/samples.ts'

/** A picture in the repository is no larger than this. */
const MOST_BYTES = 250_000

const out = path.resolve(import.meta.dirname, '../../docs/images')
mkdirSync(out, { recursive: true })

const host = new WebHost()
const made = new FakeWindowHost()
const browser = await launchBrowser()
let scheme: 'light' | 'dark' = 'light'

async function take(window: TesseraWindow, name: string): Promise<void> {
  await window.page.mouse.move(5, 300)
  await window.page.waitForTimeout(700)
  const file = path.join(out, `${name}-${scheme}.jpg`)
  const taken = await window.page.screenshot()
  for (let quality = 82; ; quality -= 6) {
    const jpeg = await sharp(taken).jpeg({ quality, mozjpeg: true }).toBuffer()
    if (jpeg.length > MOST_BYTES && quality > 40) continue
    writeFileSync(file, jpeg)
    console.log(`${path.relative(process.cwd(), file)}, ${Math.round(jpeg.length / 1000)} kB`)
    return
  }
}

async function both(window: TesseraWindow, name: string): Promise<void> {
  for (scheme of ['light', 'dark'] as const) {
    await window.page.emulateMedia({ colorScheme: scheme })
    await take(window, name)
  }
}

/** A made-up world, in both schemes. */
async function bothOf(
  world: SceneName,
  name: string,
  prepare: (window: TesseraWindow) => Promise<unknown> = () => Promise.resolve(),
): Promise<void> {
  for (scheme of ['light', 'dark'] as const) {
    const window = await made.open(browser, world, { scheme })
    await window.page.waitForTimeout(1500)
    await prepare(window)
    await take(window, name)
    await window.page.context().close()
  }
}

/** The sample patches as a set, with their own labels, the model's opinion, and three that are corrected. */
async function showGallery(window: TesseraWindow): Promise<void> {
  const { page } = window
  const label = await window.stage('Label')
  const add = label.getByRole('button', { name: 'Add patches' })
  if (!(await add.isVisible())) await label.getByRole('button', { name: 'Patch sets' }).click()
  await add.click()
  await page.getByRole('menuitem', { name: /^Folder/ }).click()
  const dialog = page.getByRole('dialog', { name: 'Choose a folder of patches' })
  await dialog.getByRole('option', { name: 'lymph nodes' }).click()
  await dialog
    .getByRole('button', { name: /^Choose/ })
    .last()
    .click()
  await page.getByRole('button', { name: 'Take its labels over' }).first().click()
  await page.getByRole('option', { name: 'Patch 1, normal' }).waitFor()
  const results = await window.stage('Results')
  await results.getByRole('button', { name: 'Predict this set' }).click()
  await page.getByTestId('jobs').getByText('No jobs').waitFor({ timeout: 120_000 })
  await window.stage('Label')
  await page.getByRole('combobox', { name: 'Order' }).selectOption('unsure')
  await page
    .getByRole('option', { name: /^Patch/ })
    .nth(2)
    .click()
  await page
    .getByRole('option', { name: /^Patch/ })
    .nth(4)
    .click({ modifiers: ['Shift'] })
  await window.press('1')
}

/** Every view of the inside of the model, on the patch amid the slide. */
async function showInside(window: TesseraWindow): Promise<void> {
  const { page } = window
  await page.getByRole('button', { name: 'Look inside…' }).click()
  const views = { layers: 'Layers', maps: 'Feature maps', saliency: 'What speaks for a class', window: 'One window' }
  for (const [name, tab] of Object.entries(views)) {
    await page.getByRole('tab', { name: tab }).click()
    if (name === 'saliency') await page.getByTestId('map-legend').waitFor({ timeout: 60_000 })
    await both(window, `inside-${name}`)
  }
  await window.press('Escape')
}

const home = path.join(host.data, 'home')
cpSync(SAMPLE_PATCHES, path.join(home, 'lymph nodes'), { recursive: true })
host.environment = { HOME: home, USERPROFILE: home }

try {
  await host.start('--reason', 'this machine has no display')
  const window = await host.open(browser)
  const { page } = window
  await page.getByLabel('Your name').waitFor()
  await both(window, 'welcome')
  await window.begin()
  await both(window, 'first-steps')
  for (const stage of ['Train', 'Review', 'Inspect', 'Results'] as const) {
    await window.stage(stage)
    await both(window, `${stage.toLowerCase()}-empty`)
  }
  await window.stage('Label')
  await window.fit()
  for (const label of ['tumor', 'normal'] as const) {
    await window.choose(label)
    for (const cell of cellsOf(label).slice(0, 40)) await window.click(cell)
  }
  await both(window, 'label')
  const label = await window.stage('Label')
  await label.getByRole('button', { name: 'Find tissue…' }).click()
  await label
    .getByText(/of 672/)
    .first()
    .waitFor()
  await both(window, 'label-tissue')
  await label.getByRole('button', { name: /^(Apply|Use)/ }).click()

  const train = await window.stage('Train')
  await train.getByText('Held out by blocks').waitFor()
  await both(window, 'train-settings')
  await train.getByRole('spinbutton', { name: 'minutes' }).fill('1')
  await train.getByRole('button', { name: 'Train', exact: true }).click()
  await train
    .getByText(/patches\/s/)
    .first()
    .waitFor({ timeout: 120_000 })
  // until the curves have a shape
  await page.waitForTimeout(12_000)
  await both(window, 'train-running')
  await page.getByTestId('jobs').getByText('No jobs').waitFor({ timeout: 180_000 })
  await both(window, 'train-done')

  const results = await window.stage('Results')
  await results.getByRole('button', { name: 'Predict this slide' }).click()
  await page.getByTestId('jobs').getByText('No jobs').waitFor({ timeout: 120_000 })
  await results.getByRole('button', { name: 'CSV', exact: true }).click()
  await both(window, 'results')
  await window.stage('Review')
  await page.getByRole('button', { name: /^Accept (tumor|normal)/ }).waitFor()
  await window.press('Enter')
  await both(window, 'review')
  await window.stage('Inspect')
  await both(window, 'inspect')
  await showInside(window)
  await window.press('F1')
  await both(window, 'keys')
  await window.press('Escape')
  await window.press('Control+k')
  await both(window, 'commands')
  await window.press('Escape')
  await page.getByTestId('jobs').click()
  await both(window, 'jobs')
  await window.press('Escape')

  await window.stage('Results')
  await page.setViewportSize({ width: 1920, height: 1080 })
  await window.fit()
  await both(window, 'results-1920')

  await page.setViewportSize({ width: 1280, height: 800 })
  await showGallery(window)
  await both(window, 'gallery')

  await made.start()
  await bothOf('failing', 'error', async (shown) => {
    await shown.hoverMiddle()
    await shown.press('1')
    await shown.page.getByText('DISK_FULL').waitFor()
  })
  await bothOf('troubled', 'slide-missing', (shown) => shown.page.getByRole('option', { name: /0002/ }).click())
  await bothOf('troubled', 'mpp', async (shown) => {
    await shown.page.getByRole('option', { name: /0004/ }).click()
    await (await shown.stage('Label')).getByRole('button', { name: 'Say µm/px…' }).click()
  })
  await bothOf('none', 'project-broken')
  await bothOf('readonly', 'read-only', (shown) => shown.stage('Results'))
  await bothOf('full', 'full', async (shown) => {
    await shown.stage('Results')
    await shown.page.getByTestId('summary').waitFor({ timeout: 60_000 })
  })
} finally {
  await browser.close()
  await host.remove()
  await made.remove()
}
