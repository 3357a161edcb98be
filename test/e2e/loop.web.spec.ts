/** The whole loop in a real browser on the web host. The tests build on each other, as a person's morning does. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { type Browser, expect, test } from '@playwright/test'
import Database from 'better-sqlite3'
import { cellsOf } from './truth.ts'
import type { Cell, TesseraWindow } from './tesseraWindow.ts'
import { launchBrowser, WebHost } from './webHost.ts'

test.describe.configure({ mode: 'serial' })

let browser: Browser
let host: WebHost
let window: TesseraWindow

/** Labels as they lie on the disk, read by another program: [patch, class]. */
function onDisk(): [number, number][] {
  const sqlite = new Database(path.join(host.project(), 'project.sqlite'), { readonly: true })
  const labels = sqlite.prepare('SELECT patch, class FROM labels ORDER BY patch').raw().all() as [number, number][]
  sqlite.close()
  return labels
}

/** Steps in the log; undo is one like any other. */
function gestures(): number {
  const sqlite = new Database(path.join(host.project(), 'project.sqlite'), { readonly: true })
  const count = sqlite.prepare('SELECT count(*) FROM gestures').pluck().get() as number
  sqlite.close()
  return count
}

const patchOf = ([column, row]: Cell): number => row * 28 + column

test.beforeAll(async () => {
  host = new WebHost()
  await host.start()
  browser = await launchBrowser()
})

test.afterAll(async () => {
  await browser.close()
  await host.remove()
})

test.afterEach(async ({ browserName: _ }, info) => {
  if (info.status !== info.expectedStatus) await window.page.screenshot({ path: info.outputPath('window.png') })
  expect(window.complaints, 'nothing went wrong in the page').toEqual([])
})

test('a first start shows the mosaic, says what it is, and asks for the name once', async () => {
  window = await host.open(browser)
  await window.begin()
  await expect(
    window.page.getByText('Mosaic of real patches (PatchCamelyon, CC0), not a patient’s slide.').first(),
  ).toBeVisible()
  await expect(window.page.getByRole('option', { name: /CMU-1-Small-Region/ })).toBeVisible()
  expect(new URL(window.page.url()).search).toBe('')
  await window.page.reload()
  await window.ready()
  await expect(window.page.getByLabel('Your name')).toBeHidden()
})

test('a click labels the patch under the pointer, and it is on the disk when the count says so', async () => {
  await window.fit()
  const [cell] = cellsOf('tumor')
  await window.click(cell!)
  await window.expectCounts({ tumor: 1, normal: 0 })
  expect(onDisk()).toEqual([[patchOf(cell!), 1]])
})

test('a drag paints every patch it crosses, as one step', async () => {
  await window.drag([8, 12], [14, 12])
  await window.expectCounts({ tumor: 8 })
  await window.undo()
  await window.expectCounts({ tumor: 1 })
  await window.redo()
  await window.expectCounts({ tumor: 8 })
})

test('Shift-drag labels a rectangle; Alt and the right button erase', async () => {
  await window.choose('normal')
  // a rectangle takes the patches whose centre lies in it
  await window.drag([7.7, 13.7], [10.3, 16.3], { modifiers: ['Shift'] })
  await window.expectCounts({ tumor: 8, normal: 9 })
  await window.click([8, 14], { button: 'right' })
  await window.expectCounts({ normal: 8 })
  await window.click([9, 14], { modifiers: ['Alt'] })
  await window.expectCounts({ normal: 7 })
})

test('a digit makes its class active and labels the patch under the pointer; 0 clears it', async () => {
  await window.hover([20, 5])
  await window.press('1')
  await window.expectCounts({ tumor: 9 })
  await window.press('2')
  await window.expectCounts({ tumor: 8, normal: 8 })
  await window.press('0')
  await window.expectCounts({ normal: 7 })
})

test('undo goes on after the program was killed and started again, back to the first label', async () => {
  await window.page.close()
  await host.stop('SIGKILL')
  await host.start()
  window = await host.open(browser)
  await window.ready()
  await window.expectCounts({ tumor: 8, normal: 7 })
  // a click, a drag, a rectangle, two erasures, three digits; the undo and redo before count as what they left
  for (let step = 0; step < 8; step++) {
    const before = gestures()
    await window.undo()
    await expect.poll(gestures).toBe(before + 1)
  }
  await expect(window.page.getByRole('button', { name: /^Undo/ })).toBeDisabled()
  await window.expectCounts({ tumor: 0, normal: 0 })
  expect(onDisk()).toEqual([])
})

test('labels by clicking: twelve of each class', async () => {
  await window.fit()
  for (const [label, name] of [
    ['tumor', 'tumor'],
    ['normal', 'normal'],
  ] as const) {
    await window.choose(name)
    for (const cell of cellsOf(label).slice(0, 12)) await window.click(cell)
  }
  await window.expectCounts({ tumor: 12, normal: 12 })
  expect(onDisk()).toHaveLength(24)
})

test('training shows its held-out rule, its curves, and ends in a model with figures', async () => {
  await window.stage('Train')
  await expect(window.page.getByText('Held out by blocks of the slide')).toBeVisible()
  const train = await window.train(3)
  await expect(train.getByText('Balanced accuracy').first()).toBeVisible({ timeout: 60_000 })
  await expect(window.page.getByText(/Model 1/).first()).toBeVisible()
  await expect.poll(() => readdirSync(path.join(host.project(), 'models')).length, { timeout: 60_000 }).toBe(1)
})

test('a cell of the matrix shows the held-out patches it counts, and the viewer goes to them', async () => {
  const train = await window.stage('Train')
  const cell = train.getByRole('button', { name: /^Show \d+ of \d+ (tumor|normal) / }).first()
  const [, shown] = /^Show (\d+) of/.exec((await cell.getAttribute('aria-label'))!)!
  await cell.click()
  const review = window.page.getByRole('tabpanel', { name: 'Review' })
  await expect(review.getByText(`1 of ${shown} ·`)).toBeVisible()
  await expect(review.getByRole('img', { name: 'The patch', exact: true })).toBeVisible()
  await review.getByRole('button', { name: 'Back to predictions' }).click()
  await window.fit()
})

test('the model predicts the slide, and the overlay has its legend and numbers under the pointer', async () => {
  const results = await window.stage('Results')
  await results.getByRole('button', { name: 'Predict this slide' }).click()
  await expect(window.page.getByTestId('legend')).toBeVisible({ timeout: 60_000 })
  await expect
    .poll(
      () =>
        existsSync(path.join(host.project(), 'predictions')) &&
        readdirSync(path.join(host.project(), 'predictions')).some((file) => file.endsWith('.f32')),
      { timeout: 60_000 },
    )
    .toBe(true)
  await expect(results.getByText('mm²').first()).toBeVisible({ timeout: 60_000 })
})

test('the least certain patch comes first in review; Enter accepts, a digit corrects', async () => {
  const before = onDisk().length
  await window.stage('Review')
  await expect(window.page.getByRole('tabpanel', { name: 'Review' }).getByRole('img').first()).toBeVisible()
  await window.press('Enter')
  await expect.poll(() => onDisk().length).toBe(before + 1)
  await window.press('1')
  await expect.poll(() => onDisk().length).toBe(before + 2)
  const sqlite = new Database(path.join(host.project(), 'project.sqlite'), { readonly: true })
  const kinds = sqlite.prepare(`SELECT kind FROM gestures ORDER BY sequence DESC LIMIT 2`).pluck().all()
  sqlite.close()
  expect(kinds[1]).toBe('accept')
})

test('the export is a file in the project and a download', async () => {
  const results = await window.stage('Results')
  await results.getByRole('button', { name: 'CSV', exact: true }).click()
  const link = results.getByRole('link', { name: /\.csv/ })
  await expect(link).toBeVisible()
  const [download] = await Promise.all([window.page.waitForEvent('download'), link.click()])
  const text = readFileSync(await download.path(), 'utf8')
  expect(text.split('\r\n')[0]).toContain('slide,case,file,col,row,x,y,width,height,label')
  expect(text).toContain('prob_tumor')
  expect(readdirSync(path.join(host.project(), 'exports'))).toEqual([expect.stringMatching(/\.csv$/)])
})

test('axe finds nothing on any stage, in light and in dark', async () => {
  for (const scheme of ['light', 'dark'] as const) {
    await window.page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' })
    for (const stage of ['Label', 'Train', 'Review', 'Inspect', 'Results'] as const) {
      await window.stage(stage)
      expect(await window.accessibilityProblems(), `${stage}, ${scheme}`).toEqual([])
    }
  }
})
