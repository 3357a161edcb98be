/**
 * Takes every screen, in light and in dark, after a short morning's work on the sample project: for docs/images, and to
 * be looked at. Run it with `npm run screenshots` after the window has changed.
 */
import { mkdirSync } from 'node:fs'
import path from 'node:path'
import sharp from 'sharp'
import type { TesseraWindow } from '../e2e/tesseraWindow.ts'
import { cellsOf } from '../e2e/truth.ts'
import { launchBrowser, WebHost } from '../e2e/webHost.ts'

const out = path.resolve(import.meta.dirname, '../../docs/images')
mkdirSync(out, { recursive: true })

const host = new WebHost()
const browser = await launchBrowser()
let scheme: 'light' | 'dark' = 'light'

async function take(window: TesseraWindow, name: string): Promise<void> {
  await window.page.mouse.move(5, 300)
  await window.page.waitForTimeout(700)
  const file = path.join(out, `${name}-${scheme}.jpg`)
  await sharp(await window.page.screenshot())
    .jpeg({ quality: 82, mozjpeg: true })
    .toFile(file)
  console.log(path.relative(process.cwd(), file))
}

async function both(window: TesseraWindow, name: string): Promise<void> {
  for (scheme of ['light', 'dark'] as const) {
    await window.page.emulateMedia({ colorScheme: scheme })
    await take(window, name)
  }
}

try {
  await host.start('--reason', 'this machine has no display')
  const window = await host.open(browser)
  const { page } = window
  await page.getByLabel('Your name').waitFor()
  await both(window, 'welcome')
  await window.begin()
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
  await train.getByRole('spinbutton', { name: 'epochs' }).fill('12')
  await both(window, 'train-settings')
  await train.getByRole('button', { name: 'Train', exact: true }).click()
  await page.waitForTimeout(4000)
  await both(window, 'train-running')
  await page.getByTestId('jobs').getByText('No jobs').waitFor({ timeout: 180_000 })
  await both(window, 'train-done')

  const results = await window.stage('Results')
  await results.getByRole('button', { name: 'Predict this slide' }).click()
  await results.getByText('mm²').first().waitFor({ timeout: 60_000 })
  await results.getByRole('button', { name: 'CSV', exact: true }).click()
  await both(window, 'results')
  await window.stage('Review')
  await page
    .getByRole('button', { name: /^Accept / })
    .first()
    .waitFor()
  await window.press('Enter')
  await both(window, 'review')
  await window.stage('Inspect')
  await both(window, 'inspect')
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
} finally {
  await browser.close()
  await host.remove()
}
