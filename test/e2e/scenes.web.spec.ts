/**
 * Every stage and dialog of the window in worlds that are empty, full, broken or locked: nothing is cut or runs out of the
 * window, and axe finds nothing. Full = 2,000 slides, 1,000,000 patches, 40 classes, names of 80 characters.
 */
import { type Browser, expect, test } from '@playwright/test'
import { STAGES } from '../../src-renderer/stores/window.ts'
import { trainingPreset } from '../../src-shared/trainingPresets.ts'
import { FakeWindowHost, type Look, type SceneName } from './fakeWindow.ts'
import type { TesseraWindow } from './tesseraWindow.ts'
import { launchBrowser } from './webHost.ts'

// a million patches are made up, drawn and looked through by axe in one page
test.setTimeout(300_000)
// Every test has a page of its own over made-up data, so two can go on at once.
test.describe.configure({ mode: 'parallel' })

let browser: Browser
let host: FakeWindowHost

test.beforeAll(async () => {
  browser = await launchBrowser()
  host = new FakeWindowHost()
  await host.start()
})

test.afterAll(async () => {
  await browser.close()
  await host.remove()
})

const TITLES = {
  label: 'Label',
  train: 'Train',
  features: 'Features',
  review: 'Review',
  inspect: 'Inspect',
  results: 'Results',
} as const

async function expectSound(window: TesseraWindow, where: string): Promise<void> {
  expect.soft(await window.layoutProblems(), `layout of ${where}`).toEqual([])
  expect.soft(await window.accessibilityProblems(), `axe on ${where}`).toEqual([])
}

const looks: [SceneName, Look][] = [
  ['full', { scheme: 'light' }],
  ['full', { width: 1920, height: 1080, scheme: 'dark' }],
  ['empty', { scheme: 'dark' }],
  ['failing', { scheme: 'dark' }],
  ['readonly', { scheme: 'light' }],
]

for (const [scene, look] of looks)
  test(`${scene}, ${look.scheme}, ${look.width ?? 1280} px wide: every stage is whole and axe finds nothing`, async () => {
    const window = await host.open(browser, scene, look)
    for (const stage of STAGES) {
      const panel = await window.stage(TITLES[stage])
      if (scene === 'full' && stage === 'train') {
        await panel.getByRole('button', { name: /^New training/ }).click()
        await panel.getByRole('button', { name: /: choose$/ }).click()
        await panel.getByRole('button', { name: /more networks, from papers$/ }).click()
        await panel.getByRole('button', { name: 'More settings' }).click()
        for (const group of ['Varied patches', 'Optimiser', 'Classes and targets', 'End and model'])
          await panel.getByRole('button', { name: new RegExp(`^${group}`) }).click()
      }
      await window.page.waitForTimeout(600)
      await expectSound(window, `${scene}, ${stage}`)
    }
    await window.page.context().close()
  })

for (const [scene, scheme] of [
  ['sets', 'light'],
  ['setsLost', 'dark'],
] as const)
  test(`${scene}, ${scheme}: the gallery of a patch set is whole and axe finds nothing`, async () => {
    const window = await host.open(browser, scene, { scheme })
    await window.page.getByRole('option', { name: /^lymph nodes/ }).click()
    const shown = scene === 'sets' ? /^Patch 1,/ : /Patch set not found/
    await window.page.getByRole(scene === 'sets' ? 'option' : 'heading', { name: shown }).waitFor()
    await window.page.waitForTimeout(600)
    await expectSound(window, `${scene}, gallery`)
    await window.page.context().close()
  })

test('no project, a broken one, and the first start are whole and axe finds nothing', async () => {
  for (const scene of ['none', 'first'] as const)
    for (const scheme of ['light', 'dark'] as const) {
      const window = await host.open(browser, scene, { scheme })
      await window.page.waitForTimeout(400)
      await expectSound(window, `${scene}, ${scheme}`)
      await window.page.context().close()
    }
})

/** How each dialog is opened, and what it is called. */
const dialogs: [name: string | RegExp, open: (window: TesseraWindow) => Promise<unknown>][] = [
  ['All commands', (window) => window.press('Control+k')],
  ['Keys', (window) => window.press('F1')],
  ['Projects', (window) => window.press('Control+Shift+o')],
  ['Add slides', (window) => window.press('Control+o')],
  ['Export', (window) => window.press('Control+e')],
  [/TCGA-XK-AAJU|case-0001/, (window) => window.press('Alt+p')],
  ['Cases (patients)', (window) => window.command('Cases')],
  ['About Tessera', (window) => window.command('About')],
  ['Choose a model', (window) => window.command('Import a model')],
  ['Import labels', (window) => window.command('Import labels')],
  ['Device', (window) => window.command('Device')],
  ['Merge class', (window) => window.classMenu('(Class 2:|normal)', 'Merge into another…')],
  ['Delete class', (window) => window.classMenu('(Class 2:|normal)', 'Delete…')],
  ['µm/px', (window) => window.page.getByRole('option', { name: /0004/ }).click()],
]

for (const [scene, scheme] of [
  ['full', 'light'],
  ['troubled', 'dark'],
] as const)
  test(`every dialog of a project that is ${scene}, in ${scheme}, is whole, axe finds nothing, and Esc closes it`, async () => {
    const window = await host.open(browser, scene, { scheme })
    await window.page.locator('[data-ready="true"]').waitFor()
    for (const [name, open] of dialogs) {
      await open(window)
      if (name === 'µm/px') await (await window.stage('Label')).getByRole('button', { name: 'Say µm/px…' }).click()
      const dialog = window.page.getByRole('dialog', { name })
      await expect(dialog).toBeVisible()
      await window.page.waitForTimeout(200)
      await expectSound(window, `dialog ${name}`)
      await window.press('Escape')
      await expect(dialog).toBeHidden()
    }
    await window.page.context().close()
  })

test('the menu of forty classes scrolls inside the window, and so many names stay inside the legend', async () => {
  const window = await host.open(browser, 'full')
  await window.page.locator('[data-ready="true"]').waitFor()
  const results = await window.stage('Results')
  await results.getByRole('radio', { name: 'Class' }).click()
  await expect(window.page.getByTestId('legend').getByRole('listitem')).toHaveCount(12)
  await window.page.getByRole('button', { name: /^Active class/ }).click()
  await expect(window.page.getByRole('menuitem')).toHaveCount(40)
  await expectSound(window, 'the menu of classes')
  await window.page.context().close()
})

test('review of a slide without predictions says so and offers to predict it', async () => {
  const window = await host.open(browser, 'full')
  await window.page.locator('[data-ready="true"]').waitFor()
  const review = await window.stage('Review')
  await window.page.getByRole('option', { name: /_0008/ }).click()
  await expect(review.getByText('This slide has no predictions of Model 1 yet.')).toBeVisible()
  await expect(review.getByRole('button', { name: 'Predict this slide' })).toBeEnabled()
  await window.page.context().close()
})

test('a ready-made model is in the project after one press, and can predict', async () => {
  const window = await host.open(browser, 'sample')
  const results = await window.stage('Results')
  await results.getByRole('button', { name: 'Add to the project: Lymph node metastases' }).click()
  await expect(results.getByRole('combobox', { name: 'Model' })).toHaveText('Lymph node metastases')
  // taking a model is not training one
  await expect(window.page.getByText('Train a model (to do)')).toBeVisible()
  await expect(results.getByRole('button', { name: 'Predict this slide' })).toBeEnabled()
  const inspect = await window.stage('Inspect')
  await expect(inspect.getByRole('button', { name: /^Add to the project/ })).toBeHidden()
  await window.page.context().close()
})

test('the curves of a training are drawn in the ink of the theme, also when the system changes it', async () => {
  const window = await host.open(browser, 'trained', { scheme: 'light' })
  const train = await window.stage('Train')
  /** The mean brightness of what is drawn in the first chart, 0 to 255. */
  const ink = () =>
    train
      .locator('canvas')
      .first()
      .evaluate((canvas: HTMLCanvasElement) => {
        const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height)
        let [sum, weight] = [0, 0]
        for (let i = 0; i < data.length; i += 4) {
          sum += data[i + 3]! * data[i + 1]!
          weight += data[i + 3]!
        }
        return weight === 0 ? null : sum / weight
      })
  await expect.poll(ink).not.toBeNull()
  const light = (await ink())!
  await window.page.emulateMedia({ colorScheme: 'dark' })
  await expect.poll(ink).not.toBeCloseTo(light, 0)
  await window.page.emulateMedia({ colorScheme: 'light' })
  await expect.poll(ink).toBeCloseTo(light, 0)
  await window.page.context().close()
})

test('a preset fills in what comes below it; a change turns it to own settings, and it can be gone back to', async () => {
  for (const scheme of ['light', 'dark'] as const) {
    const window = await host.open(browser, 'labelled', { scheme })
    const train = await window.stage('Train')
    const presets = train.getByRole('radiogroup', { name: 'Preset' })
    await expect(presets.getByRole('radio', { name: /^Fast/ })).toBeChecked()
    await expect(train.getByRole('spinbutton', { name: 'minutes' })).toHaveValue(
      String(trainingPreset('fast', 'tissue').minutes),
    )
    await presets.getByRole('radio', { name: /^Balanced/ }).click()
    await expect(train.getByRole('spinbutton', { name: 'minutes' })).toHaveValue(
      String(trainingPreset('balanced', 'tissue').minutes),
    )
    await expectSound(window, `a preset, ${scheme}`)
    await train.getByRole('radio', { name: /^Small VGG/ }).click()
    await expect(presets.getByRole('radio', { name: /^Own settings/ })).toBeChecked()
    await expect(train.getByText('As Balanced, changed: network.')).toBeVisible()
    await expectSound(window, `a preset that was changed, ${scheme}`)
    await train.getByRole('button', { name: 'Back to Balanced' }).click()
    await expect(presets.getByRole('radio', { name: /^Balanced/ })).toBeChecked()
    await window.page.context().close()
  }
})

test('a learning rate is looked for, its curve and the suggestion are shown, and it is taken with one press', async () => {
  for (const scheme of ['light', 'dark'] as const) {
    const window = await host.open(browser, 'labelled', { scheme })
    const train = await window.stage('Train')
    await train.getByRole('button', { name: 'More settings' }).click()
    await train.getByRole('button', { name: 'Find a learning rate' }).click()
    await train.getByRole('button', { name: 'Use 0.001' }).click()
    await expect(train.getByRole('spinbutton', { name: 'Learning rate' })).toHaveValue('0.001')
    await expect(train.getByRole('img', { name: /^Loss\. batch .* at rate 1;/ })).toBeVisible()
    await expectSound(window, `a found rate, ${scheme}`)
    await train.getByRole('button', { name: 'Reset to defaults' }).click()
    await expect(train.getByRole('spinbutton', { name: 'Learning rate' })).toHaveValue('0.002')
    await expect(train.getByRole('button', { name: 'Reset to defaults' })).toBeHidden()
    await window.page.context().close()
  }
})

test('eight versions of a labelled patch change with a setting, and another patch is another patch', async () => {
  const window = await host.open(browser, 'labelled')
  const train = await window.stage('Train')
  await train.getByRole('button', { name: 'More settings' }).click()
  await train.getByRole('button', { name: /^Varied patches/ }).click()
  const strip = train.getByRole('region', { name: 'As the network sees a patch' })
  await expect(strip.getByRole('img')).toHaveCount(8)
  const drawn = () =>
    strip.getByRole('img').evaluateAll((all) => all.map((each) => (each as HTMLCanvasElement).toDataURL()).join())
  let before = await drawn()
  await train.getByRole('slider', { name: 'Vary the colours' }).press('End')
  await expect.poll(drawn).not.toBe(before)
  before = await drawn()
  await strip.getByRole('button', { name: 'Another patch' }).click()
  await expect.poll(drawn).not.toBe(before)
  await window.page.context().close()
})

test('a training begins with an earlier model, in folds, and two models become one', async () => {
  const window = await host.open(browser, 'trained', { scheme: 'dark' })
  const train = await window.stage('Train')
  await train.getByRole('button', { name: /^New training/ }).click()
  await train.getByRole('combobox', { name: 'Begin with' }).selectOption('Model 1')
  await train.getByRole('combobox', { name: 'Layers left as they are' }).selectOption({ index: 1 })
  await expect(train.getByRole('radiogroup', { name: 'Network' })).toBeHidden()
  await train.getByRole('button', { name: 'Change', exact: true }).click()
  await train.getByRole('switch', { name: /^Hold out every patch once/ }).click()
  await train.getByRole('spinbutton', { name: 'Folds' }).fill('3')
  await expectSound(window, 'fine-tuning in folds')
  await train.getByRole('button', { name: 'Train', exact: true }).click()
  await expect(train.getByText('Figures appear when all folds are done.')).toBeVisible()
  await expect(train.getByRole('button', { name: 'Card…' })).toBeVisible({ timeout: 60_000 })
  const inspect = await window.stage('Inspect')
  await inspect.getByRole('button', { name: 'Ensemble' }).click()
  for (const name of ['Model 1', 'Model 2']) await inspect.getByRole('checkbox', { name: new RegExp(name) }).check()
  await expectSound(window, 'an ensemble chosen')
  await inspect.getByRole('button', { name: 'Average 2 models' }).click()
  await expect(inspect.getByRole('combobox', { name: 'Model' }).locator('option:checked')).toHaveText(
    'Mean of Model 2, Model 1',
  )
  await window.page.context().close()
})

test('layers are added, moved, changed and taken away; what does not fit says why; they are trained and looked at', async () => {
  for (const scheme of ['light', 'dark'] as const) {
    const window = await host.open(browser, 'trained', { scheme })
    const train = await window.stage('Train')
    await train.getByRole('button', { name: /^New training/ }).click()
    await train.getByRole('button', { name: 'Edit layers…' }).click()
    const dialog = window.page.getByRole('dialog', { name: 'Edit layers' })
    const row = (name: string) => dialog.getByRole('row').filter({ has: window.page.getByRole('button', { name }) })
    await expect(row('conv1 convolution')).toContainText('32 × 96 × 96')
    await expect(dialog.getByText(/^about [\d.]+ MB$/)).toBeVisible()
    await expectSound(window, `layers to change, ${scheme}`)

    await dialog.getByRole('button', { name: 'conv1 convolution' }).click()
    await dialog.getByRole('spinbutton', { name: 'Filters' }).fill('8')
    await expect(row('conv1 convolution')).toContainText('8 × 96 × 96')
    // 8 · 3 · 3²
    await expect(row('conv1 convolution')).toContainText('216')
    await dialog.getByRole('combobox', { name: 'Kind of layer to add' }).selectOption('dense')
    await dialog.getByRole('button', { name: 'Add below' }).click()
    const alert = dialog.getByRole('alert').filter({ hasText: 'layer “dense1” needs' })
    await expect(alert).toBeVisible()
    await expect(dialog.getByRole('button', { name: 'Use these layers' })).toBeDisabled()
    await expectSound(window, `layers that do not fit, ${scheme}`)
    await dialog.getByRole('button', { name: 'Take back' }).click()
    await expect(alert).toBeHidden()

    await dialog.getByRole('combobox', { name: 'Kind of layer to add' }).selectOption('squeeze-excitation')
    await dialog.getByRole('button', { name: 'Add below' }).click()
    await dialog.getByRole('button', { name: 'Move down' }).click()
    const names = await dialog.getByRole('row').allInnerTexts()
    expect(names.findIndex((each) => each.startsWith('squeeze_excitation1'))).toBe(4)
    await dialog.getByRole('button', { name: 'Remove' }).click()

    await dialog.getByRole('radio', { name: 'JSON' }).click()
    const json = dialog.getByRole('textbox', { name: 'Network as JSON' })
    await dialog.getByRole('button', { name: 'Copy' }).click()
    expect(await window.page.evaluate(() => navigator.clipboard.readText())).toBe(await json.inputValue())
    await json.fill((await json.inputValue()).replace('Tessera S, changed', 'eight filters'))
    await dialog.getByRole('button', { name: 'Take this network' }).click()
    await json.fill('{ "name": "none" }')
    await dialog.getByRole('button', { name: 'Take this network' }).click()
    await expect(dialog.getByRole('alert')).toContainText('layers')
    await expectSound(window, `layers as JSON, ${scheme}`)
    await dialog.getByRole('button', { name: 'Use these layers' }).click()
    await expect(train.getByRole('radio', { name: /^eight filters/ })).toBeChecked()
    await train.getByRole('button', { name: 'Train', exact: true }).click()
    await expect(train.getByRole('button', { name: 'Card…' })).toBeVisible()

    const inspect = await window.stage('Inspect')
    await inspect.getByRole('button', { name: 'Shapes, cost and JSON…' }).click()
    const layers = window.page.getByRole('dialog', { name: 'Layers of eight filters' })
    await expect(layers.getByRole('row').filter({ hasText: 'conv1' })).toContainText('216')
    await expect(layers.getByRole('button', { name: 'Use these layers' })).toHaveCount(0)
    await expectSound(window, `layers to read, ${scheme}`)
    await window.press('Escape')
    await expect(layers).toBeHidden()
    await window.page.context().close()
  }
})

test('closing the layer editor asks before changes are thrown away, and Esc out of the question goes back to them', async () => {
  const window = await host.open(browser, 'labelled')
  const train = await window.stage('Train')
  const dialog = window.page.getByRole('dialog', { name: 'Edit layers' })
  const open = async () => {
    await train.getByRole('button', { name: 'Edit layers…' }).click()
    await dialog.getByRole('button', { name: 'Add below' }).waitFor()
  }
  const question = dialog.getByText('The changes to these layers are not in use yet.')
  await open()
  await window.press('Escape')
  await expect(dialog).toBeHidden() // nothing was changed

  await open()
  await dialog.getByRole('button', { name: 'Add below' }).click()
  await window.press('Escape')
  await expect(question).toBeVisible()
  await expect(dialog.getByRole('button', { name: 'Go on editing' })).toBeFocused()
  await expectSound(window, 'the question about changed layers')
  await window.press('Escape')
  await expect(question).toBeHidden()
  await dialog.getByRole('button', { name: 'Close', exact: true }).click()
  await dialog.getByRole('button', { name: 'Throw them away' }).click()
  await expect(dialog).toBeHidden()

  await open()
  await dialog.getByRole('radio', { name: 'JSON' }).click()
  await dialog.getByRole('textbox', { name: 'Network as JSON' }).fill('{}')
  await dialog.getByRole('button', { name: 'Cancel' }).click()
  await expect(question).toBeVisible()
  await window.page.context().close()
})

test('a cell of the confusion matrix shows the patches it counts, from Train and from Inspect', async () => {
  for (const scheme of ['light', 'dark'] as const) {
    const window = await host.open(browser, 'trained', { scheme })
    const train = await window.stage('Train')
    const cell = train.getByRole('button', { name: /^Show .* normal taken for tumor/ })
    const [, shown] = /^Show ([\d,]+) of/.exec((await cell.getAttribute('aria-label'))!)!
    await cell.click()
    const review = window.page.getByRole('tabpanel', { name: 'Review' })
    await expect(review.getByText(`${shown} normal taken for tumor, held out of Model 1`)).toBeVisible()
    await expect(
      review.getByText('Labelled normal for this training, which held it out and took it for tumor.'),
    ).toBeVisible()
    await expect(review.getByText(`1 of ${shown} ·`)).toBeVisible()
    await expectSound(window, `held-out patches, ${scheme}`)
    await window.press('ArrowRight')
    await expect(review.getByText(`2 of ${shown} ·`)).toBeVisible()
    await review.getByRole('button', { name: 'Back to predictions' }).click()
    await expect(review.getByRole('combobox', { name: 'Order' })).toBeVisible()

    const inspect = await window.stage('Inspect')
    await expectSound(window, `the matrix in Inspect, ${scheme}`)
    await inspect.getByRole('button', { name: /^[\d,]+ of [\d,]+ patches$/ }).click()
    await expect(review.getByText(/misread, held out of Model 1/)).toBeVisible()
    await window.page.context().close()
  }
})

test('the device is chosen where what each self-test said can be read, and one can be tested', async () => {
  const window = await host.open(browser, 'labelled', { scheme: 'dark' })
  await window.page.getByRole('button', { name: /^Device: CPU/ }).click()
  const dialog = window.page.getByRole('dialog', { name: 'Device' })
  await expect(dialog.getByText(/^WebGPU does not compute/)).toContainText('DEVICE_WRONG')
  await dialog.getByRole('combobox', { name: 'Device for networks' }).selectOption('webgpu')
  await expect(dialog.getByText(/the CPU does the work\.$/).first()).toBeVisible()
  await dialog.getByRole('switch', { name: /^Go on on the CPU/ }).click()
  await expectSound(window, 'a device that is refused')
  await dialog.getByRole('button', { name: 'Test WebGPU' }).click()
  await expect(dialog.getByText(/^passed its self-test/)).toBeVisible()
  await expect(dialog.getByText('DEVICE_WRONG')).toBeHidden()
  await window.press('Escape')
  await expect(window.page.getByRole('button', { name: 'Device: WebGPU' })).toBeVisible()
  const train = await window.stage('Train')
  await train.getByRole('button', { name: 'More settings' }).click()
  await expect(train.getByText('Device: WebGPU')).toBeVisible()
  await window.page.context().close()
})

test('an error stands where it happened, says what to do, and its details can be copied', async () => {
  const window = await host.open(browser, 'failing')
  await window.page.locator('[data-ready="true"]').waitFor()
  await window.hoverMiddle()
  await window.press('1')
  const alert = window.page.getByRole('alert').filter({ hasText: 'DISK_FULL' })
  await expect(alert).toContainText('The disk is full')
  await expect(alert).toContainText('Free some space')
  await alert.getByRole('button', { name: 'Copy details' }).click()
  await expect(alert.getByRole('button', { name: 'Copied' })).toBeVisible()
  const copied = JSON.parse(await window.page.evaluate(() => navigator.clipboard.readText())) as Record<string, unknown>
  expect(copied).toMatchObject({ code: 'DISK_FULL', data: { file: 'project.sqlite' } })
  await alert.getByRole('button', { name: 'Put away' }).click()
  await expect(alert).toBeHidden()
  await window.page.context().close()
})

test('with forty classes every one can be given in review', async () => {
  const window = await host.open(browser, 'full')
  await window.page.locator('[data-ready="true"]').waitFor()
  const review = await window.stage('Review')
  await review.getByRole('button', { name: /^Accept Class/ }).waitFor({ timeout: 30_000 })
  const chosen = review.getByRole('combobox', { name: 'Another class' })
  await chosen.selectOption({ label: await chosen.locator('option').last().innerText() })
  await expect(review.getByText('0 accepted, 1 corrected')).toBeVisible()
  await window.page.context().close()
})

test('in a project that can only be read, a press on the slide pans and the tools that change it are off', async () => {
  const window = await host.open(browser, 'readonly')
  await window.page.locator('[data-ready="true"]').waitFor()
  const tools = window.page.getByRole('group', { name: 'Tools' })
  await expect(tools.locator('[data-tool="label"]')).toHaveAttribute('aria-disabled', 'true')
  await expect(tools.locator('[data-tool="pan"]')).toHaveAttribute('aria-pressed', 'true')
  const labels = await window.count('tumor')
  await window.hoverMiddle()
  await window.page.mouse.down()
  await window.page.mouse.up()
  await window.press('2')
  expect(await window.count('tumor')).toBe(labels)
  await window.page.context().close()
})
