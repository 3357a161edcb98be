/** The reasons of a patch, patches like it, and labels in doubt, on the sample project: asked, followed, corrected, undone. */
import path from 'node:path'
import { type Browser, expect, type Locator, test } from '@playwright/test'
import Database from 'better-sqlite3'
import type { Cell, TesseraWindow } from './tesseraWindow.ts'
import { cellsOf } from './truth.ts'
import { launchBrowser, WebHost } from './webHost.ts'

test.describe.configure({ mode: 'serial' })
test.setTimeout(240_000)

let browser: Browser
let host: WebHost
let window: TesseraWindow
let features: Locator

/** Labels on the disk, by class. */
function onDisk(): { tumor: number; normal: number } {
  const sqlite = new Database(path.join(host.project(), 'project.sqlite'), { readonly: true })
  const rows = sqlite.prepare('SELECT class, count(*) AS count FROM labels GROUP BY class').all() as {
    class: number
    count: number
  }[]
  sqlite.close()
  const of = (number: number) => rows.find((row) => row.class === number)?.count ?? 0
  return { tumor: of(1), normal: of(2) }
}

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

const EACH = 30
const tumour = cellsOf('tumor')
const normal = cellsOf('normal')
const nearest = (): Locator => features.getByRole('list', { name: 'Nearest labelled patches' })
const alike = (): Locator => features.getByRole('list', { name: 'Patches like it' })

async function label(cells: readonly Cell[], className: string): Promise<void> {
  await window.stage('Label')
  await window.choose(className)
  for (const cell of cells) await window.click(cell)
}

/** What a designer and axe say, in both schemes and at both sizes. */
async function expectSound(where: string): Promise<void> {
  const shots = process.env['TESSERA_SHOTS']
  for (const [width, height] of [
    [1280, 800],
    [1920, 1080],
  ] as const)
    for (const colorScheme of ['light', 'dark'] as const) {
      await window.page.setViewportSize({ width, height })
      await window.page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      await window.page.waitForTimeout(300)
      if (shots) await window.page.screenshot({ path: path.join(shots, `${where}-${width}-${colorScheme}.png`) })
      expect(await window.layoutProblems(), `${where}, ${width} px, ${colorScheme}`).toEqual([])
      expect(await window.accessibilityProblems(), `axe on ${where}, ${width} px, ${colorScheme}`).toEqual([])
    }
  await window.page.setViewportSize({ width: 1280, height: 800 })
  await window.page.emulateMedia({ colorScheme: 'light' })
  await window.fit()
  // Keys belong to the window again, not to the button.
  await window.page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur())
}

test('a pressed patch says what is missing: features first, then labels', async () => {
  await window.fit()
  features = await window.stage('Features')
  await features.getByRole('button', { name: 'Add an encoder…' }).click()
  const dialog = window.page.getByRole('dialog', { name: 'Add an encoder' })
  await dialog.getByRole('button', { name: 'Add', exact: true }).click()
  await expect(dialog).toBeHidden()
  await expect(features.getByText('Press a patch on the slide')).toBeVisible()
  await window.press('v')
  await window.click(normal[0]!)
  await expect(features.getByText('have no features by this encoder yet')).toBeVisible()
  await features.getByRole('button', { name: 'Extract features' }).click()
  await expect(features.getByText('No patch with features has a label yet.')).toBeVisible({ timeout: 120_000 })
  await expect(features.getByText('672 patches have')).toBeVisible({ timeout: 120_000 })
})

test('the nearest labels follow each label that is given, with the votes of their classes', async () => {
  await window.press('b')
  await label(tumour.slice(0, 1), 'tumor')
  features = await window.stage('Features')
  await expect(features.getByText('Only one patch with features has a label')).toBeVisible()
  await label(tumour.slice(1, EACH), 'tumor')
  await label(normal.slice(1, EACH + 1), 'normal')
  await expect.poll(onDisk).toEqual({ tumor: EACH, normal: EACH })
  await window.press('v')
  features = await window.stage('Features')
  await window.click(tumour[60]!)
  await expect(nearest().getByRole('button')).toHaveCount(12)
  await features.getByRole('button', { name: 'Show all 20' }).click()
  await expect(nearest().getByRole('button')).toHaveCount(20)
  await features.getByRole('button', { name: 'Show the nearest 12' }).click()
  await expect(features.getByText('Its 20 nearest of 60 labels')).toBeVisible()
  await expect(nearest().getByRole('button').first()).toHaveAccessibleName(
    /^1: (tumor|normal) ?, distance \d\.\d\d ?, pcam_composite_demo$/,
  )
  await expectSound('neighbours')
})

test('a press on a neighbour flies there; the question stays', async () => {
  const before = await window.viewer.getAttribute('data-zoom')
  const names = await nearest().getByRole('button').allInnerTexts()
  await nearest().getByRole('button').nth(2).click()
  await expect.poll(() => window.viewer.getAttribute('data-zoom')).not.toBe(before)
  expect(await nearest().getByRole('button').allInnerTexts()).toEqual(names)
  await window.fit()
})

test('patches like it are found from the keyboard, labelled card by card with class keys, one undo step each', async () => {
  await window.press('Escape')
  await window.press('Shift+J')
  await expect(alike().getByRole('button')).toHaveCount(48)
  await expect(alike().getByRole('button').first()).toBeFocused()
  const before = onDisk()
  const buttons = alike().getByRole('button')
  const at = (await buttons.allInnerTexts()).findIndex((text) => text.includes('no label'))
  const card = buttons.nth(at)
  await window.page.mouse.move(5, 300)
  await card.focus()
  await window.press('1')
  await expect(card).toBeFocused()
  await expect(card).toContainText('tumor')
  await expect.poll(onDisk).toEqual({ ...before, tumor: before.tumor + 1 })
  await window.press('ArrowRight')
  await expect(buttons.nth(at + 1)).toBeFocused()
  await expectSound('alike')
  await window.undo()
  await expect.poll(onDisk).toEqual(before)
  await features.getByRole('button', { name: 'Find more' }).click()
  await expect(alike().getByRole('button')).toHaveCount(96)
  await features.getByRole('button', { name: 'Put these patches away' }).click()
  await expect(alike()).toBeHidden()
})

test('a label turned round is found by its neighbours; Enter corrects it, undo brings it back, K keeps it for the session', async () => {
  await window.press('b')
  await window.fit()
  await label([tumour[2]!], 'normal')
  const before = { tumor: EACH - 1, normal: EACH + 1 }
  await expect.poll(onDisk).toEqual(before)
  features = await window.stage('Features')
  await features.getByRole('button', { name: 'Disagree with their neighbours' }).click()
  const review = window.page.getByRole('tabpanel', { name: 'Review' })
  await expect(review.getByText(/of 60 labels disagrees? with the nearest other labels/)).toBeVisible()
  const why = review.getByText(/^Labelled \w+; \d+ % of its nearest labels are not, most are \w+\.$/)
  await expect(why).toBeVisible()
  const wasNormal = (await why.innerText()).startsWith('Labelled normal')
  await expect(review.getByRole('list', { name: 'Its nearest labelled patches' }).getByRole('button')).toHaveCount(12)
  await expectSound('doubts')
  await window.press('Enter')
  const more = wasNormal ? 1 : -1
  await expect.poll(onDisk).toEqual({ tumor: before.tumor + more, normal: before.normal - more })
  await expect(review.getByText('1 corrected')).toBeVisible()
  await window.undo()
  await expect.poll(onDisk).toEqual(before)
  await expect(review.getByText('0 corrected')).toBeVisible()
  await window.press('k')
  await expect(review.getByText('1 kept')).toBeVisible()
  expect(onDisk()).toEqual(before)
  const listed = Number(/of (\d+) ·/.exec(await review.locator('.foot').innerText())![1])
  await review.getByRole('button', { name: 'Gather the patches again' }).click()
  if (listed > 1) await expect(review.locator('.foot')).toContainText(`of ${listed - 1} ·`)
  else await expect(review.getByText('No label disagrees with its neighbours here.')).toBeVisible()
})

test('labels with the highest loss are those the model finds least probable', async () => {
  const inspect = await window.stage('Inspect')
  await inspect.getByRole('button', { name: /^Add to the project/ }).click()
  await expect(inspect.getByRole('combobox', { name: 'Model' })).toBeVisible()
  const results = await window.stage('Results')
  await window.press('Control+p')
  await expect(results.getByText(/^672/).first()).toBeVisible({ timeout: 120_000 })
  features = await window.stage('Features')
  await features.getByRole('button', { name: 'Highest loss' }).click()
  const review = window.page.getByRole('tabpanel', { name: 'Review' })
  await expect(review.getByText(/^Labelled \w+; the model gives that 0\.\d\d: a loss of \d+\.\d\d\.$/)).toBeVisible()
  await expectSound('loss')
})

test('another encoder, and features older than a corrected µm/px, are said in place of an answer', async () => {
  features = await window.stage('Features')
  await expect(nearest().getByRole('button')).toHaveCount(12)
  await features.getByRole('button', { name: 'Add an encoder…' }).click()
  const dialog = window.page.getByRole('dialog', { name: 'Add an encoder' })
  await dialog.getByRole('radio', { name: 'A model' }).click()
  await dialog.getByRole('button', { name: 'Add', exact: true }).click()
  await expect(dialog).toBeHidden()
  await expect(features.getByText('have no features by this encoder yet')).toBeVisible()
  await expect(nearest()).toBeHidden()
  await features.getByRole('combobox', { name: 'Encoder' }).selectOption({ index: 0 })
  await expect(nearest().getByRole('button')).toHaveCount(12)
  await window.press('Escape')
  await window.page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur())
  await window.press('Alt+p')
  await window.page.getByRole('button', { name: 'Change…' }).click()
  await window.page.getByRole('spinbutton', { name: 'One pixel is' }).fill('0.9')
  await window.page.getByRole('button', { name: 'Save' }).click()
  await expect(features.getByText(/The µm\/px of the slide was corrected/).first()).toBeVisible()
  await expect(features.getByText('Features of 1 slide or set are out of date and are not searched.')).toBeVisible()
  await expect(nearest()).toBeHidden()
})
