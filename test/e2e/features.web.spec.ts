/** The Features stage: an encoder is added, features are extracted, written as HDF5 and taken over again. */
import { cpSync, mkdirSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { type Browser, expect, type Locator, test } from '@playwright/test'
import { shippedModelsFolder } from '../../src-main/host/resources.ts'
import type { TesseraWindow } from './tesseraWindow.ts'
import { launchBrowser, WebHost } from './webHost.ts'

test.describe.configure({ mode: 'serial' })

let browser: Browser
let host: WebHost
let window: TesseraWindow
let panel: Locator
let home: string

test.beforeAll(async () => {
  host = new WebHost()
  home = path.join(host.data, 'home')
  mkdirSync(home)
  // without its card's words it is a file of another program: what it expects is not said
  cpSync(path.join(shippedModelsFolder, 'lymph-node.onnx'), path.join(home, 'mine.onnx'))
  host.environment = { HOME: home, USERPROFILE: home }
  await host.start()
  browser = await launchBrowser()
  window = await host.open(browser)
  await window.begin()
  panel = await window.stage('Features')
})

test.afterAll(async () => {
  await browser.close()
  await host.stop()
})

const add = async () => {
  await panel.getByRole('button', { name: 'Add an encoder…' }).click()
  return window.page.getByRole('dialog', { name: 'Add an encoder' })
}

test('the encoder that comes with Tessera is added after a trial run, and encodes what is open', async () => {
  const dialog = await add()
  await expect(dialog.getByText(/\d+ features of patches of 96 px/)).toBeVisible()
  await dialog.getByRole('button', { name: 'Add', exact: true }).click()
  await expect(dialog).toBeHidden()
  await expect(panel.getByText('What is open has no features by this encoder yet.')).toBeVisible()
  await panel.getByRole('button', { name: 'Extract features' }).click()
  await expect(panel.getByText(/^672 patches have [\d,]+ features each\.$/)).toBeVisible({ timeout: 90_000 })
})

test('features are written as HDF5, and taken over again for the same slide', async () => {
  await panel.getByRole('button', { name: 'As HDF5' }).click()
  const exports = path.join(host.project(), 'exports')
  await expect.poll(() => readdirSync(exports)).toContain('pcam_composite_demo.h5')
  cpSync(path.join(exports, 'pcam_composite_demo.h5'), path.join(home, 'theirs.h5'))
  await panel.getByRole('button', { name: 'From HDF5…' }).click()
  await window.page.getByRole('option', { name: /theirs/ }).dblclick()
  await expect(panel.getByText(/^672 patches have [\d,]+ features each\.$/)).toBeVisible()
  await expect(panel.getByLabel('Encoder').getByRole('option')).toHaveCount(1)
})

test('a layer of a model is another encoder; asked for again it is the one that is there', async () => {
  for (const expected of [2, 2]) {
    const dialog = await add()
    await dialog.getByRole('radio', { name: 'An ONNX file' }).click()
    await dialog.getByRole('button', { name: 'Choose an ONNX file…' }).click()
    await window.page.getByRole('option', { name: /mine/ }).dblclick()
    await dialog.getByLabel('Value with the features').fill('stem1_relu')
    await dialog.getByRole('button', { name: 'Add', exact: true }).click()
    await expect(dialog).toBeHidden()
    await expect(panel.getByLabel('Encoder').getByRole('option')).toHaveCount(expected)
  }
})

test('what does not fit is said in the dialog, and what was written stays', async () => {
  const dialog = await add()
  await dialog.getByRole('radio', { name: 'An ONNX file' }).click()
  await dialog.getByRole('button', { name: 'Choose an ONNX file…' }).click()
  await window.page.getByRole('option', { name: /mine/ }).dblclick()
  await dialog.getByLabel('It is').selectOption('H-optimus-0')
  await expect(dialog.getByLabel('Mean')).toHaveValue('0.707223, 0.578729, 0.703617')
  await dialog.getByRole('button', { name: 'Add', exact: true }).click()
  await expect(dialog.getByText(/its card says how patches are given to it/)).toBeVisible()
  await expect(dialog.getByLabel('Deviation')).toHaveValue('0.211883, 0.230117, 0.177517')
  await dialog.getByLabel('Mean').fill('pink')
  await expect(dialog.getByText(/Mean and deviation are numbers/)).toBeVisible()
  await expect(dialog.getByRole('button', { name: 'Add', exact: true })).toBeDisabled()
})
