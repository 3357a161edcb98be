/** Blinded reading: with names hidden, none is anywhere in the window; shown again, all are. */
import { readdirSync } from 'node:fs'
import path from 'node:path'
import { type Browser, expect, test } from '@playwright/test'
import type { TesseraWindow } from './tesseraWindow.ts'
import { launchBrowser, WebHost } from './webHost.ts'

test.describe.configure({ mode: 'serial' })

let browser: Browser
let host: WebHost
let window: TesseraWindow
/** The slide with a label, of which something can be exported. */
let labelled = ''

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

/** Names that must not be seen, wherever they stand: texts, tooltips, attributes, links. */
const NAMES = /pcam_composite_demo|CMU-1/i

async function expectNoName(where: string): Promise<void> {
  const found = await window.page.evaluate(
    (pattern) => new RegExp(`.{0,60}(?:${pattern}).{0,60}`, 'i').exec(document.documentElement.outerHTML)?.[0] ?? null,
    NAMES.source,
  )
  expect(found, where).toBeNull()
}

test('before, names are where one expects them', async () => {
  await expect(window.page.getByRole('option', { name: /pcam_composite_demo/ })).toBeVisible()
  await window.fit()
  await window.click([13, 11])
  await window.expectCounts({ tumor: 1 })
  labelled = (await window.viewer.getAttribute('data-slide'))!
  // a job and an export with a name in their titles, from before the names were hidden
  await window.press('Control+e')
  const dialog = window.page.getByRole('dialog', { name: 'Export' })
  await dialog.getByRole('button', { name: 'CSV' }).click()
  await expect(dialog.getByRole('link').first()).toBeVisible()
  await window.press('Escape')
})

test('hidden, no name is in any stage, dialog or list', async () => {
  await window.page.getByRole('button', { name: 'Hide the names of slides (blinded reading)' }).click()
  await expect(window.page.getByRole('option', { name: /^Slide 1/ })).toBeVisible()
  await expect(window.page.getByRole('option', { name: /^Slide 2/ })).toBeVisible()
  await expectNoName('the window')
  for (const stage of ['Label', 'Train', 'Review', 'Inspect', 'Results'] as const) {
    await window.stage(stage)
    await expectNoName(stage)
  }
  await expect(window.page.getByText('exported files keep the names of slides and cases')).toBeVisible()
  for (const slide of [/^Slide 1/, /^Slide 2/]) {
    await window.page.getByRole('option', { name: slide }).click()
    await window.ready()
    await window.press('Alt+p')
    const dialog = window.page.getByRole('dialog', { name: slide })
    await expect(dialog.getByText('Names are hidden')).toBeVisible()
    await expect(dialog.getByRole('button', { name: /^Show (label|macro)/ })).toHaveCount(0)
    await expectNoName('Properties')
    await window.press('Escape')
  }
  for (const keys of ['Control+k', 'Control+e', 'Control+j', 'Control+g', 'Shift+d']) {
    await window.press(keys)
    await expect(window.page.getByRole('dialog').first()).toBeVisible()
    await expectNoName(keys)
    await window.press('Escape')
    await expect(window.page.getByRole('dialog')).toHaveCount(0)
  }
  await window.press('Shift+V')
  await expect(window.page.locator('[data-second-ready="true"]')).toBeVisible()
  await expectNoName('two views')
  await window.press('Shift+V')
  await expect(window.page.getByRole('button', { name: 'Add slides' })).toBeDisabled()
})

test('a picture of the view is named after the number, an export after the slide, which the window does not say', async () => {
  await window.page.getByRole('option', { name: /^Slide 1/ }).click()
  await window.ready()
  if ((await window.viewer.getAttribute('data-slide')) !== labelled)
    await window.page.getByRole('option', { name: /^Slide 2/ }).click()
  await window.ready()
  await window.press('Shift+S')
  await expect(window.page.getByTestId('saved-picture').getByRole('link')).toHaveText(
    /^Slide [12] at \d+, \d+ px\.png$/,
  )
  await window.press('Control+e')
  const dialog = window.page.getByRole('dialog', { name: 'Export' })
  await dialog.getByRole('button', { name: 'CSV' }).click()
  const exported = dialog.getByRole('list', { name: 'Exported files' }).getByRole('listitem')
  await expect(exported.filter({ hasText: 'CSV of Slide' }).first().getByRole('link')).toBeVisible()
  await expect(exported.first().getByRole('link')).toBeVisible()
  await expectNoName('Export')
  await window.press('Escape')
  const files = readdirSync(path.join(host.project(), 'exports'))
  expect(files.filter((name) => NAMES.test(name) && name.endsWith('.csv'))).toHaveLength(2)
  expect(files.filter((name) => name.endsWith('.png') && NAMES.test(name))).toEqual([])
})

test('numbers stay the same after a restart, with no name for a moment, and names come back when they are shown', async () => {
  const open = await window.viewer.getAttribute('data-slide')
  const row = await window.page.getByRole('option', { selected: true }).innerText()
  const name = /Slide \d/.exec(row)![0]
  await window.page.reload()
  await window.ready()
  await expectNoName('after a reload')
  await window.page.getByRole('option', { name: new RegExp(`^${name}`) }).click()
  await window.ready()
  expect(await window.viewer.getAttribute('data-slide')).toBe(open)
  await window.page.getByRole('button', { name: /^Names are hidden/ }).click()
  await expect(window.page.getByRole('option', { name: /pcam_composite_demo/ })).toBeVisible()
  await expect(window.page.getByRole('option', { name: /CMU-1/ })).toBeVisible()
})
