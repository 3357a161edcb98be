/**
 * The built main bundle and preload under the stand-in for Electron, its window in a real Chromium. What only Electron
 * itself can show is listed in docs/testing.md.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type Browser, expect, test } from '@playwright/test'
import Database from 'better-sqlite3'
import { chromiumDriver, type ShownWindow } from '../standin/chromiumDriver.ts'
import * as electron from '../standin/electron.ts'
import { runBuilt } from '../standin/runBuilt.ts'
import { endUtilities } from '../standin/utility.ts'
import { TesseraWindow } from './tesseraWindow.ts'
import { cellsOf } from './truth.ts'
import { launchBrowser } from './webHost.ts'

test.describe.configure({ mode: 'serial' })

const root = path.resolve(import.meta.dirname, '../..')
let browser: Browser
let data: string
let shown: ShownWindow
let window: TesseraWindow

const fakeWindow = () => electron.recorded.windows[0]!

test.beforeAll(async () => {
  data = mkdtempSync(path.join(tmpdir(), 'tessera-standin-'))
  browser = await launchBrowser()
  electron.scene.driver = chromiumDriver(root, browser, electron, (each) => {
    shown = each
    window = new TesseraWindow(each.page)
  })
  process.argv = [process.execPath, root, '--data', data]
  process.env['TESSERA_STRICT'] = '1'
  await runBuilt(root)
  electron.becomeReady()
  await expect.poll(() => electron.recorded.windows[0]?.shown, { timeout: 30_000 }).toBe(true)
})

test.afterAll(async () => {
  await browser.close()
  endUtilities()
  rmSync(data, { recursive: true, force: true })
})

test('the window is locked down: sandbox, isolation, our pages only, no permissions', () => {
  expect(electron.recorded.sandboxed).toBe(true)
  expect(fakeWindow().options.webPreferences).toMatchObject({
    sandbox: true,
    contextIsolation: true,
    nodeIntegration: false,
    webSecurity: true,
    webviewTag: false,
  })
  expect(electron.recorded.schemes).toEqual([
    { scheme: 'app', privileges: expect.objectContaining({ standard: true, secure: true }) },
  ])
  const { webContents } = fakeWindow()
  for (const url of [
    'https://evil.example/',
    'app://bundle.evil/',
    'app://other/index.html',
    'file:///etc/passwd',
    'about:blank',
    'javascript:alert(1)',
  ])
    for (const kind of ['will-navigate', 'will-redirect'] as const)
      expect(webContents.tryNavigate(url, kind), `${kind} ${url}`).toBe(false)
  expect(webContents.tryNavigate('app://bundle/index.html#stage')).toBe(true)
  for (const url of ['file:///etc/passwd', 'https://evil.example/', 'http://arxiv.org/'])
    expect(webContents.openHandler!({ url })).toEqual({ action: 'deny' })
  expect(electron.recorded.external).toEqual([])
  expect(webContents.openHandler!({ url: 'https://arxiv.org/abs/1806.03962' })).toEqual({ action: 'deny' })
  expect(electron.recorded.external).toEqual(['https://arxiv.org/abs/1806.03962'])
  let granted: boolean | undefined
  electron.permissions.request!(webContents as never, 'media', (answer) => void (granted = answer), {} as never)
  expect(granted).toBe(false)
  expect(electron.permissions.check!(null, 'notifications', '', {} as never)).toBe(false)
})

test('the preload gives the page the wire and nothing else', async () => {
  const suspects = [
    'require',
    'module',
    'exports',
    'process',
    'Buffer',
    'global',
    '__dirname',
    'electron',
    'ipcRenderer',
    'tesseraWire',
  ]
  expect(await shown.page.evaluate((names) => names.filter((name) => name in globalThis), suspects)).toEqual([
    'tesseraWire',
  ])
  expect(
    await shown.page.evaluate(() =>
      Object.keys((globalThis as unknown as { tesseraWire: object }).tesseraWire).toSorted(),
    ),
  ).toEqual(['listen', 'post'])
})

test('labels by clicking in the built program reach the disk', async () => {
  await window.begin()
  await window.fit()
  const [cell] = cellsOf('tumor')
  await window.click(cell!)
  await window.expectCounts({ tumor: 1 })
  await window.press('Control+z')
  await window.expectCounts({ tumor: 0 })
  await window.press('Control+Shift+z')
  await window.expectCounts({ tumor: 1 })
  const sqlite = new Database(path.join(data, 'projects', 'Sample', 'project.sqlite'), { readonly: true })
  expect(sqlite.prepare('SELECT patch, class FROM labels').all()).toEqual([
    { patch: cell![1] * 28 + cell![0], class: 1 },
  ])
  sqlite.close()
  expect(window.complaints).toEqual([])
})

test('tiles come over their own port, not through the scheme of the window', () => {
  expect(
    shown.requests.filter(
      (pathname) => !/^\/(index\.html|assets\/|favicon|icon|exports\/)/.test(pathname) && pathname !== '/',
    ),
  ).toEqual([])
})

test('a message from a foreign frame is not heard', async () => {
  const before = await window.count('tumor')
  const evil = new electron.FakeFrame('https://evil.example/')
  electron.fromRenderer(fakeWindow(), 'wire', [{ t: 'call', id: 999, name: 'labels.undo', input: undefined }], evil)
  const child = new electron.FakeFrame('app://bundle/index.html')
  electron.fromRenderer(fakeWindow(), 'wire', [{ t: 'call', id: 1000, name: 'labels.undo', input: undefined }], child)
  await shown.page.waitForTimeout(300)
  expect(await window.count('tumor')).toBe(before)
})

test('the system dialog brings slides in, and the menu runs the same commands as the keys', async () => {
  electron.scene.chosenFiles = [path.join(root, 'resources', 'sample', 'patches', 'tumor')]
  await window.press('Control+o')
  await expect(window.page.getByText(/is a folder/).first()).toBeVisible()
  await expect
    .poll(() =>
      electron.recorded.menu?.some(
        (menu) => Array.isArray(menu.submenu) && menu.submenu.some((item) => item.id === 'labels.undo'),
      ),
    )
    .toBe(true)
  const undo = electron.recorded
    .menu!.flatMap((menu) => (menu.submenu as Electron.MenuItemConstructorOptions[] | undefined) ?? [])
    .find((item) => item.id === 'labels.undo')!
  ;(undo.click as () => void)()
  await window.expectCounts({ tumor: 0 })
})

test('train, predict and export run in processes of the built program', async () => {
  for (const label of ['tumor', 'normal'] as const) {
    await window.stage('Label')
    await window.choose(label)
    for (const cell of cellsOf(label).slice(0, 8)) await window.click(cell)
  }
  const train = await window.train(2)
  await expect(train.getByText('Balanced accuracy').first()).toBeVisible({ timeout: 60_000 })
  const results = await window.stage('Results')
  await results.getByRole('button', { name: 'Predict this slide' }).click()
  await expect(results.getByText('mm²').first()).toBeVisible({ timeout: 60_000 })
  await results.getByRole('button', { name: 'GeoJSON', exact: true }).click()
  await expect(results.getByText(/\.geojson/).first()).toBeVisible()
})

test('quitting stops the jobs first, frees the project, and then quits', async () => {
  fakeWindow().close()
  await expect.poll(() => electron.recorded.quit, { timeout: 20_000 }).toBe(true)
  const sqlite = new Database(path.join(data, 'projects', 'Sample', 'lock.sqlite'), { timeout: 0 })
  sqlite.exec('BEGIN EXCLUSIVE') // throws while somebody holds the lock
  sqlite.close()
})
