/** What the window promises beside the loop: where one is, classes, keys, commands, themes, pause and resume. One morning again. */
import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { type Browser, expect, type Locator, test } from '@playwright/test'
import { cellsOf } from './truth.ts'
import { MOSAIC, type TesseraWindow } from './tesseraWindow.ts'
import { launchBrowser, WebHost } from './webHost.ts'

test.describe.configure({ mode: 'serial' })

/** µm/px of the sample mosaic, as its file says. */
const MPP = 0.972

let browser: Browser
let host: WebHost
let window: TesseraWindow

test.beforeAll(async () => {
  host = new WebHost()
  const home = path.join(host.data, 'home')
  mkdirSync(home)
  host.environment = { HOME: home, USERPROFILE: home }
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

const classRow = (name: string): Locator =>
  window.page.getByRole('list', { name: 'Classes' }).getByRole('listitem').filter({ hasText: name })

test('the status bar says where the pointer is in level-0 px and in µm, and how fine the slide is', async () => {
  await window.fit()
  await window.hover([10, 20])
  const text = await window.page.getByTestId('position').innerText()
  const [, x, y, xUm, yUm, unit] = /^([\d,]+), ([\d,]+) px · ([\d.]+) [µm]+, ([\d.]+) ([µm]+)$/.exec(text) ?? []
  const number = (digits: string | undefined) => Number(digits?.replaceAll(',', ''))
  const middle = (cell: number) => (cell + 0.5) * MOSAIC.cell
  // a px of the screen is almost four of the slide
  expect(Math.abs(number(x) - middle(10)), text).toBeLessThan(5)
  expect(Math.abs(number(y) - middle(20)), text).toBeLessThan(5)
  expect(Math.abs(number(xUm) * (text.includes(`${xUm} mm`) ? 1000 : 1) - number(x) * MPP), text).toBeLessThan(6)
  expect(Math.abs(number(yUm) * (unit === 'mm' ? 1000 : 1) - number(y) * MPP), text).toBeLessThan(6)
  await expect(window.page.getByRole('button', { name: '0.972 µm/px (file)' })).toBeVisible()
})

test('1x to 40x show that magnification, the scale bar is as long as it says, and the overview frames what is seen', async () => {
  for (const times of [1, 5, 10, 20, 40]) {
    await window.page.getByRole('button', { name: `${times}x`, exact: true }).click()
    await expect(window.page.getByTestId('zoom')).toContainText(`${times}x ·`)
    await expect(window.page.getByRole('button', { name: `${times}x`, exact: true })).toHaveAttribute(
      'aria-pressed',
      'true',
    )
    const zoom = Number(await window.viewer.getAttribute('data-zoom'))
    const bar = window.page.locator('.scale .line')
    const [, length, unit] = /([\d.]+) (µm|mm)/.exec(await window.page.locator('.scale').innerText())!
    const micron = Number(length) * (unit === 'mm' ? 1000 : 1)
    expect(Math.abs((await bar.boundingBox())!.width - (micron / MPP) * zoom), `${times}x`).toBeLessThan(3)
  }
  const overview = window.page.getByTestId('overview')
  const small = (await overview.locator('.frame').boundingBox())!
  await window.fit()
  const large = (await overview.locator('.frame').boundingBox())!
  expect(large.width).toBeGreaterThan(5 * small.width)
  await window.page.getByRole('button', { name: '10x', exact: true }).click()
  await expect(window.page.getByTestId('zoom')).toContainText('10x ·')
  const box = (await overview.boundingBox())!
  // in the corner, the middle of the screen is not further from the edges of the slide than half the screen; the zoom
  // before may still be on its way, so the corner is asked for until it is there
  await expect
    .poll(async () => {
      await window.page.mouse.click(box.x + box.width - 4, box.y + 4)
      await window.hoverMiddle()
      const text = await window.page.getByTestId('position').innerText()
      const [x, y] = text.split(/, | px/).map((part) => Number(part.replaceAll(',', '')))
      return Math.max(MOSAIC.width - x!, y!)
    })
    .toBeLessThan(420)
})

test('holding Space pans with the Label tool in hand, and labels nothing', async () => {
  await window.fit()
  const left = await window.centreOf([14, 12])
  await window.page.mouse.move(left.x, left.y)
  await window.page.keyboard.down('Space')
  await window.page.mouse.down()
  await window.page.mouse.move(left.x + 120, left.y + 40, { steps: 6 })
  await window.page.mouse.up()
  await window.page.keyboard.up('Space')
  // the slide went with the hand: what was in the middle is under the pointer still
  const middle = 14.5 * MOSAIC.cell
  await expect
    .poll(async () => {
      await window.page.mouse.move(left.x + 121, left.y + 40)
      await window.page.mouse.move(left.x + 120, left.y + 40)
      return Number((await window.page.getByTestId('position').innerText()).split(', ')[0]!.replaceAll(',', ''))
    })
    .toBeGreaterThan(middle - 60)
  expect(
    Number((await window.page.getByTestId('position').innerText()).split(' ')[0]!.replaceAll(',', '')),
  ).toBeLessThan(middle + 60)
  await window.expectCounts({ tumor: 0, normal: 0 })
  await window.fit()
})

test('Backspace clears the label under the pointer', async () => {
  await window.hover([20, 5])
  await window.press('1')
  await window.expectCounts({ tumor: 1 })
  await window.press('Backspace')
  await window.expectCounts({ tumor: 0 })
})

test('a number out of range says what would do, stops nothing else, and gives way to the one in force', async () => {
  const label = await window.stage('Label')
  await label.getByRole('button', { name: 'Change…' }).click()
  const edge = label.getByRole('spinbutton', { name: 'Edge' })
  await edge.fill('192')
  await expect(label.getByText('14 × 12 = 168 patches')).toBeVisible()
  await edge.fill('1')
  await expect(edge).toHaveAttribute('aria-invalid', 'true')
  await expect(label.getByText('A whole number from 2 to 4,096')).toBeVisible()
  await label.getByRole('button', { name: 'Lay this grid' }).focus()
  await expect(edge).toHaveValue('192')
  await expect(label.getByText('A whole number from 2 to 4,096')).toBeHidden()
  await label.getByRole('button', { name: 'Cancel' }).click()
})

test('a class is added, renamed, recoloured, merged and deleted, each one step that undo takes back', async () => {
  await (await window.stage('Label')).getByLabel('Name of a new class').fill('stroma')
  await window.press('Enter')
  await expect(classRow('stroma')).toBeVisible()
  await window.fit()
  await window.click([2, 2])
  await window.expectCounts({ stroma: 1 })

  await window.classMenu('stroma', 'Rename')
  await window.page.keyboard.type('connective tissue')
  await window.press('Enter')
  await expect(classRow('connective tissue')).toBeVisible()

  await window.page.getByRole('button', { name: 'Colour of connective tissue' }).click()
  await window.page.getByRole('button', { name: '#009e73' }).click()
  await window.press('Escape')
  await expect(window.page.getByRole('button', { name: 'Colour of connective tissue' })).toHaveCSS(
    'background-color',
    'rgb(0, 158, 115)',
  )

  await window.classMenu('connective tissue', 'Merge into another…')
  const merge = window.page.getByRole('dialog', { name: 'Merge class' })
  await merge.getByRole('combobox', { name: 'Into' }).selectOption({ label: 'normal' })
  await merge.getByRole('button', { name: 'Merge' }).click()
  await window.expectCounts({ normal: 1 })
  await expect(classRow('connective tissue')).toHaveCount(0)
  await window.undo()
  await window.expectCounts({ 'connective tissue': 1, normal: 0 })

  await window.classMenu('connective tissue', 'Delete…')
  const remove = window.page.getByRole('dialog', { name: 'Delete class' })
  await expect(remove).toContainText('1 label of this class')
  await remove.getByRole('button', { name: 'Delete class and 1 label' }).click()
  await expect(classRow('connective tissue')).toHaveCount(0)
  await window.undo()
  await window.expectCounts({ 'connective tissue': 1 })
  // recolour, rename, label, add
  for (let step = 0; step < 4; step++) await window.undo()
  await expect(classRow('stroma')).toHaveCount(0)
  await window.expectCounts({ tumor: 0, normal: 0 })
})

test('a tenth class has no digit: it is reached by the palette, or by a letter that means nothing else', async () => {
  const label = await window.stage('Label')
  for (let i = 3; i <= 10; i++) {
    await label.getByLabel('Name of a new class').fill(`kind ${i}`)
    await window.press('Enter')
    await expect(classRow(`kind ${i}`)).toBeVisible()
  }
  await expect(classRow('kind 9').locator('kbd')).toHaveText('9')
  await expect(classRow('kind 10').locator('kbd')).toHaveCount(0)
  await window.choose('tumor')
  await window.command('Class kind 10')
  await expect(label.getByRole('button', { name: 'kind 10', exact: true })).toHaveAttribute('aria-pressed', 'true')

  await window.classMenu('kind 10', 'Give a key')
  await window.press('g')
  await expect(label.getByText(/G already means “Show or hide the grid”/)).toBeVisible()
  await window.press('q')
  await expect(classRow('kind 10').locator('kbd')).toHaveText('Q')
  await window.choose('tumor')
  await window.hover([3, 3])
  await window.press('q')
  await window.expectCounts({ 'kind 10': 1 })
  const colours = await label
    .getByRole('button', { name: /^Colour of/ })
    .evaluateAll((all) => all.map((each) => (each as HTMLElement).style.background))
  expect(new Set(colours).size).toBe(10)
  // the label, the key and eight classes
  for (let step = 0; step < 10; step++) await window.undo()
  await expect(classRow('kind 3')).toHaveCount(0)
})

test('Ctrl+K and Ctrl+L open all commands, with their keys; a word finds one and Enter runs it', async () => {
  for (const key of ['Control+k', 'Control+l']) {
    await window.press(key)
    await expect(window.page.getByRole('dialog', { name: 'All commands' })).toBeVisible()
    await window.press('Escape')
  }
  const grid = window.page.getByRole('button', { name: 'Grid', exact: true })
  await expect(grid).toHaveAttribute('aria-pressed', 'true')
  await window.command('Show or hide the grid')
  await expect(grid).not.toHaveAttribute('aria-pressed', 'true')
  await window.press('g')
  await expect(grid).toHaveAttribute('aria-pressed', 'true')
})

test('a key given to another command works at once, shows in the palette, and is kept', async () => {
  await window.press('F1')
  const keys = window.page.getByRole('dialog', { name: 'Keys' })
  await keys.getByRole('button', { name: /^Key of Fit the slide/ }).click()
  await window.press('h')
  await expect(keys.getByRole('button', { name: 'Key of Fit the slide: H' })).toBeVisible()
  await keys.getByRole('button', { name: 'Done' }).click()
  await window.page.getByRole('button', { name: '20x', exact: true }).click()
  await expect(window.page.getByTestId('zoom')).toContainText('20x')
  await window.press('h')
  await expect.poll(async () => Number(await window.viewer.getAttribute('data-zoom'))).toBeLessThan(0.6)
  await window.page.reload()
  await window.ready()
  await window.press('Control+k')
  await window.page.getByRole('textbox', { name: 'Command' }).fill('Fit the slide')
  await expect(window.page.getByRole('option', { name: /Fit the slide/ }).locator('kbd')).toHaveText('H')
  await window.press('Escape')
})

test('the theme follows the system until one is chosen, and the choice is kept', async () => {
  const ground = () => window.page.evaluate(() => getComputedStyle(document.body).backgroundColor)
  await window.page.emulateMedia({ colorScheme: 'dark' })
  const dark = await ground()
  await window.page.emulateMedia({ colorScheme: 'light' })
  const light = await ground()
  expect(light).not.toBe(dark)
  await window.command('Theme: dark')
  await expect.poll(ground).toBe(dark)
  await window.page.reload()
  await window.ready()
  await expect.poll(ground).toBe(dark)
  await window.command('Theme: as the system')
  await expect.poll(ground).toBe(light)
})

test('the window is used by keyboard alone: to the slide, a patch, its label, another stage and back', async () => {
  await window.page.mouse.move(2, 2)
  await window.page.getByRole('listbox', { name: 'Slides' }).focus()
  await window.press('ArrowDown')
  await expect(window.page.getByRole('option', { name: /CMU-1/ })).toHaveAttribute('aria-selected', 'true')
  await window.press('ArrowUp')
  await window.ready()
  await window.page.getByRole('tab', { name: 'Label' }).focus()
  await window.press('ArrowRight')
  await expect(window.page.getByRole('tabpanel', { name: 'Train' })).toBeVisible()
  await window.press('ArrowLeft')
  await expect(window.page.getByRole('tabpanel', { name: 'Label' })).toBeVisible()
  await window.viewer.focus()
  await window.press('ArrowRight')
  await window.press('ArrowDown')
  await window.press('1')
  await window.expectCounts({ tumor: 1 })
  await window.press('0')
  await window.expectCounts({ tumor: 0 })
})

test('undo of a gesture on another slide goes there', async () => {
  await window.fit()
  await window.choose('tumor')
  await window.click([10, 10])
  await window.expectCounts({ tumor: 1 })
  await window.page.getByRole('option', { name: /CMU-1/ }).click()
  await window.ready()
  await window.undo()
  await expect(window.page.getByRole('option', { name: /pcam_composite_demo/ })).toHaveAttribute(
    'aria-selected',
    'true',
  )
  await window.expectCounts({ tumor: 0 })
  await window.ready()
})

test('a dropped file is answered with a list to choose it from, because a browser does not tell where it lies', async () => {
  await window.page.evaluate(() => {
    const data = new DataTransfer()
    data.items.add(new File(['II*'], 'case 7.svs'))
    document
      .querySelector('main')!
      .dispatchEvent(new DragEvent('drop', { bubbles: true, cancelable: true, dataTransfer: data }))
  })
  await expect(window.page.getByRole('dialog', { name: 'Add slides' })).toContainText('“case 7.svs”')
  await window.press('Escape')
})

test('a training is paused, resumed and cancelled; its rate and what is left are shown while it runs', async () => {
  await window.fit()
  for (const label of ['tumor', 'normal'] as const) {
    await window.choose(label)
    for (const cell of cellsOf(label).slice(0, 12)) await window.click(cell)
  }
  const train = await window.stage('Train')
  await train.getByRole('button', { name: 'More settings' }).click()
  await train.getByRole('button', { name: /^End and model/ }).click()
  for (const setting of ['Learning rate', 'Patches per step', 'Seed'])
    await expect(train.getByRole('spinbutton', { name: setting })).toBeVisible()
  for (const network of ['Tessera S', 'Tessera M', 'Small VGG', 'Small ResNet', 'Small Inception'])
    await expect(train.getByRole('radio', { name: new RegExp(network) })).toBeEnabled()
  await expect(train.getByRole('radio', { name: /^ResNet-50/ })).toBeHidden()
  await train.getByRole('button', { name: '17 more networks, from papers' }).click()
  await expect(train.getByRole('radio', { name: /^ResNet-50/ })).toBeEnabled()
  // large enough that its search is still on its way when it is stopped
  await train.getByRole('radio', { name: /^ResNet-18/ }).click()
  await train.getByRole('button', { name: 'Find a learning rate' }).click()
  await expect(train.getByRole('img', { name: /^Loss\. batch [\d.]+ at rate/ })).toBeVisible({ timeout: 60_000 })
  // its curve grows by real steps; its end, and the rate it suggests, are looked at over made-up data in scenes
  await train.getByRole('button', { name: 'Stop' }).click()
  await expect(train.getByRole('button', { name: 'Find a learning rate' })).toBeVisible()
  await train.getByRole('button', { name: 'Only the recommended networks' }).click()
  await train.getByRole('button', { name: /^Varied patches/ }).click()
  await expect(
    train.getByRole('region', { name: 'As the network sees a patch' }).getByRole('img', { name: /^Version/ }),
  ).toHaveCount(8, { timeout: 30_000 })
  await train.getByRole('radio', { name: /^Small VGG/ }).click()
  await train.getByRole('button', { name: 'Edit layers…' }).click()
  const layers = window.page.getByRole('dialog', { name: 'Edit layers' })
  await layers.getByRole('button', { name: /^stem1 convolution/ }).click()
  await layers.getByRole('spinbutton', { name: 'Filters' }).fill('8')
  await layers.getByRole('button', { name: 'Use these layers' }).click()
  await expect(train.getByRole('radio', { name: /Small VGG, changed/ })).toBeChecked()
  await train.getByRole('spinbutton', { name: 'minutes' }).fill('5')
  await train.getByRole('button', { name: 'Train', exact: true }).click()
  await expect(train.getByText(/patches\/s/).first()).toBeVisible({ timeout: 60_000 })
  await expect(train.getByText(/\d:\d\d left/).first()).toBeVisible()
  // the curve grows on the canvas it has: a new one with every point holds the window up
  const accuracy = train.getByRole('img', { name: /^Accuracy/ })
  const canvas = await accuracy.locator('canvas').elementHandle()
  const said = await accuracy.getAttribute('aria-label')
  await expect(accuracy).not.toHaveAttribute('aria-label', said!, { timeout: 30_000 })
  expect(await canvas.evaluate((element) => element.isConnected)).toBe(true)
  await train.getByRole('button', { name: 'Pause' }).click()
  await expect(train.getByRole('button', { name: 'Resume' })).toBeVisible({ timeout: 20_000 })
  await train.getByRole('button', { name: 'Resume' }).click()
  await expect(train.getByRole('button', { name: 'Pause' })).toBeVisible({ timeout: 20_000 })
  await train.getByRole('button', { name: 'Cancel' }).click()
  await expect(window.page.getByTestId('jobs')).toContainText('No jobs', { timeout: 20_000 })
  await expect(train.getByRole('list', { name: 'All runs' })).toContainText('cancelled')
})

test('hovering a predicted patch says its probability; the threshold moves the counts; the class map has its own legend', async () => {
  await (await window.stage('Train')).getByRole('button', { name: /^New training/ }).click()
  await window.train(2)
  const results = await window.stage('Results')
  await results.getByRole('button', { name: 'Predict this slide' }).click()
  await expect(results.getByRole('button', { name: 'Predict again' })).toBeEnabled({ timeout: 60_000 })
  await window.fit()
  await window.hover([14, 12])
  await expect(window.page.locator('footer.status')).toContainText(/predicted (tumor|normal) (0\.\d\d|1\.00)/)
  const tumour = async () =>
    Number(
      (
        await results.getByTestId('summary').getByRole('row', { name: /tumor/ }).getByRole('cell').nth(1).innerText()
      ).replaceAll(',', ''),
    )
  await results.getByRole('slider', { name: 'Threshold' }).focus()
  await window.press('Home')
  await expect(results.getByTestId('threshold')).toHaveText('0.00')
  await expect.poll(tumour).toBe(MOSAIC.columns * MOSAIC.rows)
  await window.press('End')
  await expect.poll(tumour).toBeLessThan(MOSAIC.columns * MOSAIC.rows)
  await expect(window.page.getByTestId('legend')).toHaveAttribute('aria-label', 'Probability of tumor')
  await results.getByRole('radio', { name: 'Class' }).click()
  await expect(window.page.getByTestId('legend')).toHaveAttribute('aria-label', 'Predicted class')
})

test('the model is exported as weights and card, and the overlay as a picture', async () => {
  const results = await window.stage('Results')
  for (const [format, file] of [
    ['Model', /\.onnx$/],
    ['PNG', /\.png$/],
  ] as const) {
    await results.getByRole('button', { name: format, exact: true }).click()
    await expect(results.getByRole('link', { name: file })).toBeVisible({ timeout: 30_000 })
  }
  await expect(results.getByRole('link', { name: /\.card\.json$/ })).toBeVisible()
  // the folder they lie in is said once
  await expect(results.getByText(path.join(host.project(), 'exports'))).toHaveCount(1)
})

test('axe finds nothing in the dialogs, in light and in dark', async () => {
  const dialogs: [name: string, open: () => Promise<unknown>][] = [
    ['All commands', () => window.press('Control+k')],
    ['Keys', () => window.press('F1')],
    ['pcam_composite_demo', () => window.press('Alt+p')],
    ['Export', () => window.press('Control+e')],
    ['Projects', () => window.press('Control+Shift+o')],
  ]
  for (const colorScheme of ['light', 'dark'] as const) {
    await window.page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    for (const [name, open] of dialogs) {
      await open()
      await expect(window.page.getByRole('dialog', { name })).toBeVisible()
      expect(await window.accessibilityProblems(), `${name}, ${colorScheme}`).toEqual([])
      await window.press('Escape')
    }
  }
})
