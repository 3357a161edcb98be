/** Looking inside a model that comes with the program, on the patches of the sample slide, in a real browser. */
import { type Browser, expect, type Locator, test } from '@playwright/test'
import { cellsOf } from './truth.ts'
import type { TesseraWindow } from './tesseraWindow.ts'
import { launchBrowser, WebHost } from './webHost.ts'

test.describe.configure({ mode: 'serial' })

let browser: Browser
let host: WebHost
let window: TesseraWindow

const pane = (): Locator => window.page.getByRole('region', { name: 'Inside the network' })
const view = (name: string): Locator => window.page.getByRole('tabpanel', { name })
const tab = (name: string): Promise<void> => pane().getByRole('tab', { name }).click()

/** Different colours on a canvas: an empty or evenly coloured one has one. */
const colours = (canvas: Locator): Promise<number> =>
  canvas.evaluate((element: HTMLCanvasElement) => {
    const { data } = element.getContext('2d')!.getImageData(0, 0, element.width, element.height)
    return new Set(new Uint32Array(data.buffer)).size
  })
/** rows and columns of the first layer’s maps */
const EDGE = 48
const number = (text: string): number => Number(text.replaceAll('−', '-').replaceAll(',', ''))

test.beforeAll(async () => {
  host = new WebHost()
  await host.start()
  browser = await launchBrowser()
  window = await host.open(browser)
  await window.begin()
  const inspect = await window.stage('Inspect')
  await inspect.getByRole('button', { name: /^Add to the project/ }).click()
  await expect(inspect.getByRole('button', { name: 'Look inside…' })).toBeEnabled()
})

test.afterAll(async () => {
  await browser.close()
  await host.remove()
})

test.afterEach(async ({ browserName: _ }, info) => {
  if (info.status !== info.expectedStatus) await window.page.screenshot({ path: info.outputPath('window.png') })
  expect(window.complaints, 'nothing went wrong in the page').toEqual([])
})

test('Ctrl+I looks inside the model, on the patch under the pointer', async () => {
  await window.fit()
  const [cell] = cellsOf('tumor')
  await window.hover(cell!)
  await window.press('Control+i')
  await expect(pane()).toBeVisible()
  await expect(pane().getByText(`Patch in column ${cell![0] + 1}, row ${cell![1] + 1} of`)).toBeVisible()
  const bars = pane().getByRole('list', { name: 'Probabilities' })
  await expect(bars).toBeVisible()
  expect(await colours(pane().getByRole('img', { name: 'The patch, as the network is shown it' }))).toBeGreaterThan(100)
})

test('the diagram has every layer with its shape, window, cost and reach, and what dense layers would cost', async () => {
  const layers = view('Layers').getByRole('list', { name: 'Layers of the network' }).getByRole('listitem')
  expect(await layers.count()).toBeGreaterThan(40)
  await expect(layers.first()).toContainText('3 × 96 × 96')
  await expect(layers.nth(1)).toContainText(
    /3 × 3, step 2, padding 1 · 432 parameters · .* multiply-adds · sees 3 px = 2\.9 µm/,
  )
  await expect(layers.nth(1).getByTestId('fully-connected')).toContainText('1,019,215,872 weights')
  const filters = view('Layers').getByRole('region', { name: 'First filters' }).getByRole('img')
  await expect(filters).toHaveCount(16)
  expect(await colours(filters.first())).toBeGreaterThan(3)
})

test('a press on a layer shows its maps, channel by channel', async () => {
  const layers = view('Layers').getByRole('list', { name: 'Layers of the network' })
  await layers.getByRole('button').first().click()
  const maps = view('Feature maps').getByRole('list').getByRole('button')
  await expect(maps).toHaveCount(16)
  await maps.nth(4).click()
  await expect(pane().getByText(/, channel 5$/)).toBeVisible()
  const large = pane().getByRole('img', { name: 'Channel 5, large' })
  await expect(large).toBeVisible()
  expect(await colours(large)).toBeGreaterThan(20)
  await window.press('.')
  await expect(maps.nth(5)).toHaveAttribute('aria-pressed', 'true')
})

test('what speaks for a class is shown over the patch with a legend, by three methods', async () => {
  await tab('What speaks for a class')
  const panel = view('What speaks for a class')
  for (const [method, caption] of [
    ['Occlusion', /^Probability of .* lost when covered$/],
    ['Grad-CAM', /^Grad-CAM for/],
    ['Gradient × input', /^Gradient × input for/],
  ] as const) {
    await panel.getByRole('radio', { name: method }).click()
    await expect(panel.getByRole('figure', { name: caption })).toBeVisible({ timeout: 30_000 })
    expect(await colours(panel.getByRole('img', { name: /overlay$/ }))).toBeGreaterThan(5)
  }
})

test('the numbers of one window add up, for any place one presses', async () => {
  await tab('One window')
  const panel = view('One window')
  const numbers = panel.getByTestId('window-numbers')
  for (const at of [0.3, 0.7]) {
    const map = panel.getByRole('group', { name: /choose a place/ })
    const box = (await map.boundingBox())!
    await map.click({ position: { x: at * box.width, y: at * box.height } })
    await expect(panel.getByRole('spinbutton', { name: 'Row' })).toHaveValue(String(Math.floor(at * EDGE) + 1))
    const place = Math.floor(at * EDGE) + 1
    await expect(numbers.getByText(`Row ${place}, column ${place}`)).toBeVisible()
    const cells = async (table: number) =>
      (await numbers.getByRole('table').nth(table).getByRole('cell').allInnerTexts()).map(number)
    const [input, weights, products] = [await cells(0), await cells(1), await cells(2)]
    for (const [tap, product] of products.entries()) expect(product).toBeCloseTo(input[tap]! * weights[tap]!, 1)
    const sum = number(/sum (\S+)/.exec(await numbers.getByRole('figure').nth(2).innerText())![1]!)
    expect(products.reduce((all, each) => all + each, 0)).toBeCloseTo(sum, 1)
  }
  await panel.getByRole('group', { name: /choose a place/ }).press('ArrowRight')
  await expect(panel.getByRole('spinbutton', { name: 'Column' })).toHaveValue(String(Math.floor(0.7 * EDGE) + 2))
})

test('the patches that excite a channel most are found over the whole slide, and pressed to be looked at', async () => {
  await tab('Strongest patches')
  const panel = view('Strongest patches')
  await panel.getByRole('button', { name: 'Look through the patches of this slide' }).click()
  await expect(panel.getByRole('button', { name: 'Look again' })).toBeVisible({ timeout: 60_000 })
  const most = panel.getByRole('region', { name: 'Most' }).getByRole('button')
  await expect(most).toHaveCount(12)
  const values = (await panel.getByRole('region', { name: 'Most' }).locator('.number').allInnerTexts()).map(number)
  expect(values).toEqual(values.toSorted((a, b) => b - a))
  const least = (await panel.getByRole('region', { name: 'Least' }).locator('.number').allInnerTexts()).map(number)
  expect(Math.max(...least)).toBeLessThanOrEqual(Math.min(...values))
  const title = await most.nth(2).getAttribute('title')
  await most.nth(2).click()
  await expect(most.nth(2)).toHaveAttribute('aria-pressed', 'true')
  const patch = Number(title!.replace(/\D/g, '')) - 1
  await expect(
    pane().getByText(`Patch in column ${(patch % 28) + 1}, row ${Math.floor(patch / 28) + 1} of`),
  ).toBeVisible()
})

test('nothing is cut, and a screen reader can use all of it', async () => {
  for (const name of ['Layers', 'Feature maps', 'What speaks for a class', 'One window', 'Strongest patches']) {
    await tab(name)
    await expect(view(name)).toBeVisible()
    expect(await window.layoutProblems(), name).toEqual([])
    expect(await window.accessibilityProblems(), name).toEqual([])
  }
})

test('Esc goes back to the slide', async () => {
  await window.press('Escape')
  await expect(pane()).toBeHidden()
  await window.ready()
})
