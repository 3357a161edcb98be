/** Live mode in a real browser on the sample project: an encoder, its features, and an overlay that follows the labels. */
import { type Browser, expect, type Locator, test } from '@playwright/test'
import type { Cell, TesseraWindow } from './tesseraWindow.ts'
import { cellsOf } from './truth.ts'
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
})

test.afterAll(async () => {
  await browser.close()
  await host.remove()
})

test.afterEach(async ({ browserName: _ }, info) => {
  if (info.status !== info.expectedStatus) await window.page.screenshot({ path: info.outputPath('window.png') })
  expect(window.complaints, 'nothing went wrong in the page').toEqual([])
})

const features = (): Locator => window.page.getByRole('tabpanel', { name: 'Features' })
const learned = (): Locator => features().getByTestId('live-learned')

/** What the status bar says of the patch under the pointer: its predicted class and how sure that is. */
async function predictedAt(cell: Cell): Promise<string | null> {
  await window.hover(cell)
  const status = window.page.getByRole('contentinfo')
  await expect(status).toContainText(/predicted \w+/)
  return /predicted (\w+)/.exec(await status.innerText())?.[1] ?? null
}

/** Of some cells that nobody labelled, how many are predicted as they truly are. */
async function rightOf(cells: number): Promise<number> {
  let right = 0
  for (const name of ['tumor', 'normal'] as const)
    for (const cell of cellsOf(name).slice(-cells)) if ((await predictedAt(cell)) === name) right++
  return right / (2 * cells)
}

async function label(name: 'tumor' | 'normal', from: number, to: number): Promise<void> {
  for (const cell of cellsOf(name).slice(from, to)) {
    await window.hover(cell)
    await window.press(name === 'tumor' ? '1' : '2')
  }
}

test('live waits for features, and says so', async () => {
  await window.stage('Features')
  await expect(features().getByRole('switch', { name: 'Predict anew with every label' })).toBeDisabled()
  await expect(features().getByText('Extract features of what is open first.')).toBeVisible()
})

test('features of the sample slide are extracted by an encoder that comes with Tessera', async () => {
  await features().getByRole('button', { name: 'Add an encoder…' }).click()
  const dialog = window.page.getByRole('dialog', { name: 'Add an encoder' })
  await expect(dialog.getByText(/\d+ features of patches of 96 px/)).toBeVisible()
  await dialog.getByRole('button', { name: 'Add', exact: true }).click()
  await expect(dialog).toBeHidden({ timeout: 60_000 })
  await features().getByRole('button', { name: 'Extract features' }).click()
  await expect(features().getByText(/^672 patches have/)).toBeVisible({ timeout: 90_000 })
})

test('two labels are enough for a first overlay, and each label more changes it', async () => {
  await window.fit()
  await features().getByRole('switch', { name: 'Predict anew with every label' }).click()
  await expect(features().getByText('Label patches of two classes: none so far.')).toBeVisible()
  await label('tumor', 0, 1)
  await expect(features().getByText('Label patches of two classes: 1 tumor so far.')).toBeVisible()
  await label('normal', 0, 1)
  await expect(learned()).toContainText('Learned from 2 labels (1 tumor, 1 normal) in')
  await expect(window.page.getByTestId('legend')).toBeVisible()
})

test('with twelve labels of each class it tends to the truth of the mosaic, and says how well it does', async () => {
  await label('tumor', 1, 12)
  await label('normal', 1, 12)
  await expect(learned()).toContainText('Learned from 24 labels (12 tumor, 12 normal)')
  expect(await rightOf(8)).toBeGreaterThanOrEqual(0.75)
  await expect(features().getByTestId('live-held')).toContainText(
    'each predicted without the labels of its block of the slide',
  )
  await expect(features().getByRole('img', { name: /^Accuracy\. held out/ })).toBeVisible()
})

test('k is changed live, and other classifiers learn from the same labels', async () => {
  const k = features().getByRole('slider', { name: 'Neighbours that vote' })
  await k.focus()
  await window.press('ArrowLeft')
  await expect(features().getByTestId('live-k')).toHaveText('19')
  await expect(learned()).toContainText('24 labels')
  await features().getByRole('radio', { name: 'Linear' }).click()
  await expect(features().getByRole('img', { name: /^Accuracy\..* at L2/ })).toBeVisible()
  expect(await rightOf(5)).toBeGreaterThanOrEqual(0.7)
  await features().getByRole('radio', { name: 'Class means' }).click()
  await expect(features().getByRole('img', { name: /^Accuracy/ })).toBeHidden()
  expect(await rightOf(5)).toBeGreaterThanOrEqual(0.7)
  await features().getByRole('radio', { name: 'Neighbours' }).click()
  await expect(features().getByRole('img', { name: /^Accuracy\..* at k/ })).toBeVisible()
})

test('undo takes a label back from what is learned too', async () => {
  await window.undo()
  await expect(learned()).toContainText('Learned from 23 labels (12 tumor, 11 normal)')
  await window.redo()
  await expect(learned()).toContainText('Learned from 24 labels (12 tumor, 12 normal)')
})

test('live patches can be reviewed; what is decided is a label at once', async () => {
  const review = await window.stage('Review')
  await expect(review.getByRole('img', { name: 'The patch', exact: true })).toBeVisible()
  await window.press('Enter')
  await window.stage('Features')
  await expect(learned()).toContainText('Learned from 25 labels')
  await window.undo()
  await expect(learned()).toContainText('Learned from 24 labels')
})

test('exports say why live predictions are not in them, and switched off they are gone', async () => {
  const results = await window.stage('Results')
  await expect(results.getByText('Live predictions change with every label').first()).toBeVisible()
  await window.stage('Features')
  await features().getByRole('switch', { name: 'Predict anew with every label' }).click()
  await expect(window.page.getByTestId('legend')).toBeHidden()
  await expect(learned()).toBeHidden()
})
