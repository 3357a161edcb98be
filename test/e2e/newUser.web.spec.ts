/**
 * A new user's script: from the first start to the first label, the first trained model
 * and the first export, counted in presses of the mouse and keys, and timed. The presses are a promise; the seconds depend
 * on the machine and are only written down.
 */
import { type Browser, expect, test } from '@playwright/test'
import { cellsOf } from './truth.ts'
import type { TesseraWindow } from './tesseraWindow.ts'
import { launchBrowser, WebHost } from './webHost.ts'

/** Ten patches of each of two classes, as the first steps ask for. */
const EACH = 10

let browser: Browser
let host: WebHost

test.beforeAll(async () => {
  host = new WebHost()
  await host.start()
  browser = await launchBrowser()
})

test.afterAll(async () => {
  await browser.close()
  await host.remove()
})

/** Counts what a hand does, in the page itself: every press of a button of the mouse, every key but those of a name. */
async function countPresses(window: TesseraWindow): Promise<() => Promise<number>> {
  await window.page.evaluate(() => {
    const counted = { presses: 0 }
    Object.assign(globalThis, { counted })
    addEventListener('pointerdown', () => counted.presses++, { capture: true })
    addEventListener(
      'keydown',
      (event) => {
        if (!(event.target instanceof HTMLInputElement)) counted.presses++
      },
      { capture: true },
    )
  })
  return () => window.page.evaluate(() => (globalThis as unknown as { counted: { presses: number } }).counted.presses)
}

test('first label in 2 presses, 20 labels to a model in 23, to an export in 2 more, and the list of first steps ticks itself', async ({
  browserName: _,
}, info) => {
  const window = await host.open(browser)
  const { page } = window
  await expect(page.getByLabel('Your name')).toBeVisible()
  const presses = await countPresses(window)
  const started = Date.now()
  const marks: { what: string; presses: number; seconds: number }[] = []
  const mark = async (what: string): Promise<void> => {
    marks.push({ what, presses: await presses(), seconds: Math.round((Date.now() - started) / 100) / 10 })
  }
  const step = (text: string | RegExp) =>
    page.getByRole('region', { name: 'First steps' }).getByRole('listitem').filter({ hasText: text })

  // as it is after the first start: the name has the cursor, the mosaic is large enough to be read, tumor is in hand
  await page.keyboard.type('Anna Berg')
  await page.getByRole('button', { name: 'Begin' }).click()
  await window.ready()
  await window.hoverMiddle()
  await page.mouse.down()
  await page.mouse.up()
  await window.expectCounts({ tumor: 1 })
  await mark('first label')
  expect(marks.at(-1)!.presses).toBe(2)

  // the label in the middle was for trying; the whole slide shows where what is
  await window.undo()
  await window.fit()
  const beforeLabels = await presses()
  for (const cell of cellsOf('tumor').slice(0, EACH)) await window.click(cell)
  await window.choose('normal')
  for (const cell of cellsOf('normal').slice(0, EACH)) await window.click(cell)
  await window.expectCounts({ tumor: EACH, normal: EACH })
  await expect(step('Label 10 tumor')).toContainText('(done)')
  const train = await window.stage('Train')
  // the minutes of the preset are not waited for here; no press
  await train.getByRole('spinbutton', { name: 'minutes' }).fill('0.5')
  await train.getByRole('button', { name: 'Train', exact: true }).click()
  // 20 labels, the other class, the stage, the button
  expect((await presses()) - beforeLabels).toBe(2 * EACH + 3)
  await expect(train.getByRole('button', { name: 'Predict this slide' })).toBeVisible({ timeout: 100_000 })
  await mark('first model')
  await expect(step('Train a model')).toContainText('(done)')

  const beforeExport = await presses()
  await train.getByRole('button', { name: 'Predict this slide' }).click()
  const results = page.getByRole('tabpanel', { name: 'Results' })
  await expect(step('See its predictions')).toContainText('(done)', { timeout: 60_000 })
  await expect(page.getByTestId('legend')).toBeVisible()
  await expect(results.getByRole('button', { name: 'Predict again' })).toHaveJSProperty('disabled', false, {
    timeout: 60_000,
  })
  await results.getByRole('button', { name: 'GeoJSON', exact: true }).click()
  await expect(results.getByRole('link', { name: /\.geojson/ })).toBeVisible({ timeout: 30_000 })
  expect((await presses()) - beforeExport).toBe(2)
  await mark('first export')
  await expect(step('Export')).toContainText('(done)')

  await window.stage('Review')
  await page.getByRole('button', { name: /^Accept (tumor|normal)/ }).waitFor()
  for (let corrected = 0; corrected < 3; corrected++) {
    const predicted = await page.getByRole('button', { name: /^Accept (tumor|normal)/ }).innerText()
    await window.press(predicted.includes('tumor') ? '2' : '1')
    await expect(step('Correct 3 patches')).toContainText(corrected === 2 ? '(done)' : `${corrected + 1} of 3`)
  }
  expect(window.complaints).toEqual([])

  // what is ticked stays ticked: it is read from the project, not remembered by the window
  await page.close()
  await host.stop('SIGKILL')
  await host.start()
  const again = await host.open(browser)
  await again.ready()
  const list = again.page.getByRole('region', { name: 'First steps' })
  await expect(list.getByText('(to do)')).toHaveCount(0)
  await list.getByRole('button', { name: 'Put away for ever' }).click()
  await again.page.reload()
  await again.ready()
  await expect(list).toBeHidden()

  const table = marks.map((each) => `${each.what}: ${each.presses} presses, ${each.seconds} s`).join('; ')
  console.log(`new user: ${table}`)
  await info.attach('new user', { body: JSON.stringify(marks, null, 2), contentType: 'application/json' })
})
