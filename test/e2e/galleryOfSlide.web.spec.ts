/** The patches of a slide as cards, on the sample project: looked at beside the slide, labelled, accepted, suggested. */
import path from 'node:path'
import { type Browser, expect, type Locator, test } from '@playwright/test'
import Database from 'better-sqlite3'
import type { TesseraWindow } from './tesseraWindow.ts'
import { cellsOf } from './truth.ts'
import { launchBrowser, WebHost } from './webHost.ts'

test.describe.configure({ mode: 'serial' })

let browser: Browser
let host: WebHost
let window: TesseraWindow

/** Labels on the disk, of each class. */
function onDisk(): Record<number, number> {
  const sqlite = new Database(path.join(host.project(), 'project.sqlite'), { readonly: true })
  const rows = sqlite.prepare('SELECT class, count(*) AS n FROM labels GROUP BY class').all() as {
    class: number
    n: number
  }[]
  sqlite.close()
  return Object.fromEntries(rows.map((row) => [row.class, row.n]))
}
const total = (): number => Object.values(onDisk()).reduce((sum, n) => sum + n, 0)

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

const cards = (): Locator => window.page.getByRole('listbox', { name: /^Patches of pcam_composite/ })
const selected = (): Locator => cards().getByRole('option', { selected: true })
const counts = (): Locator => window.page.locator('.counts')
const order = (): Locator => window.page.getByRole('combobox', { name: 'Order', exact: true })

test('one key shows the patches of the slide as cards, with the slide beside them', async () => {
  await window.fit()
  for (const cell of cellsOf('tumor').slice(0, 12)) await window.click(cell)
  await window.press('2')
  for (const cell of cellsOf('normal').slice(0, 12)) await window.click(cell)
  await expect.poll(total).toBe(24)
  await window.press('Shift+G')
  await expect(counts()).toContainText('672 of 672')
  await expect(cards().getByRole('option').first().locator('img')).toBeVisible()
  await expect(window.viewer).toBeVisible()
  await window.ready()
})

test('the slide goes to the card that keys act from, and keeps its place while it is hidden', async () => {
  await cards().focus()
  await window.press('Home')
  const zoom = async () => Number(await window.viewer.getAttribute('data-zoom'))
  await expect.poll(zoom).toBeGreaterThan(0.9)
  await window.press('Alt+G')
  await expect(window.viewer).toBeHidden()
  await cards().focus()
  await window.press('ArrowRight')
  await expect(selected()).toHaveAccessibleName(/^Patch 2,/)
  await window.press('Alt+G')
  await window.ready()
  await expect.poll(zoom).toBeGreaterThan(0.9)
})

test('a model’s predictions stand on the cards: filtered by confidence, ordered by margin', async () => {
  test.setTimeout(240_000)
  await window.stage('Inspect')
  await window.page
    .getByRole('button', { name: /^Add to the project/ })
    .first()
    .click()
  await expect(window.page.getByRole('button', { name: 'Look inside…' })).toBeVisible()
  await window.press('Control+p')
  await expect(cards().getByRole('option').first()).toHaveAccessibleName(/predicted/, { timeout: 180_000 })
  await window.page.getByRole('button', { name: /^More filters/ }).click()
  await window.page.getByLabel('Confidence from').fill('0.9')
  await expect(counts()).not.toContainText('672 of 672')
  await window.page.getByRole('dialog').getByRole('button', { name: 'Show all' }).click()
  await expect(counts()).toContainText('672 of 672')
  await window.press('Escape')
  await order().selectOption('margin')
  await expect(cards().getByRole('option').first()).toHaveAccessibleName(/predicted \w+ 0\.5/)
})

test('Enter accepts one card and goes on; Shift+Enter all in sight as one step, and says how many', async () => {
  const before = total()
  await window.page.getByRole('combobox', { name: 'Which patches' }).selectOption('unlabelled')
  await cards().focus()
  await window.press('Home')
  await window.press('Enter')
  await expect.poll(total).toBe(before + 1)
  await window.press('Shift+Enter')
  const said = window.page.getByText(/predictions accepted/)
  await expect(said).toBeVisible()
  const accepted = Number((await said.innerText()).split(' ')[0])
  expect(accepted).toBeGreaterThan(3)
  await expect.poll(total).toBe(before + 1 + accepted)
  await expect(window.page.getByText(/100\s% of .* as predicted/)).toBeVisible()
  await window.undo()
  await expect.poll(total).toBe(before + 1)
  // what was taken back is selected, which must not happen in the midst of the next test
  await expect(counts()).toContainText(`${accepted} patches selected`)
})

test('the next patches are suggested, a key labels one and leads on, the next ones are others', async () => {
  await window.press('Shift+B')
  const batch = window.page.getByRole('group', { name: 'Suggested patches' })
  await expect(batch).toContainText('0 of 20 labelled')
  await expect(batch).toContainText('Without features')
  const first = await selected().getAttribute('aria-label')
  await cards().focus()
  await window.press('1')
  await expect(batch).toContainText('1 of 20 labelled')
  await expect(selected()).not.toHaveAccessibleName(first!)
  await batch.getByRole('button', { name: 'Next' }).click()
  await expect(batch).toContainText('0 of 20 labelled')
  await batch.getByRole('button', { name: 'All patches' }).click()
  await expect(batch).toBeHidden()
})

test('with features the suggestion is spread, and cards are put in order by likeness', async () => {
  test.setTimeout(240_000)
  const features = await window.stage('Features')
  await features.getByRole('button', { name: 'Add an encoder…' }).click()
  const dialog = window.page.getByRole('dialog', { name: 'Add an encoder' })
  await expect(dialog.getByText(/\d+ features of patches/)).toBeVisible()
  await dialog.getByRole('button', { name: 'Add', exact: true }).click()
  await expect(dialog).toBeHidden()
  await features.getByRole('button', { name: 'Extract features' }).click()
  await expect(features.getByText(/^672 patches have [\d,]+ features each\.$/)).toBeVisible({ timeout: 180_000 })
  await cards().getByRole('option').nth(3).click()
  const name = (await selected().getAttribute('aria-label'))!
  await order().selectOption('similar')
  await expect(cards().getByRole('option').first()).toHaveAccessibleName(name)
  await order().selectOption('diverse')
  await expect(counts()).not.toContainText('Putting them in order')
  await window.press('Shift+B')
  const batch = window.page.getByRole('group', { name: 'Suggested patches' })
  await expect(batch).toContainText('Of the 200 least certain patches')
})

test('axe finds nothing and nothing is cut, in light and in dark, at both sizes', async () => {
  for (const [width, height] of [
    [1280, 800],
    [1920, 1080],
  ] as const)
    for (const colorScheme of ['light', 'dark'] as const) {
      await window.page.setViewportSize({ width, height })
      await window.page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      await window.page.screenshot({ path: `test-results/gallery-${width}-${colorScheme}.png` })
      expect(await window.accessibilityProblems(), `${width} px, ${colorScheme}`).toEqual([])
      expect(await window.layoutProblems(), `${width} px, ${colorScheme}`).toEqual([])
    }
  await window.page.setViewportSize({ width: 1280, height: 800 })
})

test('the same key shows the slide alone again', async () => {
  await window.press('Shift+G')
  await expect(cards()).toBeHidden()
  await window.ready()
})
